"""The peers' own programs, built from pinned Go modules beside this file."""

from __future__ import annotations

from pathlib import Path

from sandbox.toolchain import GoModule

HERE = Path(__file__).resolve().parent
ARGO = "github.com/argoproj/argo-rollouts"
FLAGGER = "github.com/fluxcd/flagger"
ARGO_KINDS = ("analysis-run", "analysis-template", "cluster-analysis-template", "experiment", "rollout")


def argo() -> GoModule:
    """The controller, our traffic router for it, and its resource definitions."""
    return GoModule(
        name="argo-rollouts",
        title="Argo Rollouts",
        source=HERE / "argo",
        targets={"rollouts-controller": f"{ARGO}/cmd/rollouts-controller", "traffic-router": "./cmd/traffic-router"},
        files={f"{kind}.yaml": (ARGO, f"manifests/crds/{kind}-crd.yaml") for kind in ARGO_KINDS},
        usual="about 4 min on 2 cores",
    )


def flagger() -> GoModule:
    """The controller and its resource definitions."""
    return GoModule(
        name="flagger",
        title="Flagger",
        source=HERE / "flagger",
        targets={"flagger": f"{FLAGGER}/cmd/flagger"},
        files={"crds.yaml": (FLAGGER, "artifacts/flagger/crd.yaml")},
        usual="about 1 min on 2 cores",
    )
