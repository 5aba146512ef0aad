"""Problems of the section `watch` with the other sections of a manifest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.clients import problems_of_source
from slipway.release.manifest.document import Location
from slipway.release.manifest.guardrails import ClientFailures, Guardrail
from slipway.release.manifest.queries import problems_of_queries
from slipway.release.manifest.route import Route
from slipway.release.manifest.watch import NamedGuardrail, Watch, needs_holdback, watched_guardrails
from slipway.release.units import show_share

Problem = tuple[Location, str, str]
"""Place below `watch`, message and remedy."""
HOLD_BACK = "Write watch.holdback: 2%, which keeps that part of the traffic on the standby"


def problems_of_guardrails(watch: Watch, of_release: Sequence[Guardrail]) -> Iterator[Problem]:
    """Guardrails that the release does not have, and those that could not be judged in the watch."""
    names = [guardrail.name for guardrail in of_release]
    for index, one in enumerate(watch.guardrails or ()):
        if isinstance(one, NamedGuardrail) and one.name not in names:
            yield (
                ("guardrails", index),
                f"{one.name} is no guardrail of this release",
                f"Name one of {', '.join(names)}, or write it in full, such as "
                "{name: slo, kind: slo, objective: 0.5%}",
            )
        elif not isinstance(one, NamedGuardrail) and one.name in names:
            yield (
                ("guardrails", index, "name"),
                f"{one.name} is a guardrail of the release already",
                f"Write only its name, guardrails: [{one.name}], or give this one another name",
            )
    if watch.guardrails is not None:
        yield from _without_holdback(watch, of_release)
    elif not watched_guardrails(watch, of_release):
        yield (
            (),
            "no guardrail of the release can be judged after 100%: each only compares with a version beside it",
            f"{HOLD_BACK}, or declare an objective, such as guardrails: [{{name: slo, kind: slo, objective: 0.5%}}]",
        )


def _without_holdback(watch: Watch, of_release: Sequence[Guardrail]) -> Iterator[Problem]:
    known = {guardrail.name: guardrail for guardrail in of_release}
    for index, one in enumerate(watch.guardrails or ()):
        guardrail = known.get(one.name) if isinstance(one, NamedGuardrail) else one
        if watch.holdback is None and guardrail is not None and needs_holdback(guardrail):
            bound = ", or give it an objective" if "objective" in type(guardrail).model_fields else ""
            yield (
                ("guardrails", index),
                f"{guardrail.name} compares with a version beside it, and without a hold-back there is none: it would "
                "never fail",
                f"{HOLD_BACK}{bound}",
            )


def problems_of_own(watch: Watch, route: Route) -> Iterator[Problem]:
    """What is wrong with a guardrail that the watch writes in full, as it would be with one of the release."""
    for index, one in enumerate(watch.guardrails or ()):
        if isinstance(one, NamedGuardrail):
            continue
        if watch.holdback is not None:
            yield from ((("guardrails", index, field), text, todo) for field, text, todo in problems_of_queries(one))
        if isinstance(one, ClientFailures):
            yield from ((("guardrails", index, field), text, todo) for field, text, todo in problems_of_source(one))
            if route.affinity is None:
                yield (
                    ("guardrails", index, "kind"),
                    "client-failures counts clients, but route.affinity does not say what keeps a client on one side",
                    "Add route.affinity: {cookie: side}, or judge requests by kind: error-ratio",
                )


def problems_of_alpha(watch: Watch, analysis: Analysis) -> Iterator[Problem]:
    """The promised error rate is for rollout and watch together."""
    if watch.false_abort is not None and watch.false_abort >= analysis.false_abort:
        yield (
            ("falseAbort",),
            f"{show_share(watch.false_abort)} leaves nothing to the rollout: analysis.falseAbort "
            f"({show_share(analysis.false_abort)}) is promised for both together",
            f"Write less, such as falseAbort: {show_share(analysis.false_abort / 2)}, or leave it out",
        )
