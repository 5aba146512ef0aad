"""The SDK's analyzer with three things that its public face lacks.

- A resource is handed to those rules alone that read its type. The SDK unpacks each resource anew for each policy,
  about 165 us a time: a rule on Deployments shall cost nothing on a ConfigMap.
- The configuration of all policies is looked at together, and what names no policy is an error.
- The stack's own file in `config/` is the initial configuration, under what `--policy-pack-config` says.

It subclasses a private class of `pulumi_policy`; a version of another shape is refused at the start, not at run time.
"""

# ruff: noqa: N802, ANN401  (the protocol's names)
# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, PolicyPack, StackValidationPolicy, policy
from pulumi_policy import Policy as SdkPolicy

from policies.pack import Pack
from slipway.release.errors import InputError
from slipway.release.gating.configuration import EVERY, LEVEL
from slipway.release.tokens import RELEASE

POLICIES, INITIAL = "_PolicyAnalyzerServicer__policies", "_PolicyAnalyzerServicer__initial_config"
UNSUPPORTED = "this version of pulumi-policy is built differently; use the one of requirements.lock"

Base: Any = getattr(policy, "_PolicyAnalyzerServicer", None)
if Base is None:
    raise RuntimeError(UNSUPPORTED)


class CurrentCall(threading.local):
    """What belongs to one call of the engine, in the thread that serves it."""

    judgement: Any = None


def serve(
    name: str, policies: list[SdkPolicy], types: Mapping[str, tuple[str, ...]], pack: Pack, call: CurrentCall
) -> None:
    """Start the pack and stay. `types` says by policy which types of resources it reads."""
    serving = type("Serving", (Dispatching,), {"types": types, "pack": pack, "call": call})
    setattr(policy, Base.__name__, serving)
    PolicyPack(name, policies, EnforcementLevel.MANDATORY)


class Dispatching(Base):  # type: ignore[misc]
    """See the module. PolicyPack makes the instance, so what it needs stands in the class."""

    types: Mapping[str, tuple[str, ...]]
    pack: Pack
    call: CurrentCall

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(getattr(self, POLICIES, None), list) or not hasattr(self, INITIAL):
            raise RuntimeError(UNSUPPORTED)
        self._readers: dict[str, list[SdkPolicy]] = {}
        for one in getattr(self, POLICIES):
            for kind in () if isinstance(one, StackValidationPolicy) else self.types[one.name]:
                self._readers.setdefault(kind, []).append(one)
        stacks = [one.name for one in getattr(self, POLICIES) if isinstance(one, StackValidationPolicy)]
        self._together = {kind for name in stacks for kind in self.types[name]}

    def ConfigureStack(
        self, request: proto.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> proto.AnalyzerStackConfigureResponse:
        """The stack is known: its file becomes the initial configuration."""
        with _explained(context):
            setattr(self, INITIAL, _initial(self.pack.configured_for(request.stack)))
        return super().ConfigureStack(request, context)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """All of the configuration, as the engine merged it."""
        sections = {}
        for gate, found in request.policyConfig.items():
            level = self._convert_enforcement_level(found.enforcementLevel).value
            sections[gate] = {**json_format.MessageToDict(found.properties), LEVEL: level}
        sections.pop("all", None)  # the engine has applied it to each policy already
        with _explained(context):
            self.pack.configure(sections)
        threading.Thread(target=self.pack.warm_up, name="warm-up", daemon=True).start()
        return super().Configure(request, context)

    def Analyze(self, request: Any, context: grpc.ServicerContext) -> proto.AnalyzeResponse:
        """One resource, judged by those that read its type."""
        mine = self._readers.get(request.type)
        if not mine:
            return proto.AnalyzeResponse()
        if request.type == RELEASE and "evidence" in request.properties.fields:
            del request.properties.fields["evidence"]  # large, and the pack reads it from the files itself
        self.call.judgement = None
        view = copy.copy(self)
        setattr(view, POLICIES, mine)
        return Base.Analyze(view, request, context)

    def AnalyzeStack(self, request: Any, context: grpc.ServicerContext) -> proto.AnalyzeResponse:
        """All resources, without those that no rule reads together with others."""
        wanted = [one for one in request.resources if one.type in self._together]
        return super().AnalyzeStack(proto.AnalyzeStackRequest(resources=wanted), context)

    def Remediate(self, request: Any, context: grpc.ServicerContext) -> proto.RemediateResponse:
        """No rule changes what a program declares."""
        return proto.RemediateResponse()


def _initial(sections: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration file in the SDK's own types. A section that names no level would arrive as advisory, the zero
    of the protocol, so each gets one."""
    every = sections.get(EVERY, "mandatory")
    return {gate: _section(content, every) for gate, content in sections.items()}


def _section(content: Any, every: str) -> Any:
    if isinstance(content, str):
        return EnforcementLevel(content)
    return {**content, LEVEL: EnforcementLevel(content.get(LEVEL, every))}


@contextmanager
def _explained(context: grpc.ServicerContext) -> Iterator[None]:
    """InputError -> a status with all of its lines; the engine shows it and stops."""
    try:
        yield
    except InputError as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
