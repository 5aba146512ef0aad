"""The stack: its settings, and for each service the component of its strategy."""

from __future__ import annotations

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
        raise SystemExit(32) from error  # tells Pulumi's language host that the program has reported its error
    engine.announce(len(stack.services), stack.gates.notice(pulumi.get_stack()))
    options = {name: cluster_options(place.target, place.provider) for name, place in stack.places.items()}
    if stack.access is not None:
        accounts = stack.access.service_account, None if stack.own.run is None else stack.own.run.account
        options[None] = declare_access(*accounts, stack.target.scope, options[None], stack.metrics.proxies_namespace)
    flag_set = flags.declare(stack.flags)
    services = []
    for entry in stack.services:
        place = stack.places[entry.at]
        inputs = ReleaseInputs.of(entry.declared, place.target, stack.gates, entry.scripts)
        args = TopologyArgs(
            gate=Release(entry.release.service, inputs),
            migrations=entry.migrations,
            release=entry.release,
            standby=None if entry.standby is None else entry.standby.release,
            manifest=entry.declared.path,
            target=place.target,
            ecs=place.ecs,
            function=place.function,
            metrics=place.metrics,
            gateway_url=place.gateway_url,
            probe=place.probe,
            records=stack.records,
            run=place.run,
            escalation=stack.escalation,
        )
        services.append(service(args, options[entry.at]))
    flags.expose(stack.flags, flag_set, stack.metrics, services, stack.escalation)
    if (slos := stack.slos) is not None:
        where = slos.url, stack.target.scope, options[None]
        pulumi.export("slos", declare_alerting(slos.alerting, slos.setting, *where, services))
    pulumi.export("services", {each.release.service: each.exported() for each in services})


main()
