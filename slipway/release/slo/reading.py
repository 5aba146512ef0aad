"""Files of objectives, alarms and routing -> one value, or every problem in all of them at once.

A file is either of our own format (`kind: Alerting`) or an OpenSLO document (`apiVersion: openslo/v1`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import ValidationError

from slipway.release.document_files import read_document_below
from slipway.release.errors import InputError, Problem
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.document import Document, Location, show_location
from slipway.release.manifest.problems import problems_of
from slipway.release.slo import openslo
from slipway.release.slo.model import Alarm, Slo
from slipway.release.slo.routing import Owned, Routing, unrouted
from slipway.release.slo.rules import NO_DATA, PAGE, TICKET, RuleGroup, alarm_group, slo_group

REMEDIES: Mapping[str, str] = {
    "apiVersion": "Write apiVersion: slipway/v1",
    "kind": "Write kind: Alerting",
    "slos.name": "Write a name such as checkout-availability, by which alarms and queries know the objective",
    "slos.service": "Write the service's name, such as service: checkout",
    "slos.objective": "Write the share of good events, such as objective: 99.9%",
    "slos.period": "Write period: 30d",
    "slos.events": "Write events: {total: 'requests_total{service=\"checkout\"}', "
    'bad: \'requests_total{service="checkout",code=~"5.."}\'}',
    "slos.minBad": "Leave it out, or write minBad: {1h: 3, 6h: 4, 1d: 9, 3d: 10}",
    "slos.owner": "Write the team, as the routing knows it, such as owner: team-checkout",
    "slos.runbook": "Write where it says what to do, such as runbook: https://runbooks.example/checkout",
    "slos.dashboard": "Write where it can be seen, such as dashboard: https://dashboards.example/checkout",
    "alarms.name": "Write a name such as name: CheckoutQueueStuck",
    "alarms.severity": "Write severity: page or severity: ticket",
    "alarms.when": "Write when: {expression: queue_oldest_seconds > 300, for: 5m}",
    "alarms.slo": "Write the name of the objective that is in danger while it fires",
    "alarms.summary": "Write one line that says what is wrong, such as summary: the queue stands still",
    "alarms.owner": "Write the team, as the routing knows it, such as owner: team-checkout",
    "alarms.runbook": "Write where it says what to do, such as runbook: https://runbooks.example/queue",
    "alarms.dashboard": "Write where it can be seen, such as dashboard: https://dashboards.example/queue",
    "routing": "Write routing: {fallback: team-platform, owners: {team-platform: "
    "{page: {kind: pagerduty, routingKeyFile: /etc/alertmanager/secrets/platform}}}}",
    "routing.fallback": "Name the owner who gets alarms that carry no known owner, such as fallback: team-platform",
    "routing.mail": "Write mail: {smarthost: 'mail.example:587', from: alerts@shop.example}",
}


class Alerting(FrozenModel):
    """What a stack alarms about, and who is told."""

    slos: tuple[Slo, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    routing: Routing | None = None

    @property
    def groups(self) -> tuple[RuleGroup, ...]:
        """The rules of all objectives and alarms."""
        return (*map(slo_group, self.slos), *map(alarm_group, self.alarms))


class AlertingFile(Alerting):
    """One file of our own format."""

    api_version: Literal["slipway/v1"]
    kind: Literal["Alerting"]


class _Place(NamedTuple):
    """Where something stands in the project."""

    path: str
    line: int | None


class _Declared(NamedTuple):
    """One objective or alarm, or the routing, with its place and that of its owner's name."""

    what: str
    content: Alerting
    place: _Place
    owner: _Place


def read_alerting(root: Path, paths: Sequence[str]) -> Alerting:
    """Read the files below a project's folder and put them together. Raises InputError with every problem; the path of
    each begins with its file."""
    found: list[_Declared] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            document = read_document_below(root, path, "Write the path of a file inside the project's folder")
            found += _declared(parse(document, path), document, path)
        except InputError as error:
            problems += [Problem(f"{path}: {p.path}", p.message, p.remedy, p.line) for p in error.problems]
    if problems:
        raise InputError("alerting", problems)
    together = Alerting(
        slos=tuple(slo for one in found for slo in one.content.slos),
        alarms=tuple(alarm for one in found for alarm in one.content.alarms),
        routing=next((one.content.routing for one in found if one.content.routing is not None), None),
    )
    if problems := [*_twice(found), *_unrouted(found, together.routing)]:
        raise InputError("alerting", problems)
    return together


def read_routing(root: Path, paths: Sequence[str]) -> Routing | None:
    """The routing in these files, whatever is wrong with the others; None when there is none that can be read."""
    for path in paths:
        with suppress(InputError):
            found = parse(read_document_below(root, path, ""), path)
            if found.routing is not None:
                return found.routing
    return None


def parse(document: Document, subject: str) -> Alerting:
    """One file alone. Raises InputError."""
    if is_openslo(document):
        return Alerting(slos=(openslo.parse(document, subject),))
    try:
        found = AlertingFile.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InputError(subject, [*document.problems, *problems_of(error, AlertingFile, document, REMEDIES)]) from None
    if document.problems:
        raise InputError(subject, document.problems)
    return found


def is_openslo(document: Document) -> bool:
    """Whether a file says that it is one of OpenSLO."""
    return isinstance(document.data, dict) and str(document.data.get("apiVersion", "")).startswith("openslo")


def owned_of(alerting: Alerting) -> Iterator[Owned]:
    """Who has to act on each alarm: an objective brings a page and a ticket."""
    for slo in alerting.slos:
        yield Owned(f"{slo.name}: {PAGE}, {NO_DATA}", slo.owner, "page")
        yield Owned(f"{slo.name}: {TICKET}", slo.owner, "ticket")
    for alarm in alerting.alarms:
        yield Owned(alarm.name, alarm.owner, alarm.severity)


def _declared(content: Alerting, document: Document, path: str) -> Iterator[_Declared]:
    def place(*location: str | int) -> _Place:
        return _Place(f"{path}: {show_location(location)}", document.line(location))

    if is_openslo(document):
        (slo,) = content.slos
        yield _Declared(f"slo {slo.name}", content, place("metadata"), place(*openslo.OWNER))
        return
    for number, slo in enumerate(content.slos):
        at: Location = ("slos", number)
        yield _Declared(f"slo {slo.name}", Alerting(slos=(slo,)), place(*at), place(*at, "owner"))
    for number, alarm in enumerate(content.alarms):
        at = ("alarms", number)
        yield _Declared(f"alarm {alarm.name}", Alerting(alarms=(alarm,)), place(*at), place(*at, "owner"))
    if content.routing is not None:
        yield _Declared("routing", Alerting(routing=content.routing), place("routing"), place("routing"))


def _twice(found: Sequence[_Declared]) -> Iterator[Problem]:
    """Names are what alarms, queries and rule groups are known by; there is one routing."""
    first: dict[str, _Place] = {}
    for one in found:
        if one.what in first:
            message = f"{one.what} is declared already, at {first[one.what].path}"
            yield Problem(one.place.path, message, "Keep one of them", one.place.line)
        first.setdefault(one.what, one.place)


def _unrouted(found: Sequence[_Declared], routing: Routing | None) -> Iterator[Problem]:
    for one in found:
        for each in {each.problem: each for each in unrouted(owned_of(one.content), routing)}.values():
            yield Problem(one.owner.path, each.problem, each.remedy, one.owner.line)
