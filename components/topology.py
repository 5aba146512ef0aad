"""What the three strategies share: the candidate's workload, the standby's, and the Rollout that moves the traffic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import pulumi

from components.ecs_workload import EcsWorkload, EcsWorkloadArgs
from components.lambda_workload import LambdaWorkload, LambdaWorkloadArgs
from components.objects import Job
from components.resources import Migrations, Rollout
from components.workload import VersionedWorkload, VersionedWorkloadArgs
from slipway.release.ecs_setting import EcsSetting
from slipway.release.escalation.setting import EscalationSetting
from slipway.release.lambda_setting import LambdaSetting
from slipway.release.manifest.release import Release
from slipway.release.migrations.inputs import MigrationsInputs
from slipway.release.records.store import RecordsSetting
from slipway.release.revision import revision_of
from slipway.release.rollout_inputs import MetricsSource, RolloutInputs, TrafficProbe
from slipway.release.run_setting import RunSetting
from slipway.release.strategy import Chosen, chosen
from slipway.release.target import EcsTarget, LambdaTarget, Target
from slipway.release.tokens import TOPOLOGIES
from slipway.release.watch_job import watch_job

AnyWorkload: TypeAlias = VersionedWorkload | EcsWorkload | LambdaWorkload
"""The set of one revision, by the kind of the target."""


@dataclass(kw_only=True, frozen=True)
class TopologyArgs:
    """All plain values: they decide which resources there are.

    `release` is what the service shall run, `standby` an earlier release whose workload stays warm with its own
    settings. `manifest` is the path of the release's file, for messages and history. `gate` is the Release resource:
    nothing of the service is declared to the engine before the gates let it pass.
    """

    release: Release
    target: Target
    metrics: MetricsSource
    manifest: str
    standby: Release | None = None
    gateway_url: str | None = None
    probe: TrafficProbe | None = None
    records: RecordsSetting | None = None
    run: RunSetting | None = None
    escalation: EscalationSetting | None = None
    gate: pulumi.Resource | None = None
    ecs: EcsSetting | None = None
    """For a target of kind ecs."""
    function: LambdaSetting | None = None
    """For a target of kind lambda."""
    migrations: MigrationsInputs | None = None
    """What is applied behind the gate and before anything of the service is created."""


class Topology(pulumi.ComponentResource):
    """Base of Canary, BlueGreen and Rolling. Each is known by the others' tokens as well, so that another strategy
    for the next release is an update of the Rollout; without that the engine would delete the route."""

    TOKEN: ClassVar[str]
    STRATEGY: ClassVar[type[Chosen]]

    release: Release
    target: Target
    revision: str
    workload: AnyWorkload | None
    """None where something else declares the release's workload."""
    standby: AnyWorkload | None
    rollout: Rollout
    watch: Job | None
    """What watches the release after 100%; None where nothing does, or a person does by `slipway watch`."""

    def __init__(self, name: str, args: TopologyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises ValueError when the release's strategy is another one, or the standby is no other revision."""
        strategy = chosen(args.release)
        if not isinstance(strategy, self.STRATEGY):
            raise ValueError(f"{name}: {type(self).__name__} cannot carry out strategy.kind {strategy.kind}")
        others = [pulumi.Alias(type_=token) for token in TOPOLOGIES if token != self.TOKEN]
        before = _before(name, args, opts)  # what is below waits for the component itself
        merged = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(aliases=others, depends_on=before), opts)
        super().__init__(self.TOKEN, name, {}, merged)
        self.release, self.target = args.release, args.target
        self.revision = revision_of(args.release)
        if args.standby is not None and revision_of(args.standby) == self.revision:
            raise ValueError(f"{name}: the standby is the same revision as the release ({self.revision})")
        self.workload = self._workload(name, args.release, args)
        # A function keeps its published versions: the standby is one of them.
        beside = args.standby if not isinstance(args.target, LambdaTarget) else None
        self.standby = None if beside is None else self._workload(name, beside, args)
        inputs = (
            RolloutInputs.of(
                args.release,
                target=args.target,
                metrics=args.metrics,
                manifest=args.manifest,
                standby=args.standby,
                gateway_url=args.gateway_url,
                probe=args.probe,
                records=args.records,
            )
            .running(args.run)
            .escalating(args.escalation)
        )
        workloads = [each for each in (self.workload, self.standby) if each is not None]
        options = pulumi.ResourceOptions(parent=self, depends_on=[*before, *workloads])
        self.rollout = Rollout(name, inputs, options)
        self.watch = self._declare_watch(name, inputs)
        self.register_outputs({"revision": self.revision, "weights": self.rollout.weights})

    def _declare_watch(self, name: str, inputs: RolloutInputs) -> Job | None:
        """After the Rollout: an aborted one starts no watch. Named as the workload of its revision is, by which a
        rollback finds all that belongs to the service."""
        job = watch_job(inputs)
        if job is None:
            return None
        options = pulumi.ResourceOptions(parent=self, depends_on=[self.rollout], delete_before_replace=True)
        return Job(f"{name}-{self.revision}", job, options)

    def exported(self) -> dict[str, object]:
        """What the stack exports of the service."""
        return {
            "version": self.release.version,
            "revision": self.revision,
            "strategy": self.release.strategy.kind,
            "weights": self.rollout.weights,
        }

    def _workload(self, name: str, release: Release, args: TopologyArgs) -> AnyWorkload | None:
        if release.workload.external is not None:
            return None
        named, options = f"{name}-{revision_of(release)}", pulumi.ResourceOptions(parent=self)
        if isinstance(args.target, EcsTarget):
            if args.ecs is None:
                raise ValueError(f"{name}: a target of kind ecs needs the network of its tasks: give ecs")
            return EcsWorkload(named, EcsWorkloadArgs.of(release, args.target, args.ecs), options)
        if isinstance(args.target, LambdaTarget):
            if args.function is None:
                raise ValueError(f"{name}: a target of kind lambda needs the role of its functions: give function")
            return LambdaWorkload(name, LambdaWorkloadArgs.of(release, args.target, args.function), options)
        return VersionedWorkload(named, VersionedWorkloadArgs.of(release, args.target.namespace), options)


def _before(name: str, args: TopologyArgs, opts: pulumi.ResourceOptions | None) -> list[pulumi.Resource]:
    """What has to succeed before anything of the service is created."""
    before = [args.gate] if args.gate is not None else []
    if args.migrations is not None:
        parent = opts.parent if opts is not None else None
        options = pulumi.ResourceOptions(parent=parent, depends_on=list(before))
        before.append(Migrations(name, args.migrations, options))
    return before
