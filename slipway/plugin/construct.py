"""The components that programs in other languages declare: `Service` and `RolloutAccess`.

The engine asks for a component by `Construct`; the plugin then declares its children to the engine as a program does,
and answers when all of them are done. So a Construct lasts as long as its Rollout, which the engine asks of the same
process: each call needs a thread of its own, and none of them may count as work that a failed rollout waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import pulumi
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2

from slipway.plugin.answers import UnknownType
from slipway.plugin.version import VERSION
from slipway.release.errors import InputError, Problem
from slipway.release.service_inputs import RolloutAccessInputs, parse
from slipway.release.tokens import CUSTOM_RESOURCES, ROLLOUT_ACCESS, SERVICE

Inputs = Mapping[str, Any]
Declare = Callable[[str, Inputs, pulumi.ResourceOptions], ConstructResult]


@dataclass(frozen=True)
class Constructor:
    """Answers Construct. `engine` is the engine's address, empty when the plugin was started by hand."""

    engine: str

    def construct(
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        """Declare the component and wait until its outputs are there. Raises SlipwayError."""
        if request.type not in COMPONENTS:
            raise UnknownType(f"{request.type} is not a component of this plugin; it has {', '.join(COMPONENTS)}")
        servicer = _Servicer(_Components(), [], self.engine)
        # A loop in the call's own thread: the SDK keeps the program's settings in context variables, so that calls
        # which run at once do not share them.
        return asyncio.run(servicer._construct(request, context))


class _Components(Provider):
    """The SDK's face of the components."""

    def __init__(self) -> None:
        super().__init__(VERSION)

    def construct(
        self, name: str, resource_type: str, inputs: Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        given = inputs[_GIVEN]
        opts = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=given.dependencies))
        if given.unknown:
            return _without_children(name, resource_type, given.unknown, opts)
        return COMPONENTS[resource_type](name, given.values, _served_here(opts))


def _service(name: str, inputs: Inputs, opts: pulumi.ResourceOptions) -> ConstructResult:
    from components.packaged import Service, ServiceArgs  # the Kubernetes SDK costs half a second

    component = Service(name, ServiceArgs(**inputs), opts)  # type: ignore[typeddict-item]  # it validates them
    return ConstructResult(component.urn, component.outputs())


def _rollout_access(name: str, inputs: Inputs, opts: pulumi.ResourceOptions) -> ConstructResult:
    from components.access import RolloutAccess, RolloutAccessArgs

    wanted = parse(RolloutAccessInputs, name, inputs)
    args = RolloutAccessArgs(**wanted.model_dump(by_alias=False))
    component = RolloutAccess(name, args, opts)
    return ConstructResult(component.urn, {"serviceAccount": wanted.service_account})


COMPONENTS: Mapping[str, Declare] = {SERVICE: _service, ROLLOUT_ACCESS: _rollout_access}


@dataclass(frozen=True)
class _Given:
    """The inputs of a component as plain values, the names of those that a preview does not know, and what they come
    from."""

    values: dict[str, Any]
    unknown: list[str]
    dependencies: list[pulumi.Resource]


_GIVEN = "given"


class _Servicer(ProviderServicer):
    """Hands plain values to the components, where the SDK would hand outputs."""

    def __init__(self, provider: Provider, args: list[str], engine: str) -> None:
        super().__init__(provider, args, engine)

    @staticmethod
    async def _construct_inputs(inputs: Any, input_dependencies: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's
        """Raises InputError for secrets: all inputs are kept in the stack's state."""
        found = await ProviderServicer._construct_inputs(inputs, input_dependencies)
        values: dict[str, Any] = {}
        unknown: list[str] = []
        dependencies: set[pulumi.Resource] = set()
        for name, value in found.items():
            output = pulumi.Output.from_input(value)
            dependencies |= await output.resources()
            if await output.is_secret():
                remedy = "Give a plain value: the inputs are kept in the stack's state"
                raise InputError("inputs", [Problem(name, "is a secret", remedy)])
            if await output.is_known():
                values[name] = await output.future()
            else:
                unknown.append(name)
        return {_GIVEN: _Given(values, sorted(unknown), list(dependencies))}


def _served_here(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Children of this plugin's own types carry its version: without it the engine starts a second plugin for them."""

    def versioned(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ not in CUSTOM_RESOURCES:
            return None
        merged = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(version=VERSION))
        return pulumi.ResourceTransformationResult(args.props, merged)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[versioned]))


def _without_children(
    name: str, resource_type: str, unknown: list[str], opts: pulumi.ResourceOptions
) -> ConstructResult:
    component = pulumi.ComponentResource(resource_type, name, {}, opts)
    component.register_outputs({})
    pulumi.log.warn(
        f"{name}: {', '.join(unknown)} is not known before the update, so this plan shows nothing of the service. "
        "Give plain values",
        component,
    )
    return ConstructResult(component.urn, {})
