"""What one section of a manifest means for another. Each rule names by its parameters the sections that it reads,
and runs when these are valid, so a mistake in one section hides nothing about the others."""

from __future__ import annotations

import inspect
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from slipway.release.manifest.affinity_limits import problems_of_keeping
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.clients import problems_of_source
from slipway.release.manifest.document import Location
from slipway.release.manifest.external_checks import problems_of_external, problems_of_external_strategy
from slipway.release.manifest.governance import Hotfix, Rollback
from slipway.release.manifest.guardrails import ClientFailures, Guardrail
from slipway.release.manifest.migrations import Migration
from slipway.release.manifest.mirror_checks import problems_of_mirror
from slipway.release.manifest.pod_checks import problems_of_parts, problems_of_pod
from slipway.release.manifest.queries import problems_of_queries
from slipway.release.manifest.route import Route
from slipway.release.manifest.rules_checks import problems_of_rules
from slipway.release.manifest.scaling_checks import problems_of_batches, problems_of_scaling
from slipway.release.manifest.scope import Scope
from slipway.release.manifest.strategy import BlueGreen, Canary, Rolling, Strategy
from slipway.release.manifest.watch import Watch
from slipway.release.manifest.watch_checks import Problem as WatchProblem
from slipway.release.manifest.watch_checks import problems_of_alpha, problems_of_guardrails, problems_of_own
from slipway.release.manifest.workload import Workload
from slipway.release.units import show_seconds


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Sections that are valid alone and cannot hold together."""

    at: Location
    message: str
    remedy: str


Found = Iterator[Contradiction]


def contradictions(sections: Mapping[str, object]) -> list[Contradiction]:
    """All rules whose sections (field name -> valid part) are there, in the order of this file."""
    found: list[Contradiction] = []
    for rule in RULES:
        needed = inspect.signature(rule).parameters
        if all(name in sections for name in needed):
            found += rule(**{name: sections[name] for name in needed})
    return found


def weights_out_of_order(strategy: object) -> Found:
    """The order of a canary's weights, step by step, over the section as it is in the file: another mistake in
    the section must not hide it. What is no number is passed over."""
    steps = strategy.get("steps") if isinstance(strategy, dict) and strategy.get("kind") == "canary" else None
    weights = [_weight(step) for step in steps] if isinstance(steps, list) else []
    for index, (before, weight) in enumerate(itertools.pairwise(weights), start=1):
        if before is not None and weight is not None and weight <= before:
            yield Contradiction(
                ("strategy", "steps", index, "weight"),
                f"weights must grow from step to step, but {weight:g} comes after {before:g}",
                "Write growing weights that end at 100",
            )
    if weights and weights[-1] is not None and weights[-1] != 100:
        yield Contradiction(
            ("strategy", "steps", len(weights) - 1, "weight"),
            f"the last step must be weight 100, not {weights[-1]:g}",
            "Add a last step such as {weight: 100, bake: 10m}",
        )


def irreversible_migrations_have_a_compensation(migrations: tuple[Migration, ...], rollback: Rollback) -> Found:
    for index, migration in enumerate(migrations):
        at: Location = ("migrations", index)
        if migration.down is None and migration.compensation is None:
            yield Contradiction(
                at,
                f"migration {migration.id} has no way back",
                "Add down: <file>, or name in compensation: one of rollback.compensations",
            )
        elif migration.compensation is not None and migration.compensation not in rollback.compensations:
            yield Contradiction(
                (*at, "compensation"),
                f"{migration.compensation} is not among rollback.compensations",
                f"Add {migration.compensation} to rollback.compensations, with its procedure in the runbook",
            )


def migrations_are_in_the_scope(scope: Scope, migrations: tuple[Migration, ...]) -> Found:
    for index, change in enumerate(scope.changes):
        if change.kind == "migration" and not migrations:
            yield Contradiction(
                ("scope", "changes", index),
                f"{change.id} is a migration, but no migration is listed",
                "List it under migrations, with up, down and phase",
            )


def a_hotfix_is_tracked(scope: Scope, hotfix: Hotfix | None) -> Found:
    if hotfix is None and any(change.kind == "hotfix" for change in scope.changes):
        yield Contradiction(
            ("hotfix",),
            "is missing, although scope.changes holds a hotfix",
            "Write hotfix: {ticket: INC-7, reason: what it repairs, followUpDue: 2026-12-01T00:00:00Z}",
        )


def change_ids_are_unique(scope: Scope) -> Found:
    yield from _twice((change.id for change in scope.changes), ("scope", "changes"), "id")


def migration_ids_are_unique(migrations: tuple[Migration, ...]) -> Found:
    yield from _twice((migration.id for migration in migrations), ("migrations",), "id")


def guardrail_names_are_unique(guardrails: tuple[Guardrail, ...]) -> Found:
    yield from _twice((guardrail.name for guardrail in guardrails), ("guardrails",), "name")


def hostnames_are_unique(route: Route) -> Found:
    yield from _twice(route.hostnames, ("route", "hostnames"))


def matches_are_unique(route: Route) -> Found:
    yield from _twice((match.model_dump_json() for match in route.matches), ("route", "matches"))


def rules_leave_room_for_a_rollout(strategy: Strategy, route: Route) -> Found:
    yield from (Contradiction(*problem) for problem in problems_of_rules(strategy, route))


def affinity_names_one_key(route: Route) -> Found:
    if route.affinity is not None and (route.affinity.cookie is None) == (route.affinity.header is None):
        yield Contradiction(
            ("route", "affinity"),
            "exactly one of cookie and header is expected",
            "Name what keeps a client on one side: affinity: {cookie: side} for a cookie that the route hands out, or "
            "affinity: {header: x-client} for something outside the route",
        )


def a_route_can_keep_its_clients(strategy: Strategy, route: Route, workload: Workload) -> Found:
    for place, message, remedy in problems_of_keeping(route, strategy, workload.least_replicas):
        yield Contradiction(place, message, remedy)


def client_failures_need_affinity(guardrails: tuple[Guardrail, ...], route: Route) -> Found:
    for index, guardrail in enumerate(guardrails):
        if guardrail.nature.counts == "clients" and route.affinity is None:
            yield Contradiction(
                ("guardrails", index, "kind"),
                "client-failures counts clients, but route.affinity does not say what keeps a client on one side",
                "Add route.affinity: {cookie: side}, or judge requests by kind: error-ratio",
            )


def client_failures_name_their_source(guardrails: tuple[Guardrail, ...]) -> Found:
    for index, guardrail in enumerate(guardrails):
        if isinstance(guardrail, ClientFailures):
            for field, message, remedy in problems_of_source(guardrail):
                yield Contradiction(("guardrails", index, field), message, remedy)


def queries_tell_the_sides_apart(guardrails: tuple[Guardrail, ...]) -> Found:
    for index, guardrail in enumerate(guardrails):
        for field, message, remedy in problems_of_queries(guardrail):
            yield Contradiction(("guardrails", index, field), message, remedy)


def slow_is_faster_than_the_timeout(guardrails: tuple[Guardrail, ...], route: Route) -> Found:
    for index, guardrail in enumerate(guardrails):
        threshold, limits = guardrail.limits.threshold, [limit for limit in route.timeouts if limit is not None]
        if threshold is None or not limits or len(limits) < len(route.timeouts):
            continue  # Some response may be as slow as it likes.
        if threshold >= max(limits):
            yield Contradiction(
                ("guardrails", index, "threshold"),
                f"{show_seconds(threshold)} is not below {_timeout(route)} ({show_seconds(max(limits))}), "
                "so no response can be that slow",
                f"Write a threshold below {show_seconds(max(limits))}",
            )


def requests_in_flight_can_end(workload: Workload, route: Route) -> Found:
    left = workload.drain.grace - workload.drain.before_stop
    longest = max((limit for limit in route.timeouts if limit is not None), default=0.0)
    if longest > left:
        yield Contradiction(
            ("workload", "drain"),
            f"a stopping pod has {show_seconds(left)} for requests in flight, but {_timeout(route)} allows "
            f"{show_seconds(longest)}",
            f"Write grace: {show_seconds(workload.drain.before_stop + longest)} or a shorter {_timeout(route)}",
        )


def an_endless_timeout_has_no_place(route: Route) -> Found:
    if route.timeout == 0:
        yield Contradiction(
            ("route", "timeout"), "0 means no timeout at all", "Write a timeout such as 5s, or leave it out"
        )


def environment_names_are_unique(workload: Workload) -> Found:
    for name in sorted(set(workload.env) & set(workload.secret_env)):
        yield Contradiction(
            ("workload", "secretEnv", name), "is in workload.env too", "Keep it in one of env and secretEnv"
        )


def a_pod_is_one_and_leaves_ours_alone(service: str, workload: Workload) -> Found:
    for place, message, remedy in (*problems_of_pod(service, workload), *problems_of_parts(workload)):
        yield Contradiction(("workload", *place), message, remedy)


def smoke_checks_need_a_preview(strategy: Strategy, route: Route) -> Found:
    if not isinstance(strategy, BlueGreen):
        return
    preview = strategy.preview
    if preview is None:
        if strategy.smoke:
            yield Contradiction(
                ("strategy", "smoke"),
                "smoke checks need a way to reach the candidate at 0%",
                "Add strategy.preview: {header: {name: x-preview, value: candidate}}",
            )
    elif (preview.header is None) == (preview.host is None):
        yield Contradiction(
            ("strategy", "preview"),
            "exactly one of header and host is expected",
            "Write preview: {header: {name: x-preview, value: candidate}} or preview: {host: preview.example}",
        )
    elif preview.host in route.hostnames:
        yield Contradiction(
            ("strategy", "preview", "host"),
            f"{preview.host} is a host name of the users",
            "Give the preview a host name of its own",
        )


def one_writer_of_the_replicas(workload: Workload) -> Found:
    yield from (Contradiction(*problem) for problem in problems_of_scaling(workload))


def batches_and_autoscaling(workload: Workload, strategy: Strategy) -> Found:
    yield from (Contradiction(*problem) for problem in problems_of_batches(workload, strategy))


def an_external_workload_is_only_described(workload: Workload) -> Found:
    yield from (Contradiction(*problem) for problem in problems_of_external(workload))


def batches_and_external(workload: Workload, strategy: Strategy) -> Found:
    yield from (Contradiction(*problem) for problem in problems_of_external_strategy(workload, strategy))


def a_batch_leaves_something_running(strategy: Strategy, workload: Workload) -> Found:
    replicas = workload.replicas
    if isinstance(strategy, Rolling) and replicas and math.ceil(strategy.batch * replicas) >= replicas:
        yield Contradiction(
            ("strategy", "batch"),
            f"a batch of {strategy.batch:.0%} replaces all {replicas} replica(s) at once",
            "Write a smaller batch, more replicas, or choose blue-green",
        )


def the_times_of_the_analysis_fit(analysis: Analysis) -> Found:
    for field, value in (("dwell", analysis.dwell), ("warmUp", analysis.warm_up), ("tick", analysis.tick)):
        if value > analysis.horizon:
            yield Contradiction(
                ("analysis", field),
                f"{show_seconds(value)} is longer than analysis.horizon ({show_seconds(analysis.horizon)})",
                "Write a shorter time, or a longer horizon",
            )


def every_bake_fits_the_horizon(strategy: Strategy, analysis: Analysis) -> Found:
    for at, bake in _bakes(strategy):
        if bake > analysis.horizon:
            yield Contradiction(
                ("strategy", *at),
                f"{show_seconds(bake)} is longer than analysis.horizon ({show_seconds(analysis.horizon)}), "
                "where an undecided step is aborted",
                f"Write a shorter bake, or analysis.horizon: {show_seconds(bake)} or more",
            )


def a_mirror_can_be_judged(strategy: Strategy, route: Route, guardrails: tuple[Guardrail, ...]) -> Found:
    yield from (Contradiction(*found) for found in problems_of_mirror(strategy, route, guardrails))


def a_watch_can_fail(watch: Watch | None, guardrails: tuple[Guardrail, ...]) -> Found:
    if watch is not None:
        yield from _of_watch(problems_of_guardrails(watch, guardrails))
        named = [one.name for one in watch.guardrails or ()]
        yield from _twice(named, ("watch", "guardrails"), "name")


def a_watch_reads_the_right_side(watch: Watch | None, route: Route) -> Found:
    if watch is not None:
        yield from _of_watch(problems_of_own(watch, route))


def a_watch_leaves_alpha_to_the_rollout(watch: Watch | None, analysis: Analysis) -> Found:
    if watch is not None:
        yield from _of_watch(problems_of_alpha(watch, analysis))


RULES: tuple[Callable[..., Iterable[Contradiction]], ...] = (
    irreversible_migrations_have_a_compensation,
    migrations_are_in_the_scope,
    a_hotfix_is_tracked,
    change_ids_are_unique,
    migration_ids_are_unique,
    guardrail_names_are_unique,
    hostnames_are_unique,
    matches_are_unique,
    rules_leave_room_for_a_rollout,
    affinity_names_one_key,
    a_route_can_keep_its_clients,
    client_failures_need_affinity,
    client_failures_name_their_source,
    queries_tell_the_sides_apart,
    slow_is_faster_than_the_timeout,
    requests_in_flight_can_end,
    an_endless_timeout_has_no_place,
    environment_names_are_unique,
    a_pod_is_one_and_leaves_ours_alone,
    smoke_checks_need_a_preview,
    one_writer_of_the_replicas,
    batches_and_autoscaling,
    an_external_workload_is_only_described,
    batches_and_external,
    a_batch_leaves_something_running,
    the_times_of_the_analysis_fit,
    every_bake_fits_the_horizon,
    a_mirror_can_be_judged,
    a_watch_can_fail,
    a_watch_reads_the_right_side,
    a_watch_leaves_alpha_to_the_rollout,
)


def _timeout(route: Route) -> str:
    return "route.timeout" if route.rules is None else "timeouts.request in route.rules"


def _of_watch(found: Iterable[WatchProblem]) -> Found:
    for place, message, remedy in found:
        yield Contradiction(("watch", *place), message, remedy)


def _weight(step: object) -> float | None:
    weight = step.get("weight") if isinstance(step, dict) else None
    return float(weight) if isinstance(weight, int | float) and not isinstance(weight, bool) else None


def _bakes(strategy: Strategy) -> Iterator[tuple[Location, float]]:
    if isinstance(strategy, Canary):
        yield from ((("steps", index, "bake"), step.bake) for index, step in enumerate(strategy.steps))
    elif isinstance(strategy, BlueGreen | Rolling):
        yield ("bake",), strategy.bake
        if isinstance(strategy, Rolling):
            yield ("finalBake",), strategy.final_bake


def _twice(names: Iterable[str], at: Location, field: str | None = None) -> Found:
    listed = list(names)
    counts = Counter(listed)
    for index, name in enumerate(listed):
        if counts[name] > 1 and name in listed[:index]:
            place = (*at, index) if field is None else (*at, index, field)
            yield Contradiction(place, f"{name} is there twice", "Give each its own, or remove one")
