"""The pod of one revision: one container, restricted by default, drained before it stops.

The restrictions are those of the `restricted` profile of the Kubernetes Pod Security Standards.
"""

from __future__ import annotations

import math

from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from release.labels import selector
from release.manifest.workload import HttpProbe, Workload
from release.revision import workload_name

FILES_VOLUME = "files"
SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def pod_spec(service: str, revision: str, image: str, workload: Workload) -> core.PodSpecArgs:
    """What runs in one pod. The container is named after the service."""
    spread = [
        core.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=LabelSelectorArgs(match_labels=selector(service, revision)),
        )
        for key in SPREAD_OVER
    ]
    return core.PodSpecArgs(
        containers=[_container(service, image, workload)],
        volumes=_volumes(service, revision, workload),
        security_context=core.PodSecurityContextArgs(
            run_as_non_root=workload.security.run_as_non_root,
            run_as_user=workload.security.run_as_user,
            seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        service_account_name=workload.service_account,
        automount_service_account_token=workload.service_account is not None,
        enable_service_links=False,
        termination_grace_period_seconds=whole_seconds(workload.drain.grace),
        topology_spread_constraints=spread,
    )


def file_keys(workload: Workload) -> dict[str, str]:
    """Path in the container -> key in the ConfigMap, whose keys may hold no slash."""
    return {path: f"file-{index}" for index, path in enumerate(sorted(workload.files))}


def whole_seconds(value: float) -> int:
    """Kubernetes counts in whole seconds; never less than what was asked for."""
    return math.ceil(value)


def _container(service: str, image: str, workload: Workload) -> core.ContainerArgs:
    probes = workload.probes
    return core.ContainerArgs(
        name=service,
        image=image,
        image_pull_policy="IfNotPresent",
        command=list(workload.command) or None,
        args=list(workload.args) or None,
        env=_environment(workload) or None,
        ports=[core.ContainerPortArgs(name="http", container_port=workload.port, protocol="TCP")],
        resources=_resources(workload),
        readiness_probe=_probe(probes.readiness, workload.port),
        liveness_probe=_probe(probes.liveness, workload.port),
        startup_probe=_probe(probes.startup, workload.port),
        lifecycle=_lifecycle(workload),
        security_context=core.SecurityContextArgs(
            allow_privilege_escalation=False,
            capabilities=core.CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=[
            core.VolumeMountArgs(name=FILES_VOLUME, mount_path=path, sub_path=key, read_only=True)
            for path, key in file_keys(workload).items()
        ]
        or None,
    )


def _environment(workload: Workload) -> list[core.EnvVarArgs]:
    plain = [core.EnvVarArgs(name=name, value=value) for name, value in sorted(workload.env.items())]
    secret = [
        core.EnvVarArgs(
            name=name,
            value_from=core.EnvVarSourceArgs(
                secret_key_ref=core.SecretKeySelectorArgs(name=reference.secret, key=reference.key)
            ),
        )
        for name, reference in sorted(workload.secret_env.items())
    ]
    return plain + secret


def _resources(workload: Workload) -> core.ResourceRequirementsArgs | None:
    declared = workload.resources
    if not declared.requests and not declared.limits:
        return None
    return core.ResourceRequirementsArgs(requests=declared.requests or None, limits=declared.limits or None)


def _probe(probe: HttpProbe | None, port: int) -> core.ProbeArgs | None:
    if probe is None:
        return None
    return core.ProbeArgs(
        http_get=core.HTTPGetActionArgs(path=probe.path, port=port),
        period_seconds=whole_seconds(probe.period),
        timeout_seconds=whole_seconds(probe.timeout),
        failure_threshold=probe.failures,
    )


def _lifecycle(workload: Workload) -> core.LifecycleArgs | None:
    """The wait is the kubelet's own: it needs no shell in the image."""
    wait = whole_seconds(workload.drain.before_stop)
    if wait == 0:
        return None
    return core.LifecycleArgs(pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=wait)))


def _volumes(service: str, revision: str, workload: Workload) -> list[core.VolumeArgs] | None:
    if not workload.files:
        return None
    return [
        core.VolumeArgs(
            name=FILES_VOLUME, config_map=core.ConfigMapVolumeSourceArgs(name=workload_name(service, revision))
        )
    ]
