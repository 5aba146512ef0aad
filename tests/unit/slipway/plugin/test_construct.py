"""What a component is given, before it is declared."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
import pytest
from google.protobuf import struct_pb2
from pulumi.provider.server import ProviderServicer
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2

from slipway.plugin import construct
from slipway.plugin.answers import UnknownType
from slipway.plugin.construct import Constructor
from slipway.plugin.structs import SECRET, SIGNATURE, to_struct
from slipway.plugin.version import VERSION
from slipway.release.errors import InputError
from slipway.release.tokens import CUSTOM_RESOURCES

Dependencies = provider_pb2.ConstructRequest.PropertyDependencies


def given(inputs: struct_pb2.Struct, dependencies: dict[str, Dependencies] | None = None) -> construct._Given:
    async def read() -> Any:
        return await construct._Servicer._construct_inputs(inputs, dependencies or {})

    with ThreadPoolExecutor(1) as pool:  # a thread of its own, as the plugin's calls have
        found: construct._Given = pool.submit(lambda: asyncio.run(read())).result()[construct._GIVEN]
    return found


def test_values_are_plain_and_what_they_come_from_is_waited_for() -> None:
    metrics = {"kind": "prometheus", "url": "http://prometheus.example"}
    urn = "urn:pulumi:prod::shop::kubernetes:core/v1:Namespace::shop"
    found = given(to_struct({"namespace": "shop", "metrics": metrics}), {"namespace": Dependencies(urns=[urn])})
    assert (found.values, found.unknown) == ({"namespace": "shop", "metrics": metrics}, [])
    assert len(found.dependencies) == 1


def test_what_a_preview_does_not_know_is_named_at_any_depth() -> None:
    found = given(to_struct({"manifest": "a.yaml", "namespace": rpc.UNKNOWN, "metrics": {"url": rpc.UNKNOWN}}))
    assert (found.values, found.unknown) == ({"manifest": "a.yaml"}, ["metrics", "namespace"])


def test_a_secret_is_refused_at_any_depth() -> None:
    secret = {SIGNATURE: SECRET, "value": "http://prometheus.example"}
    with pytest.raises(InputError, match="metrics: is a secret"):
        given(to_struct({"metrics": {"kind": "prometheus", "url": secret}}))


def test_a_component_that_the_plugin_does_not_have_is_refused_by_name() -> None:
    request = provider_pb2.ConstructRequest(type="slipway:index:Servce", name="checkout")
    with pytest.raises(UnknownType, match="slipway:index:Servce is not a component of this plugin; it has "):
        Constructor("").construct(request, None)  # type: ignore[arg-type]  # it is not reached


def test_what_the_plugin_uses_of_the_sdk_is_there() -> None:
    """Names that are private in Pulumi's SDK."""
    assert asyncio.iscoroutinefunction(ProviderServicer._construct)
    assert asyncio.iscoroutinefunction(ProviderServicer._construct_inputs)


def test_children_of_the_plugins_own_types_carry_its_version_and_others_their_own() -> None:
    opts = construct._served_here(pulumi.ResourceOptions())
    (transformation,) = opts.transformations or []
    for token in CUSTOM_RESOURCES:
        args = pulumi.ResourceTransformationArgs(None, token, "checkout", {}, pulumi.ResourceOptions())  # type: ignore[arg-type]
        changed = transformation(args)
        assert changed is not None
        assert changed.opts.version == VERSION
    other = pulumi.ResourceTransformationArgs(None, "kubernetes:core/v1:Service", "x", {}, pulumi.ResourceOptions())  # type: ignore[arg-type]
    assert transformation(other) is None
