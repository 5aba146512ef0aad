"""The router for an Application Load Balancer: one ListenerRule, of which it is the only writer.

Elastic Load Balancing has no compare-and-swap. So each write reads the rule first and compares it with what is to be
replaced, and reads it again afterwards: a write of another in between is noticed then, and is a Conflict. What keeps
two rollouts apart is the Lease, and the fence of a process that lost it.

A preview has a rule of its own, written before the users' rule and removed after it: it carries no traffic of users, so
the order of the two does not matter to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from slipway.release.errors import ClusterError, Conflict
from slipway.release.labels import SERVICE_LABEL, STACK_LABEL
from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.aws.listener_rules import ListenerRulesApi, listed_rules
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.aws.target_groups import TargetGroupApi, TargetGroups
from slipway.rollout.platforms.trying import Failure, Patience, Tries
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.alb_rule import (
    action_of,
    conditions_of,
    hash_of,
    live_targets,
    overlaps,
    preview_conditions,
    preview_settings,
    settings_of,
    shares_of,
    targets_of,
)
from slipway.rollout.routers.base import ClientAssignment, LiveRoute, Split, refuse_other_stack
from slipway.rollout.routers.httproute import check_preview
from slipway.rollout.routers.parts import Json

WRITER_TAG = "slipway.dev/rollout"
"""The attempt that wrote or claimed the rule last."""


class Elb(TargetGroupApi, ListenerRulesApi, Protocol):
    """What is used of boto3's client for `elbv2`; every method takes the parameters of the API and gives its answer."""

    def describe_tags(self, **asked: object) -> Json:
        """The tags of some rules."""
        ...

    def create_rule(self, **asked: object) -> Json:
        """Make a rule."""
        ...

    def modify_rule(self, **asked: object) -> Json:
        """Replace conditions and actions."""
        ...

    def add_tags(self, **asked: object) -> Json:
        """Set tags."""
        ...

    def delete_rule(self, **asked: object) -> Json:
        """Delete a rule."""
        ...


@dataclass(frozen=True, slots=True)
class ListenerPlace:
    """Where the rules of a service stand: the listener, and the priorities of the users' rule and the preview's. The
    preview asks for more, so its number must be the lower one."""

    listener: str
    priority: int
    preview_priority: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule as it is wanted, or as it was read."""

    conditions: list[Json]
    targets: Mapping[str, int] | None
    arn: str = ""
    tags: Mapping[str, str] | None = None
    priority: str = ""

    @property
    def content(self) -> tuple[Json, dict[str, float] | None]:
        """What is compared: the conditions in one spelling, and the shares; None where it does anything else than to
        forward."""
        return settings_of(self.conditions), self.shares if self.targets is not None else None

    @property
    def shares(self) -> dict[str, float]:
        """Percent per target group."""
        return shares_of(self.targets or {})

    def tag(self, name: str) -> str:
        """Empty when there is none."""
        return (self.tags or {}).get(name, "")


NOT_TAKEN_OVER = "a rule that Slipway did not make cannot be taken over; only routes of the Gateway API can"


class AlbRouter:
    """See slipway.rollout.routers.base.Router. Entries of backends are names of target groups; of a
    route it takes hosts and matches, since `place` says where they stand. `LiveRoute.accepted` says
    that the rule is as it was read; when the load balancer's nodes have taken it up is seen in the measured share."""

    def __init__(
        self,
        client: Elb,
        place: ListenerPlace,
        service: str,
        fence: Fence = UNFENCED,
        stack: str = "",
        patience: Patience | None = None,
    ) -> None:
        if place.preview_priority >= place.priority:
            raise ValueError("the priority of the preview must be a lower number than that of the users' rule")
        self._client = client
        self._requests = AwsRequests(fence, patience)
        self._place = place
        self._service = service
        self._stack = stack
        self._groups = TargetGroups(client, self._requests)

    def read(self, max_age: float = 0.0) -> LiveRoute | None:
        """The live route as it is now, None when there is none."""
        found = self._rules()
        users = found.get(self._place.priority)
        return self._live(users, found.get(self._place.preview_priority)) if users is not None else None

    def apply(self, route: Route, split: Split, expect: str | None) -> LiveRoute:
        """Write the whole route: read, compare, write, read back."""
        check_preview(split.preview)
        if split.mirror is not None:
            raise ClusterError("a listener rule cannot copy requests: leave the mirror step out")
        wanted = _Rule(conditions_of(route), targets_of(split))
        if split.sticky is not None:
            raise ClusterError("a listener rule cannot draw clients by a cookie: leave route.affinity.cookie out")
        if split.preview is not None:
            asked = _Rule(preview_conditions(route, split.preview[1]), {split.preview[0].entry: 1})
            self._check_expected(expect, wanted)
            self._write(self._place.preview_priority, asked, None, compare=False)
        self._write(self._place.priority, wanted, expect, compare=True)
        if split.preview is None:
            self._remove(self._place.preview_priority)
        live = self.read()
        if live is None:
            raise Conflict(f"{self._what(self._place.priority)}: it was deleted right after it was written")
        return live

    def claim(self) -> LiveRoute | None:
        """Stamp both rules with writer and owner."""
        for priority in (self._place.preview_priority, self._place.priority):
            found = self._rules().get(priority)
            self._refuse_unmanaged(priority, found)
            if found is not None:
                self._stamp(priority, found)
        return self.read()

    def check_take_over(self, route: Route, backend: Backend) -> None:
        """Rules of a listener are not taken over."""
        raise ClusterError(NOT_TAKEN_OVER)

    def take_over(self, route: Route, backend: Backend) -> LiveRoute:
        """Rules of a listener are not taken over."""
        raise ClusterError(NOT_TAKEN_OVER)

    def give_back(self) -> None:
        """No rule was taken over."""
        raise ClusterError("the rule was made by Slipway and not taken over; `pulumi destroy` deletes it")

    def settings_hash(
        self,
        route: Route,
        preview: tuple[Backend, Preview] | None = None,
        sticky: ClientAssignment | None = None,
        mirror: tuple[Backend, Mirrored] | None = None,
    ) -> str:
        """What `LiveRoute.settings_hash` is while the route is as wanted; there are no sticky ones and no copies."""
        return hash_of(settings_of(conditions_of(route)), preview_settings(route, preview))

    def settings(self, route: Route) -> Json:
        """What `LiveRoute.settings` is while the route is as wanted."""
        return settings_of(conditions_of(route))

    def rivals(self, route: Route) -> list[str]:
        """Other rules of the listener with a host name and a path of this one, and no condition more."""
        own, wanted = (self._place.priority, self._place.preview_priority), conditions_of(route)
        others = {number: rule for number, rule in self._listed().items() if number not in own}
        return [f"rule {number}" for number, rule in sorted(others.items()) if overlaps(rule.conditions, wanted)]

    def losing_to_copies(self, route: Route) -> list[str]:
        """None: a listener rule copies nothing."""
        return []

    def delete(self) -> None:
        """Remove both rules; it is no error when there are none."""
        self._remove(self._place.priority)
        self._remove(self._place.preview_priority)

    def _check_expected(self, expect: str | None, wanted: _Rule) -> None:
        """Nothing is written, the preview neither, when the users' rule is another than the one to be replaced."""
        found = self._rules().get(self._place.priority)
        self._refuse_foreign(self._place.priority, found)
        if _version(found) != expect and not (found is not None and self._is_own(found, wanted)):
            raise Conflict(f"{self._what(self._place.priority)}: expected version {expect}, found {_version(found)}")

    def _write(self, priority: int, wanted: _Rule, expect: str | None, *, compare: bool) -> None:
        what, tries = self._what(priority), Tries(self._requests.patience)
        known = {expect}
        while True:
            found = self._rules().get(priority)
            self._refuse_foreign(priority, found)
            if found is not None and self._is_own(found, wanted):
                return  # An earlier sending, or an earlier call of this attempt, wrote this.
            if compare and _version(found) not in known:
                raise Conflict(f"{what}: expected version {expect}, found {_version(found)}")
            if found is not None:
                known.add(_version(self._stamped(found)))
            failed = self._send(priority, found, wanted)
            if failed is None:
                self._check_written(priority, wanted)
                return
            if not tries.another(failed):
                raise failed.error

    def _check_written(self, priority: int, wanted: _Rule) -> None:
        """Compare what is there with what was written: a write of another in between is noticed here."""
        back = self._rules().get(priority)
        if back is None or back.content != wanted.content:
            now = back.shares if back is not None else "nothing"
            raise Conflict(f"{self._what(priority)}: another writer changed it at the same time, it has {now} now")

    def _send(self, priority: int, found: _Rule | None, wanted: _Rule) -> Failure | None:
        """One sending; a failure of which it is not known whether it was done is looked at by the caller."""
        what, fence = self._what(priority), self._requests.fence
        action = action_of(wanted.targets or {}, self._groups.arns(wanted.targets or {}))
        asked: dict[str, object] = {"Conditions": wanted.conditions, "Actions": [action]}
        if found is None:
            tags = _as_list({SERVICE_LABEL: self._service, WRITER_TAG: fence.writer, STACK_LABEL: self._stack})
            create = {"ListenerArn": self._place.listener, "Priority": priority, "Tags": tags, **asked}
            fence.check()
            sent: object = self._requests.once(what, lambda: self._client.create_rule(**create))
        else:
            self._stamp(priority, found)
            fence.check()
            sent = self._requests.once(what, lambda: self._client.modify_rule(RuleArn=found.arn, **asked))
        return sent if isinstance(sent, Failure) else None

    def _stamp(self, priority: int, found: _Rule) -> None:
        """Set writer and owner; it may be sent twice without harm."""
        stamped = self._stamped(found)
        if dict(stamped.tags or {}) != dict(found.tags or {}):
            tags = _as_list(stamped.tags or {})
            self._requests.repeat(
                self._what(priority), lambda: self._client.add_tags(ResourceArns=[found.arn], Tags=tags)
            )

    def _stamped(self, found: _Rule) -> _Rule:
        owner = self._stack or found.tag(STACK_LABEL)
        return replace(found, tags={**(found.tags or {}), WRITER_TAG: self._requests.fence.writer, STACK_LABEL: owner})

    def _remove(self, priority: int) -> None:
        found = self._rules().get(priority)
        if found is None:
            return
        self._refuse_foreign(priority, found)
        self._requests.remove(self._what(priority), lambda: self._client.delete_rule(RuleArn=found.arn))

    def _rules(self) -> dict[int, _Rule]:
        """The rules of this place that are there, with their tags."""
        wanted = (self._place.priority, self._place.preview_priority)
        found = {number: rule for number, rule in self._listed().items() if number in wanted}
        if not found:
            return {}
        arns = [rule.arn for rule in found.values()]
        what = self._what(self._place.priority)
        asked = self._requests.find(what, lambda: self._client.describe_tags(ResourceArns=arns))
        if asked is None:
            raise Conflict(f"{what}: it was deleted while it was read; try again")
        tags = {one["ResourceArn"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]} for one in _described(asked)}
        return {number: replace(rule, tags=tags.get(rule.arn, {})) for number, rule in found.items()}

    def _listed(self) -> dict[int, _Rule]:
        """Every rule of the listener but its default one, without tags; read in pages."""
        return {
            number: _Rule(one["Conditions"], live_targets(one), one["RuleArn"], None, one["Priority"])
            for number, one in listed_rules(self._client, self._requests, self._place.listener)
        }

    def _live(self, users: _Rule, preview: _Rule | None) -> LiveRoute:
        settings, targets = users.content
        also = None
        if preview is not None:
            also = {"conditions": preview.content[0], "targets": sorted(preview.targets or {})}
        return LiveRoute(
            shares=users.shares,
            version=_version(users) or "",
            accepted=True,
            problem="",
            managed=self._is_managed(users),
            settings_hash=hash_of(settings, also, forwards=targets is not None),
            writer=users.tag(WRITER_TAG),
            owner=users.tag(STACK_LABEL),
            settings=settings,
        )

    def _is_managed(self, found: _Rule) -> bool:
        return found.tag(SERVICE_LABEL) == self._service

    def _is_own(self, found: _Rule, wanted: _Rule) -> bool:
        """Whether this very attempt has written this."""
        writer = self._requests.fence.writer
        return bool(writer) and found.tag(WRITER_TAG) == writer and found.content == wanted.content

    def _refuse_unmanaged(self, priority: int, found: _Rule | None) -> None:
        if found is not None and not self._is_managed(found):
            raise ClusterError(
                f"{self._what(priority)} exists, but is not that of service {self._service} (its tags differ): it is "
                "left alone; give the service another priority, or remove the rule"
            )

    def _refuse_foreign(self, priority: int, found: _Rule | None) -> None:
        self._refuse_unmanaged(priority, found)
        if found is not None:
            refuse_other_stack(self._what(priority), found.tag(STACK_LABEL), self._stack, self._service)

    def _what(self, priority: int) -> str:
        return f"rule {priority} of {self._place.listener}"


def _version(rule: _Rule | None) -> str | None:
    """Changes with what was asked for, and with the writer."""
    if rule is None:
        return None
    settings, targets = rule.content
    return f"{rule.arn.rpartition('/')[2]}/{hash_of(settings, targets)}/{rule.tag(WRITER_TAG)}"


def _as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _described(answer: Json) -> list[Json]:
    found: list[Json] = answer["TagDescriptions"]
    return found
