"""Where a service is released: a plain value that settings, inputs, the id of a Rollout and the watchdog share."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import Field, TypeAdapter, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.base import FrozenModel

DnsLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
DEFAULT_NAME = "default"
NOT_RECORDED = "the recorded state does not name it"
NOT_IMPORTED = "A Rollout is not imported: declare it, and its first update finds the journal"


class KubernetesTarget(FrozenModel):
    """A namespace of a cluster. `name` is what the project calls the cluster, and identifies it; `context` is how it is
    reached from here, so that another context of the same cluster replaces nothing."""

    kind: Literal["kubernetes"] = "kubernetes"
    name: Annotated[
        DnsLabel, Field(description="The cluster's name in this project; another one is another place.")
    ] = DEFAULT_NAME
    context: Annotated[
        str | None,
        Field(min_length=1, description="Context of the kubeconfig; that of the environment when left out."),
    ] = None
    namespace: Annotated[DnsLabel, Field(description="The Kubernetes namespace of the services.")]

    @property
    def scope(self) -> str:
        """What answers and messages call the namespace."""
        return self.namespace

    def at(self, service: str | None) -> KubernetesTarget:
        """The same place with what concerns one service, or none of them: all of it."""
        return self

    def identity_of(self, service: str) -> str:
        """The id of what a stack releases for a service here; without the name of the default cluster."""
        cluster = "" if self.name == DEFAULT_NAME else f"{self.name}/"
        return f"{cluster}{self.namespace}/{service}"

    def has_gateway_of(self, other: Target) -> bool:
        """Whether routes of both may meet at one gateway: it is the same cluster."""
        return isinstance(other, KubernetesTarget) and self.name == other.name

    def is_same_place(self, other: Target) -> bool:
        """Whether both are the same namespace of the same cluster, however it is reached."""
        return isinstance(other, KubernetesTarget) and self.place == other.place

    @property
    def place(self) -> str:
        """Where its records lie: the same for all targets that are the same place."""
        return f"{self.kind}/{self.name}/{self.namespace}"

    def __str__(self) -> str:
        return self.namespace if self.name == DEFAULT_NAME else f"{self.name}/{self.namespace}"


Priority = Annotated[int, Field(ge=2, le=50000)]
"""Of a listener rule; the number below it belongs to the preview of the same service."""
PRIORITIES_APART = 2
"""At least, for two services at one listener."""


class AppConfigPlace(FrozenModel):
    """Where the flags of a stack are deployed; the profile has the name of the set."""

    application: Annotated[str, Field(min_length=1, max_length=64, description="Name of AppConfig's application.")]
    environment: Annotated[str, Field(min_length=1, max_length=64, description="Name of its environment.")]


Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="Region of everything here.")]
TableName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$", description="DynamoDB table of journals, Leases and intents.")
]


ListenerArn = Annotated[
    str,
    Field(
        pattern=r"^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/app/[A-Za-z0-9-]+/[0-9a-f]+/[0-9a-f]+$",
        description="ARN of the listener whose rules send to the services.",
    ),
]


class EcsTarget(FrozenModel):
    """An ECS cluster behind one listener of an Application Load Balancer, and the DynamoDB table of a stack's records.
    Endpoints and credentials are those of the environment, as of every client of AWS."""

    kind: Literal["ecs"]
    region: Region
    cluster: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$", description="Name of the ECS cluster, not its ARN.")
    ]
    listener: ListenerArn
    table: TableName
    rules: Annotated[
        dict[str, Priority],
        Field(description="Service -> priority of its rule; a preview has the number below it."),
    ] = {}

    app_config: Annotated[
        AppConfigPlace | None, Field(description="Where AWS AppConfig deploys the feature flags.")
    ] = None

    @field_validator("listener")
    @classmethod
    def _in_the_region(cls, listener: str, info: ValidationInfo) -> str:
        region = info.data.get("region")
        if region is not None and listener.split(":")[3] != region:
            raise ValueError(f"is in the region {listener.split(':')[3]}, and the target is in {region}")
        return listener

    @field_validator("rules")
    @classmethod
    def _with_room_for_previews(cls, rules: dict[str, int]) -> dict[str, int]:
        ordered = sorted(rules.items(), key=lambda rule: rule[1])
        for (first, low), (second, high) in pairwise(ordered):
            if high - low < PRIORITIES_APART:
                raise ValueError(f"{second} has {high} and {first} has {low}: leave the number below each free")
        return dict(sorted(rules.items()))

    def __hash__(self) -> int:
        """A place is a key of what is remembered of it; `rules` alone could not be hashed."""
        return hash((self.region, self.cluster, self.listener, self.table, *self.rules.items()))

    @property
    def scope(self) -> str:
        """What answers and messages call the namespace: the cluster."""
        return self.cluster

    @property
    def load_balancer(self) -> str:
        """The end of its ARN, `app/NAME/ID`, by which CloudWatch knows it."""
        return "/".join(self.listener.split("/")[1:4])

    def at(self, service: str | None) -> EcsTarget:
        """The same place with the rule of one service only, or of none: a new rule of another one is no change."""
        mine = {name: priority for name, priority in self.rules.items() if name == service}
        return self.model_copy(update={"rules": mine})

    def identity_of(self, service: str) -> str:
        """The id of what a stack releases for a service here."""
        return f"ecs/{self}/{service}"

    def has_gateway_of(self, other: Target) -> bool:
        """Whether both have the same listener."""
        return isinstance(other, EcsTarget) and self.listener == other.listener

    def is_same_place(self, other: Target) -> bool:
        """Whether both are the same cluster, and their records lie in the same table."""
        return isinstance(other, EcsTarget) and self.place == other.place

    @property
    def place(self) -> str:
        """Where its records lie: the same for all targets that are the same place."""
        return f"{self.kind}/{self.region}/{self.cluster}/{self.table}"

    def __str__(self) -> str:
        return f"{self.region}/{self.cluster}"


FUNCTION_NAME: Final = r"[A-Za-z0-9_-]{1,64}"
"""Of Lambda: the names of functions are those of a whole account and region."""


class LambdaTarget(FrozenModel):
    """Functions of one account and region, each with an alias that its users invoke, and the DynamoDB table of a
    stack's records. A function has the name of its service, unless its alias names another (`cart-staging:live`)."""

    kind: Literal["lambda"]
    region: Region
    account: Annotated[str, Field(pattern=r"^[0-9]{12}$", description="Number of the account, as a text.")]
    table: TableName
    aliases: Annotated[
        dict[str, Annotated[str, Field(pattern=rf"^({FUNCTION_NAME}:)?[A-Za-z_-][A-Za-z0-9_-]{{0,127}}$")]],
        Field(
            description="Service -> what its users invoke, ALIAS or FUNCTION:ALIAS; the function has the service's "
            "name when left out. The Rollout makes the alias."
        ),
    ] = {}

    @field_validator("aliases")
    @classmethod
    def _each_of_one_function(cls, aliases: dict[str, str]) -> dict[str, str]:
        """In order, and without the name of the function where it is the service's."""
        services: dict[str, str] = {}
        for service, invoked in sorted(aliases.items()):
            function = invoked.rpartition(":")[0] or service
            if (other := services.setdefault(function, service)) != service:
                raise ValueError(f"{service} and {other} have the same function {function}: name another for one")
        return {service: invoked.removeprefix(f"{service}:") for service, invoked in sorted(aliases.items())}

    def __hash__(self) -> int:
        """A place is a key of what is remembered of it; `aliases` alone could not be hashed."""
        return hash((self.region, self.account, self.table, *self.aliases.items()))

    def function_of(self, service: str) -> str:
        """The name of its function."""
        return self.aliases.get(service, "").rpartition(":")[0] or service

    def alias_of(self, service: str) -> str | None:
        """The alias of its function that users invoke; None where none is named."""
        return self.aliases[service].rpartition(":")[2] if service in self.aliases else None

    @property
    def scope(self) -> str:
        """What answers and messages call the namespace: account and region."""
        return f"{self.account}/{self.region}"

    def at(self, service: str | None) -> LambdaTarget:
        """The same place with the alias of one service only, or of none."""
        mine = {name: alias for name, alias in self.aliases.items() if name == service}
        return self.model_copy(update={"aliases": mine})

    def identity_of(self, service: str) -> str:
        """The id of what a stack releases for a service here."""
        return f"lambda/{self}/{service}"

    def has_gateway_of(self, other: Target) -> bool:
        """Never: each alias is a way in of its own."""
        return False

    def is_same_place(self, other: Target) -> bool:
        """Whether both are the same account and region, and their records lie in the same table."""
        return isinstance(other, LambdaTarget) and self.place == other.place

    @property
    def place(self) -> str:
        """Where its records lie: the same for all targets that are the same place."""
        return f"{self.kind}/{self.region}/{self.account}/{self.table}"

    def __str__(self) -> str:
        return f"{self.region}/{self.account}"


Target: TypeAlias = KubernetesTarget | EcsTarget | LambdaTarget
"""The union of the kinds, told apart by `kind`; without it a target is one of Kubernetes."""
Kind = Literal["kubernetes", "ecs", "lambda"]
"""Of a target, and of the platform of what runs there."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_ADAPTER: Final[TypeAdapter[Target]] = TypeAdapter(Annotated[Target, Field(discriminator="kind")])


def parse_target(plain: Mapping[str, Any]) -> Target:
    """The target of plain values, such as those that `model_dump` gives. Raises ValidationError."""
    return _ADAPTER.validate_python(_with_kind(plain))


def read_target(text: str) -> Target:
    """The target in the JSON of `model_dump_json`. Raises ValidationError."""
    return _ADAPTER.validate_json(text)


def _with_kind(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "kubernetes", **plain}


_STAY = "write that, or take the service out of the stack first"


def other_rule(old: Target, new: Target) -> str | None:
    """Why a service cannot go from one target to the other: its rule would be left behind with all of its traffic, as
    both have the same records. None where it can."""
    if isinstance(old, LambdaTarget) and isinstance(new, LambdaTarget) and old.is_same_place(new):
        return _other_alias(old, new)
    if not isinstance(old, EcsTarget) or not isinstance(new, EcsTarget) or not old.is_same_place(new):
        return None
    if old.listener != new.listener:
        return f"target.listener: the rule stands at {old.listener}; {_STAY}"
    for service in old.rules.keys() & new.rules.keys():
        if (number := old.rules[service]) != new.rules[service]:
            return (
                f"target.rules.{service}: the rule has {number}; write that, or take the service out of the stack first"
            )
    return None


def _other_alias(old: LambdaTarget, new: LambdaTarget) -> str | None:
    for service in old.aliases.keys() & new.aliases.keys():
        if (name := old.aliases[service]) != new.aliases[service]:
            return f"target.aliases.{service}: users invoke {name}; {_STAY}"
    return None


class Targeted(FrozenModel):
    """Inputs that name a target, by `namespace` alone when it is one of the default cluster: the short form. What is
    written is the short form wherever it says everything, so that inputs which were recorded before there were targets
    are no change."""

    target: Annotated[
        Target | None,
        Field(
            discriminator="kind",
            description="Where the services run: cluster and namespace (`namespace` is its short form), ECS or Lambda.",
        ),
    ] = None
    namespace: Annotated[
        DnsLabel | None, Field(validate_default=True, description="The Kubernetes namespace of the services.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        given = data.get("target")
        plain = given.model_dump() if isinstance(given, KubernetesTarget) else given
        if not isinstance(plain, Mapping):
            return data
        data = {**data, "target": _with_kind(plain)}
        if data.get("namespace") is not None or not isinstance(plain.get("namespace"), str):
            return data
        rest = {key: value for key, value in plain.items() if key != "namespace" and value is not None}
        usual = {"kind": "kubernetes", "name": DEFAULT_NAME}
        if any(usual.get(key) != value for key, value in rest.items()):
            return data
        return {**data, "target": None, "namespace": plain["namespace"]}

    @field_validator("namespace")
    @classmethod
    def _one_of_both(cls, namespace: str | None, info: ValidationInfo) -> str | None:
        if "target" not in info.data:
            return namespace  # the target was refused for a reason of its own
        if namespace is None and info.data["target"] is None:
            raise PydanticCustomError("missing", "Field required")
        if namespace is not None and info.data["target"] is not None:
            raise ValueError("stands beside target, which names the namespace too: leave one of them out")
        return namespace

    @property
    def where(self) -> Target:
        """The target, whichever form was given."""
        return self.target if self.target is not None else KubernetesTarget(namespace=self.namespace or "")


def recorded_target(recorded: Mapping[str, Any]) -> Target:
    """The target in recorded inputs or outputs, which another version may have written. Raises InputError."""
    given = recorded.get("target")
    try:
        values = given if isinstance(given, Mapping) else {"namespace": recorded.get("namespace")}
        return _ADAPTER.validate_python(_with_kind(values), extra="ignore")
    except ValidationError:
        raise InputError("Rollout", [Problem("namespace", NOT_RECORDED, NOT_IMPORTED)]) from None


NAMED_BY = ("target", "namespace")
"""The fields of recorded inputs that name the target."""


def moving_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """The changed fields by which new inputs are another resource than the old ones: another service or another place,
    so that the old one has to be deleted. Reaching the same place by another context is no such change."""
    changed = tuple(name for name in ("service", *NAMED_BY) if old.get(name) != new.get(name))
    if not any(name in changed for name in NAMED_BY):
        return changed
    try:
        same = recorded_target(old).is_same_place(recorded_target(new))
    except InputError:
        same = False
    return tuple(name for name in changed if name not in NAMED_BY) if same else changed
