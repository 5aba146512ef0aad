"""Small valid values that the tests of this room vary."""

from __future__ import annotations

from typing import Any, Literal

from slipway.release.records.journal import Attempt, Head, Outcome, Serving
from slipway.release.rollout_inputs import Autoscaled, Backend, RolloutInputs
from slipway.rollout.analysis.types import Decision, Verdict

ROUTE: dict[str, Any] = {"gateway": {"namespace": "edge", "name": "public"}, "hostnames": ["checkout.example"]}


def backend(revision: str = "aaaaaaaa", *, replicas: int = 3, scaled: bool = False) -> Backend:
    return Backend(
        revision=revision,
        version=f"v-{revision}",
        image=f"registry.example/checkout@sha256:{'a' * 64}",
        workload=f"checkout-{revision}",
        entry=f"checkout-{revision}",
        port=8080,
        replicas=replicas,
        ready_within=60.0,
        scaled_by_rollout=scaled,
    )


def scaled_backend(revision: str, least: int, most: int, kind: Literal["hpa", "keda"] = "hpa") -> Backend:
    """One that an autoscaler scales."""
    scaled = Autoscaled(kind=kind, minimum=least, maximum=most)
    return backend(revision, replicas=least).model_copy(update={"autoscaled": scaled})


def wanted(revision: str = "bbbbbbbb", **changes: Any) -> RolloutInputs:
    strategy = {"kind": "canary", "steps": [{"weight": 25, "bake": "4s"}, {"weight": 100, "bake": "4s"}]}
    values: dict[str, Any] = {
        "service": "checkout",
        "namespace": "shop",
        "candidate": backend(revision),
        "route": ROUTE,
        "strategy": strategy,
        "guardrails": [{"name": "errors", "kind": "error-ratio", "negligible": "1%"}],
        "analysis": {"tick": "1s", "dwell": "2s", "horizon": "60s", "error_grace": "5s"},
        "metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
        "owner": {"team": "payments", "oncall": "https://oncall.example", "runbook": "docs/runbook.md"},
        "manifest": "releases/checkout/2.yaml",
    }
    return RolloutInputs.model_validate({**values, **changes})


def serving(revision: str = "aaaaaaaa") -> Serving:
    return Serving.model_validate({"backend": backend(revision), "route": ROUTE})


def attempt(revision: str = "bbbbbbbb", outcome: Outcome = Outcome.RUNNING) -> Attempt:
    return Attempt(
        id="r1", outcome=outcome, kind="forward", candidate=backend(revision), manifest="releases/2.yaml", began=100.0
    )


def head(**changes: Any) -> Head:
    values: dict[str, Any] = {"service": "checkout", "serving": serving(), **changes}
    return Head(**values)


def decision(verdict: Verdict, reason: str = "because") -> Decision:
    return Decision(verdict, 1.0, 100.0, (), reason)
