"""`python -m sandbox.chaos.flag_trials`: kills of a feature flag while something goes wrong, seeded; the verdict and
every trial in out/chaos/flags.json.

In each trial the flag is on, and then a kill and an `up` write at the same time: the guard dies (SIGKILL at a random
instant), the provider dies, or only the answers of the API server are lost. A kill is lost when its writer
was told that it stands, or the journal has it, and the flag is on after the next `up`; every version of the document is
watched, and none may turn the flag on again once it was off.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lightkube import Client
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Namespace

from sandbox import world
from sandbox.chaos.faults import Fault, Kind
from sandbox.chaos.flag_writers import WRITE_TAKES, DoomedWriter, FlagSet, Kill, Redeclare
from sandbox.chaos.proxy import ApiProxy
from sandbox.errors import SandboxError
from sandbox.paths import PROJECT, state_paths
from sandbox.pki import Pki
from sandbox.progress import reporter
from slipway.release.flags.declaring import Declaration, after_declaration
from slipway.release.flags.journal import Author, Change, after_change
from slipway.release.flags.load import parse
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.platforms.kubernetes.client import connect
from slipway.rollout.platforms.kubernetes.flag_stores import DOCUMENT, KEYS

OUT = PROJECT / "out" / "chaos" / "flags.json"
SEED = 20261126
FLAG = "pay"
FILE = "{apiVersion: slipway/v1, kind: Flags, flags: {pay: {kind: kill-switch, owner: shop, default: on}}}"
FAULTS = (Kind.LOST_ANSWER, Kind.RESET, Kind.TOO_MANY, Kind.CONFLICT, Kind.FAILURE)
ENDS_WITHIN = 30.0
UPS = 4
"""So many `up`s one after the other are beside a kill."""
SEEN_WITHIN = 5.0
KINDS = ("guard", "provider", "answers")


@dataclass
class Row:
    """One trial as it went."""

    number: int
    kind: str
    told: bool = False
    """Whether the writer of the kill was told that it stands."""
    journaled: bool = False
    """Whether the journal has the kill after the strike."""
    lost: bool = False
    """The kill was told or journaled, and the flag is on after the next `up`."""
    on_again: int = 0
    """Versions of the document that turned the flag on after one that had turned it off."""
    faults: list[str] = field(default_factory=list)
    """Calls whose answers were lost or that were refused."""

    @property
    def clean(self) -> bool:
        """Whether nothing is held against it."""
        return not self.lost and not self.on_again


class Watched:
    """Every version of the document, as a client that watches it sees them."""

    def __init__(self, client: Client, namespace: str, name: str) -> None:
        self._seen: list[tuple[str, bool]] = []
        self._changed = threading.Condition()
        self._arguments = (client, namespace, name)
        threading.Thread(target=self._follow, daemon=True).start()

    def since(self, version: str, last: str) -> list[bool]:
        """Whether the flag was on in each version after `version` up to `last`, which is waited for."""
        with self._changed:
            self._changed.wait_for(lambda: any(seen == last for seen, _ in self._seen), SEEN_WITHIN)
            versions = [seen for seen, _ in self._seen]
            if last not in versions:
                raise SandboxError("flags", f"version {last} of the document was not seen", "run it again")
            begin = versions.index(version) + 1 if version in versions else 0
            return [on for _, on in self._seen[begin : versions.index(last) + 1]]

    def _follow(self) -> None:
        client, namespace, name = self._arguments
        for what, found in client.watch(ConfigMap, namespace=namespace, fields={"metadata.name": name}):
            if what != "DELETED" and found.metadata is not None:
                with self._changed:
                    self._seen.append((str(found.metadata.resourceVersion), _is_on((found.data or {})[KEYS[DOCUMENT]])))
                    self._changed.notify_all()


@dataclass(frozen=True)
class Stand:
    """One set of flags, reached directly and through a proxy that makes calls go wrong."""

    flags: FlagSet
    proxied: FlagSet
    proxy: ApiProxy
    watched: Watched
    writer: FlagWriter

    def version(self) -> str:
        """Of the document."""
        found = self.writer.read_document()
        return found.version if found is not None else ""

    def is_on(self) -> bool:
        """By the document."""
        found = self.writer.read_document()
        return found is not None and _is_on(json.dumps(found.content))

    def turn_on(self) -> None:
        """Lift the kill of the trial before."""
        if self.writer.load().killed(FLAG) is not None:
            lifted = Change(id=f"r{time.monotonic_ns()}", flag=FLAG, action="resume", by="chaos", at=time.time())
            self.writer.change(lambda head: after_change(head, lifted))
        else:
            self.writer.settle()
        if not self.is_on():
            raise SandboxError("flags", "the flag is not on before the trial", "look at the journal")


def main() -> int:
    """Exit code 0 when no kill was lost and no flag came on again that was killed."""
    options = argparse.ArgumentParser(prog="python -m sandbox.chaos.flag_trials", description=__doc__)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--seed", type=int, default=SEED)
    chosen = options.parse_args()
    began = time.monotonic()
    try:
        rows = run(chosen.kills, chosen.seed)
    except SandboxError as error:
        sys.stderr.write(error.render() + "\n")
        return 1
    sums = summary(rows, chosen.seed, time.monotonic() - began)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({**sums, "trials": [asdict(row) for row in rows]}, indent=2) + "\n")
    sys.stdout.write(json.dumps(sums) + "\n")
    return 0 if sums["lost"] == 0 and sums["on_again"] == 0 else 1


def summary(rows: list[Row], seed: int, seconds: float) -> dict[str, int | float]:
    """The sums of a run."""
    return {
        "kills": len(rows),
        "seed": seed,
        "lost": sum(row.lost for row in rows),
        "on_again": sum(row.on_again for row in rows),
        "stood": sum(row.journaled for row in rows),
        "told": sum(row.told for row in rows),
        "faults": sum(len(row.faults) for row in rows),
        "seconds": round(seconds, 1),
    }


def run(kills: int, seed: int) -> list[Row]:
    """All trials of a seed, on a namespace of their own. Raises SandboxError."""
    world.up(reporter())
    dice = random.Random(seed)  # noqa: S311 - reproducible chaos
    with _stand(world.environment()["KUBECONFIG"], seed) as stand:
        return [_trial(stand, number, dice.choice(KINDS), dice) for number in range(kills)]


@contextmanager
def _stand(kubeconfig: str, seed: int) -> Iterator[Stand]:
    namespace = f"slipway-flags-{os.getpid()}"
    admin = connect("default", kubeconfig)
    admin.create(Namespace(metadata=ObjectMeta(name=namespace)))
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(kubeconfig)
            with ApiProxy.before(path, Pki(_pki(path)), Path(folder), seed) as proxy:
                flags = FlagSet(namespace, "flags", "config-map", path)
                writer = flags.writer()
                _declare(writer)
                proxied = FlagSet(namespace, "flags", "config-map", proxy.kubeconfig)
                watched = Watched(connect(namespace, kubeconfig), namespace, "flags")
                yield Stand(flags, proxied, proxy, watched, writer)
    finally:
        admin.delete(Namespace, namespace)


def _pki(kubeconfig: Path) -> Path:
    """Where the sandbox keeps its certificates: beside its kubeconfig."""
    beside = kubeconfig.parent / "pki"
    return beside if beside.exists() else state_paths().pki


def _declare(writer: FlagWriter) -> None:
    wanted = Declaration(flags=parse(FILE, "flags"), stack="chaos/flags", salt="s")
    author = Author(by="chaos", at=time.time())
    writer.change(lambda head: after_declaration(head, wanted, author), declares=True)


def _trial(stand: Stand, number: int, kind: str, dice: random.Random) -> Row:
    stand.turn_on()
    row, before = Row(number, kind), stand.version()
    if kind == "answers":
        _lose_answers(stand, row, dice)
    else:
        _let_die(stand, row, dice)
    row.journaled = stand.writer.load().killed(FLAG) is not None
    Redeclare(FLAG)(stand.writer)
    row.lost = (row.told or row.journaled) and stand.is_on()
    seen = stand.watched.since(before, stand.version())
    row.on_again = sum(on for on in seen[seen.index(False) :]) if False in seen else 0
    sys.stdout.write(f"[{number + 1}] {kind}: {'ok' if row.clean else row}\n")
    return row


def _let_die(stand: Stand, row: Row, dice: random.Random) -> None:
    """The guard or the provider dies at a random instant, beside the other."""
    guard, provider = _begin(stand.flags, dice)
    time.sleep(dice.uniform(0, WRITE_TAKES))
    if row.kind == "guard":
        row.told = guard.kill()
        provider.finish(ENDS_WITHIN)
    else:
        provider.kill()
        row.told = guard.finish(ENDS_WITHIN)


def _lose_answers(stand: Stand, row: Row, dice: random.Random) -> None:
    """Both write through a server whose answers are lost now and then; a kill that failed is begun again, as a person
    does."""
    fault = Fault(dice.choice(FAULTS), ("POST", "PUT"), "/configmaps", times=dice.randint(1, 6), share=0.7)
    injected = stand.proxy.faults.inject(fault)
    guard, provider = _begin(stand.proxied, dice)
    row.told = guard.finish(ENDS_WITHIN)
    provider.finish(ENDS_WITHIN)
    injected.end()
    row.faults = [f"{fault.kind}: {hit.partition('?')[0]}" for hit in injected.hits]
    if not row.told:
        Kill(FLAG)(stand.writer)
        row.told = True


def _begin(flags: FlagSet, dice: random.Random) -> tuple[DoomedWriter, DoomedWriter]:
    """A kill somewhere in the middle of updates."""
    guard, provider = DoomedWriter(flags, Kill(FLAG)), DoomedWriter(flags, Redeclare(FLAG, UPS))
    provider.go()
    time.sleep(dice.uniform(0, UPS * WRITE_TAKES))
    guard.go()
    return guard, provider


def _is_on(document: str) -> bool:
    content = json.loads(document)["flags"][FLAG]
    return content["defaultVariant"] != "off" or "targeting" in content


if __name__ == "__main__":
    raise SystemExit(main())
