"""A stack that declares a flag, and pods that read it through the real OpenFeature provider."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from sandbox.chaos.flag_writers import FlagSet
from sandbox.chaos.processes import VARIABLE, Checkout
from sandbox.flagd import SyncServer
from sandbox.sample.flagged import publish
from sandbox.sample.flagged.objects import Placement
from sandbox.sample.flagged.running import Running
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage.project import Result, Stage
from slipway.release.flags.journal import Author, Change, DocumentKind, Head, after_change, after_exposure
from slipway.rollout.flags.writer import FlagWriter

FLAG, SET = "new-cart", "flags"
FILE = "flags/shop.yaml"
RATE = 100.0
CLIENTS = 2000
LONGEST = 300.0
COUNTER = 'sum by (pod) (http_requests_total{feature_flag_key="{flag}",feature_flag_result_variant="{variant}"%s})'
GUARDRAIL = {
    "name": "errors",
    "kind": "custom",
    "good": COUNTER % ',code="200"',
    "total": COUNTER % "",
    "tolerate": 1.1,
    "negligible": "1%",
}
ANALYSIS = {"tick": "0.5s", "dwell": "2s", "horizon": "120s", "errorGrace": "20s"}


def flags_file(percent: float, description: str, *, guarded: bool) -> str:
    """A file with the one flag, exposed to a share of the users: at once, or for a minute under guardrails."""
    flag: dict[str, Any] = {
        "kind": "release",
        "owner": "shop",
        "description": description,
        "expires": "2099-12-31",
        "default": "off",
        "exposure": {"steps": [{"percent": percent, "bake": "60s" if guarded else "0s"}], "analysis": ANALYSIS},
        "guardrails": [GUARDRAIL] if guarded else [],
    }
    return str(yaml.safe_dump({"apiVersion": "slipway/v1", "kind": "Flags", "flags": {FLAG: flag}}, sort_keys=False))


@dataclass
class Shop:
    """`running` is the service with its pods, `flags` the set in the cluster, `server` where the pods get them from."""

    stage: Stage
    server: SyncServer
    running: Running
    flags: FlagSet
    writer: FlagWriter

    @classmethod
    @contextmanager
    def open(
        cls, stage: Stage, hostname: str, *, document: DocumentKind = "config-map", keep: bool = False
    ) -> Iterator[Shop]:
        """A stage without pods and without flags yet; taken down at the end of the block unless it is to be kept."""
        stage.flags = {"files": [FILE], "name": SET, "document": document}
        stage.create()
        kubeconfig = Path(stage.environment["KUBECONFIG"])
        # A kubeconfig of its own marks the processes of this stack's `pulumi up`, which the sync server is none of.
        marked = {VARIABLE: str(stage.folder.parent / "kubeconfig")}
        variables = dict(stage.environment)
        shutil.copy(kubeconfig, marked[VARIABLE])
        stage.environment |= marked
        image = publish(stage.environment["SLIPWAY_REGISTRY"])
        try:
            with SyncServer(_source(stage, document), variables, stage.folder.parent / "flagd.log") as server:
                placement = Placement(stage.namespace, image, hostname, FLAG, (server.host, server.port))
                flags = FlagSet(stage.namespace, SET, document, kubeconfig)
                yield cls(stage, server, Running(placement, stage.environment), flags, flags.writer())
        finally:
            if not keep:
                stage.destroy()

    def declare(self, percent: float, description: str, *, guarded: bool = True) -> None:
        """Write the file of flags; `up` puts it in force."""
        path = self.stage.folder / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(flags_file(percent, description, guarded=guarded), encoding="utf-8")

    def place(self, fault: float) -> None:
        """Run pods in which the new behaviour fails this share of its requests."""
        self.running.placement = replace(self.running.placement, fault=fault)
        self.running.place()

    def load(self, out: Path) -> Load:
        """Users of the service, each with a targeting key of its own."""
        netns = Path(self.stage.environment["SLIPWAY_NETNS"])
        options = LoadOptions(duration=LONGEST, clients=CLIENTS, client_header="x-client", netns=netns)
        url = self.stage.environment["SLIPWAY_GATEWAY_LOOPBACK_URL"]
        return Load(url, self.running.placement.hostname, RATE, out, options)

    @property
    def processes(self) -> Checkout:
        """Of the stack's `pulumi up`."""
        return Checkout(Path(self.stage.environment[VARIABLE]))

    # -- changes by the one writer ---------------------------------------------------------------------------

    def kill(self) -> Head:
        """Turn the flag off, in this process."""
        return self.writer.change(lambda head: after_change(head, _change("kill")))

    def resume(self) -> Head:
        """Lift the kill, if there is one."""
        if self.writer.load().killed(FLAG) is None:
            return self.writer.load()
        return self.writer.change(lambda head: after_change(head, _change("resume")))

    def end_exposure(self) -> Head:
        """No user gets the new behaviour, and the next `up` exposes it anew."""
        self.kill()
        return self.resume()

    def expose(self, percent: float) -> Head:
        """Give the new behaviour to so many of the users, without a guard."""
        author = Author(by="demo", at=time.time(), reason="to be killed")
        salt = uuid.uuid4().hex
        return self.writer.change(lambda head: after_exposure(head, FLAG, percent, salt, author))

    def slipway(self, *arguments: str) -> Result:
        """A `slipway` command on the stack."""
        return self.stage.slipway(*arguments, "--stack", self.stage.stack)


def _source(stage: Stage, document: DocumentKind) -> str:
    """The document, as the sync server names it."""
    kind = "configmap" if document == "config-map" else "core.openfeature.dev"
    return f"{kind}/{stage.namespace}/{SET}"


def _change(action: str) -> Change:
    said = {"by": "demo", "at": time.time(), "reason": "a demonstration"}
    return Change.model_validate({"id": uuid.uuid4().hex, "flag": FLAG, "action": action, **said})
