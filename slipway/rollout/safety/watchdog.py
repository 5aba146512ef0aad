"""`python -m slipway.rollout.safety.watchdog --of PID`: guards the rollouts of a provider process, and puts
traffic back when it dies.

It reads its standard input, a line at a time:

- `guard ROLLOUT SERVICE TARGET`, the target as JSON, and an exposure of a flag in the place of the service as
  `exposure/SET/FLAG/DOCUMENT`: answered by `ready ROLLOUT` once the cluster was reached, else by
  `error ROLLOUT TEXT`. In either case the rollout is guarded from then on;
- `disarm ROLLOUT`: it has ended normally;
- `act ROLLOUT`: put its traffic back now, although the provider lives;
- the end of the input: the provider died. Every rollout that is still guarded is put back, all at the
  same time. `PID` is the provider's, for those who look at the list of processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from slipway.release.errors import SlipwayError
from slipway.release.target import Target, read_target
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.exposure.assemble import Place, connect_place
from slipway.rollout.retrying import retry_while_away
from slipway.rollout.safety import rescue
from slipway.rollout.safety.rescue import AnyAdapters

REACH_WITHIN = 45.0
"""Seconds for which an API server that is away is asked again, before the watchdog reports that it cannot guard."""


def main() -> int:
    """Guard until the input ends and everything is put back."""
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    Watchdog(_say).run(sys.stdin)
    return 0


@dataclass(slots=True)
class Ward:
    """One rollout that is guarded; `disarmed` is set when it no longer is. `watch` is the thread beside it."""

    target: Target
    service: str
    rollout_id: str
    disarmed: threading.Event = field(default_factory=threading.Event)
    watch: threading.Thread | None = None


def _connect(service: str, target: Target) -> AnyAdapters:
    """Of a service, or of a flag's exposure."""
    place = Place.parse(service)
    return connect_adapters(service, target) if place is None else connect_place(target, place)


class Watchdog:
    """`connect` makes the adapters of a service in a target; `act` puts one rollout back; `watch` returns when it was
    disarmed, or acts itself before."""

    def __init__(
        self,
        say: Callable[[str], None],
        connect: Callable[[str, Target], AnyAdapters] = _connect,
        act: Callable[[AnyAdapters, str], None] = rescue.rescue,
        watch: Callable[[AnyAdapters, str, threading.Event], None] = rescue.watch_lease,
    ) -> None:
        self._say = say
        self._connect = connect
        self._act = act
        self._watch = watch
        self._wards: dict[str, Ward] = {}
        self._acting: list[threading.Thread] = []

    def run(self, lines: Iterable[str]) -> None:
        """Handle each line; after the last one put everything back that is still guarded."""
        for line in lines:
            self._obey(line.split(maxsplit=3))
        for ward in list(self._wards.values()):
            ward.disarmed.set()
            self._put_back(ward)
        for thread in self._acting:
            thread.join()

    def _obey(self, words: list[str]) -> None:
        if words[:1] == ["guard"] and len(words) == 4:
            self._begin(words[1], words[2], words[3])
        elif len(words) == 2 and (found := self._wards.pop(words[1], None)) is not None:
            found.disarmed.set()
            if words[0] == "act":
                self._put_back(found)

    def _begin(self, rollout_id: str, service: str, target: str) -> None:
        try:
            ward = Ward(read_target(target), service, rollout_id)
        except ValidationError:
            self._say(f"error {rollout_id} the watchdog does not understand the target of {service}")
            return
        self._wards[rollout_id] = ward
        ward.watch = threading.Thread(target=self._guard, args=(ward,))
        ward.watch.start()

    def _guard(self, ward: Ward) -> None:
        try:
            adapters = self._connect(ward.service, ward.target)
            retry_while_away(adapters, adapters.journal.load, REACH_WITHIN, cancelled=ward.disarmed)
        except SlipwayError as error:
            self._say(f"error {ward.rollout_id} {str(error).partition(chr(10))[0]}")
            return
        self._say(f"ready {ward.rollout_id}")
        self._watch(adapters, ward.rollout_id, ward.disarmed)

    def _put_back(self, ward: Ward) -> None:
        """After what watches it has returned, which may be putting it back already."""
        thread = threading.Thread(target=self._rescue, args=(ward,))
        self._acting.append(thread)
        thread.start()

    def _rescue(self, ward: Ward) -> None:
        if ward.watch is not None:
            ward.watch.join()
        try:
            adapters = self._connect(ward.service, ward.target)
        except SlipwayError:
            return  # The configuration of the cluster is gone; waiting does not help.
        self._act(adapters, ward.rollout_id)


def new_rollout_id() -> str:
    """Short and unique; also the holder of the Lease."""
    return uuid.uuid4().hex[:12]


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # The provider died: its end of the pipe is closed.
        os.write(1, (line + "\n").encode())


if __name__ == "__main__":
    raise SystemExit(main())
