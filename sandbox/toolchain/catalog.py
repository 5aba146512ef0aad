"""What the toolchain builds and installs: the pinned Go modules and Python packages beside this file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sandbox.toolchain.gomodule import GoModule
from sandbox.toolchain.packages import LockedPackages

HERE = Path(__file__).resolve().parent
PULUMI_PACKAGE = "github.com/pulumi/pulumi"
KUBERNETES_APPLETS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")


@cache
def pinned(module: str, dependency: str) -> str:
    """The version of ``dependency`` that go.mod of ``module`` pins, such as ``v1.37.2``."""
    text = (HERE / module / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^(?:require)?\s*{re.escape(dependency)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"go.mod of {module} does not pin {dependency}")
    return found.group(1)


def pulumi() -> GoModule:
    """The Pulumi command line."""
    version = pinned("pulumi", f"{PULUMI_PACKAGE}/pkg/v3")
    return GoModule(
        name="pulumi",
        title=f"the Pulumi CLI {version}",
        source=HERE / "pulumi",
        targets={"pulumi": f"{PULUMI_PACKAGE}/pkg/v3/cmd/pulumi"},
        ldflags=(f"-X {PULUMI_PACKAGE}/sdk/v3/go/common/version.Version={version}",),
        files={
            "pulumi-language-python-exec": (
                f"{PULUMI_PACKAGE}/sdk/v3",
                "python/cmd/pulumi-language-python-exec",
            ),
            "pulumi-resource-pulumi-python": (f"{PULUMI_PACKAGE}/sdk/v3", "python/dist/pulumi-resource-pulumi-python"),
        },
        usual="about 4 min on 2 cores",
    )


def kubernetes() -> GoModule:
    """etcd, the control plane and the node agent in one binary."""
    version = pinned("kubernetes", "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".", 2)
    flags = [
        f"-X {package}.{name}={value}"
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for name, value in (
            ("gitVersion", version),
            ("gitMajor", major),
            ("gitMinor", minor),
            ("gitTreeState", "clean"),
        )
    ]
    return GoModule(
        name="kubernetes",
        title=f"Kubernetes {version} with etcd {pinned('kubernetes', 'go.etcd.io/etcd/server/v3')}",
        source=HERE / "kubernetes",
        targets={"kube": "."},
        ldflags=tuple(flags),
        applets={"kube": KUBERNETES_APPLETS},
        usual="about 6 min on 2 cores",
    )


def contour() -> GoModule:
    """The Gateway API controller, and the resource definitions that it wants."""
    package = "github.com/projectcontour/contour"
    version = pinned("contour", package)
    return GoModule(
        name="contour",
        title=f"Contour {version}",
        source=HERE / "contour",
        targets={"contour": f"{package}/cmd/contour"},
        ldflags=(f"-X {package}/internal/build.Version={version}",),
        files={
            "gateway-api-crds.yaml": (package, "examples/gateway/00-crds.yaml"),
            "contour-crds.yaml": (package, "examples/contour/01-crds.yaml"),
        },
        usual="about 1 min on 2 cores",
    )


def envoy_gateway() -> GoModule:
    """The other Gateway API controller, for those who ask for it, and the resource definitions that it wants."""
    package = "github.com/envoyproxy/gateway"
    version = pinned("envoy_gateway", package)
    definitions = "charts/gateway-helm/charts/crds/crds"
    kinds = (
        "backends",
        "backendtrafficpolicies",
        "clienttrafficpolicies",
        "envoyextensionpolicies",
        "envoypatchpolicies",
        "envoyproxies",
        "httproutefilters",
        "securitypolicies",
    )
    return GoModule(
        name="envoy-gateway",
        title=f"Envoy Gateway {version}",
        source=HERE / "envoy_gateway",
        targets={"envoy-gateway": f"{package}/cmd/envoy-gateway"},
        ldflags=(f"-X {package}/internal/cmd/version.envoyGatewayVersion={version}",),
        files={
            "gateway-api-crds.yaml": (package, f"{definitions}/gatewayapi-crds.yaml"),
            **{
                f"envoy-gateway-crds/{kind}.yaml": (
                    package,
                    f"{definitions}/generated/gateway.envoyproxy.io_{kind}.yaml",
                )
                for kind in kinds
            },
        },
        usual="about 4 min on 2 cores",
    )


def kubernetes_provider() -> GoModule:
    """The Kubernetes provider of Pulumi, for those who want the real one in place of the stand-in."""
    package = "github.com/pulumi/pulumi-kubernetes/provider/v4"
    version = pinned("kubernetes_provider", package)
    return GoModule(
        name="kubernetes-provider",
        title=f"the Kubernetes provider {version}",
        source=HERE / "kubernetes_provider",
        targets={"pulumi-resource-kubernetes": "."},
        ldflags=(f"-X main.version={version.removeprefix('v')}",),
        files={
            name: (package, f"cmd/pulumi-resource-kubernetes/{name}")
            for name in ("schema.json", "terraform-mapping.json")
        },
        usual="many minutes",
    )


def victoria_logs() -> GoModule:
    """A server of logs, for those who ask for one."""
    package = "github.com/VictoriaMetrics/VictoriaLogs"
    version = pinned("victoria_logs", package)
    return GoModule(
        name="victoria-logs",
        title=f"VictoriaLogs {version}",
        source=HERE / "victoria_logs",
        targets={"victoria-logs": f"{package}/app/victoria-logs"},
        usual="about 3 min on 2 cores",
    )


def otel_collector() -> GoModule:
    """An OpenTelemetry Collector with what turns spans into counters, for the tests of guardrails on traces."""
    version = pinned("otel_collector", "go.opentelemetry.io/collector/otelcol")
    return GoModule(
        name="otel-collector",
        title=f"the OpenTelemetry Collector {version}",
        source=HERE / "otel_collector",
        targets={"otel-collector": "."},
        usual="about 2 min on 2 cores",
    )


def pause() -> GoModule:
    """Process 1 of every pod and of the sandbox."""
    return GoModule(name="pause", title="the pause process", source=HERE / "pause", targets={"pause": "."})


def openfeature() -> LockedPackages:
    """The OpenFeature SDK with flagd's provider and evaluator."""
    title = "OpenFeature's SDK, flagd's provider and evaluator"
    return LockedPackages(name="openfeature", title=title, lock=HERE / "openfeature" / "requirements.lock")


def aws() -> LockedPackages:
    """The emulators that the local AWS is made of."""
    title = "ministack and moto, emulators of AWS"
    return LockedPackages(name="aws", title=title, lock=HERE / "aws" / "requirements.lock")


def locked(name: str, package: str) -> str:
    """The version of a package in one of the locks here."""
    text = (HERE / name / "requirements.lock").read_text(encoding="utf-8")
    return next(line.split("==")[1].split()[0] for line in text.splitlines() if line.startswith(f"{package}=="))
