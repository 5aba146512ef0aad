"""The stack: its settings, and for each service the component of its strategy."""

from __future__ import annotations

import sys

import pulumi

from components import Release, TopologyArgs, cluster_options, declare_access, declare_alerting, engine, flags, service
from slipway import settings
from slipway.release.errors import SlipwayError
from slipway.release.release_inputs import ReleaseInputs


def main() -> None:
    """Everything that is wrong with the configuration is reported before the first resource is registered."""
    try:
        stack = settings.read()
    except SlipwayError as error:
        pulumi.log.error(str(error))
        sys.exit(32)  # tells Pulumi's language host that the program has reported its error
    if (notice := stack.gates.notice(pulumi.get_stack())) is not None:
        pulumi.log.warn(notice)
    if (told := engine.notice(len(stack.services), engine.parallel())) is not None:
        pulumi.log.info(told)
    cluster = cluster_options(stack.target)
    if stack.access is not None:
        accounts = stack.access.service_account, None if stack.run is None else stack.run.account
        cluster = declare_access(*accounts, stack.target.scope, cluster, stack.metrics.proxies_namespace)
    flag_set = flags.declare(stack.flags)
    services = []
    for entry in stack.services:
        inputs = ReleaseInputs.of(entry.declared, stack.target, stack.gates, entry.scripts)
        args = TopologyArgs(
            gate=Release(entry.release.service, inputs),
            migrations=entry.migrations,
            release=entry.release,
            standby=None if entry.standby is None else entry.standby.release,
            manifest=entry.declared.path,
            target=stack.target,
            ecs=stack.ecs,
            function=stack.function,
            metrics=stack.metrics,
            gateway_url=stack.gateway_url,
            probe=stack.probe,
            records=stack.records,
            run=stack.run,
            escalation=stack.escalation,
        )
        services.append(service(args, cluster))
    flags.expose(stack.flags, flag_set, stack.metrics, services, stack.escalation)
    if (slos := stack.slos) is not None:
        where = slos.url, stack.target.scope, cluster
        pulumi.export("slos", declare_alerting(slos.alerting, slos.setting, *where, services))
    pulumi.export("services", {each.release.service: each.exported() for each in services})


main()
