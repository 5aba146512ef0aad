"""The types of AWS Lambda that this stand-in knows, a row each. Functions are images."""

from __future__ import annotations

import json
from typing import Any

from sandbox.standins.aws.entry import Call, Entry, Tags
from sandbox.standins.aws.fields import Field, same

Json = dict[str, Any]
_CONFIGURED = "Description Environment EphemeralStorage ImageConfig MemorySize Role Timeout VpcConfig"


def _configuration(live: Json) -> Json:
    """What is read lies in two places, and the image's settings in a third."""
    found = live["Configuration"]
    image = (found.get("ImageConfigResponse") or {}).get("ImageConfig") or {}
    network = {name: value for name, value in (found.get("VpcConfig") or {}).items() if name != "VpcId" and value}
    return {**found, "Code": live["Code"], "ImageConfig": image, "VpcConfig": network}


FUNCTION = Entry(
    type="aws:lambda/function:Function",
    args="lambda_.function:FunctionArgs",
    service="lambda",
    fields=(
        Field("name", "FunctionName"),
        Field("imageUri", "Code.ImageUri"),
        *same("packageType", "role", "description", "memorySize", "timeout", "publish", "architectures"),
        Field("environment", "Environment", each=same("variables")),
        Field("ephemeralStorage", "EphemeralStorage", each=same("size")),
        Field("vpcConfig", "VpcConfig", each=same("subnetIds", "securityGroupIds", "ipv6AllowedForDualStack")),
        Field(
            "imageConfig",
            "ImageConfig",
            each=(Field("commands", "Command"), Field("entryPoints", "EntryPoint"), *same("workingDirectory")),
        ),
    ),
    create=Call("create_function"),
    read=Call("get_function", {"FunctionName": "{id}"}),
    update=(
        Call("update_function_configuration", {"FunctionName": "{id}"}),
        Call("update_function_code", {"FunctionName": "{id}", "ImageUri": "{imageUri}", "Publish": False}, when="Code"),
        Call(
            "publish_version",
            {"FunctionName": "{id}"},
            when=f"Code Architectures Publish {_CONFIGURED}",
            needs="publish",
        ),
    ),
    delete=Call("delete_function", {"FunctionName": "{id}"}),
    id="FunctionName",
    outputs={"arn": "FunctionArn"},
    refused="capacityProviderConfig code codeSha256 codeSigningConfigArn deadLetterConfig durableConfig "
    "fileSystemConfig handler kmsKeyArn layers loggingConfig publishTo region replaceSecurityGroupsOnDestroy "
    "replacementSecurityGroupIds reservedConcurrentExecutions runtime s3Bucket s3Key s3ObjectVersion snapStart "
    "sourceCodeHash sourceKmsKeyArn tenancyConfig tracingConfig",
    ignored="skipDestroy useResourceTimeoutForPropagation",
    unread="publish",
    replaces="name packageType",
    autonamed="name",
    tags=Tags(
        Call("list_tags", {"Resource": "{arn}"}, "Tags"),
        Call("tag_resource", {"Resource": "{arn}", "Tags": "{tags}"}),
        Call("untag_resource", {"Resource": "{arn}", "TagKeys": "{keys}"}),
        None,
    ),
    inward=_configuration,
    gone=("ResourceNotFoundException",),
    ready=lambda live: live.get("State") != "Pending" and live.get("LastUpdateStatus") != "InProgress",
)


def _routing(request: Json) -> Json:
    """No weights are said as none: what is left out stays as it is."""
    return {"RoutingConfig": {"AdditionalVersionWeights": {}}, **request}


def _alias(live: Json) -> Json:
    """The function's name stands in the ARN."""
    return {**live, "FunctionName": live["AliasArn"].split(":")[-2]}


_ALIAS = {"FunctionName": "{functionName}", "Name": "{name}"}
ALIAS = Entry(
    type="aws:lambda/alias:Alias",
    args="lambda_.alias:AliasArgs",
    service="lambda",
    fields=(
        *same("functionName", "name", "functionVersion", "description"),
        Field("routingConfig", "RoutingConfig", each=same("additionalVersionWeights")),
    ),
    create=Call("create_alias"),
    read=Call("get_alias", _ALIAS),
    update=(Call("update_alias", _ALIAS),),
    delete=Call("delete_alias", _ALIAS),
    id="AliasArn",
    outputs={"arn": "AliasArn"},
    refused="region",
    replaces="functionName name",
    autonamed="name",
    outward=_routing,
    inward=_alias,
    gone=("ResourceNotFoundException",),
)


def _statement(policy: str, known: Json) -> Json | None:
    """The statement of that name."""
    found = [one for one in json.loads(policy)["Statement"] if one["Sid"] == known["statementId"]]
    return found[0] if found else None


def _permission(live: Json) -> Json:
    """A statement of a policy, as what made it."""
    function, _, qualifier = live["Resource"].partition(":function:")[2].partition(":")
    principal = live["Principal"]
    found = {
        "FunctionName": function,
        "Qualifier": qualifier or None,
        "StatementId": live["Sid"],
        "Action": live["Action"],
        "Principal": next(iter(principal.values())) if isinstance(principal, dict) else principal,
    }
    for terms in (live.get("Condition") or {}).values():
        for key, value in terms.items():
            found[_CONDITIONS[key.lower()]] = value
    return found


_CONDITIONS = {
    "aws:sourcearn": "SourceArn",
    "aws:sourceaccount": "SourceAccount",
    "aws:principalorgid": "PrincipalOrgID",
    "lambda:functionurlauthtype": "FunctionUrlAuthType",
    "lambda:eventsourcetoken": "EventSourceToken",
    "lambda:invokedviafunctionurl": "InvokedViaFunctionUrl",
}
PERMISSION = Entry(
    type="aws:lambda/permission:Permission",
    args="lambda_.permission:PermissionArgs",
    service="lambda",
    fields=(
        Field("function", "FunctionName"),
        Field("principalOrgId", "PrincipalOrgID"),
        *same("statementId", "action", "principal", "qualifier", "sourceArn", "sourceAccount", "eventSourceToken"),
        *same("functionUrlAuthType", "invokedViaFunctionUrl"),
    ),
    create=Call("add_permission"),
    read=Call("get_policy", {"FunctionName": "{function}"}, "Policy"),
    delete=Call("remove_permission", {"FunctionName": "{function}", "StatementId": "{id}"}),
    id="StatementId",
    outputs={},
    refused="region statementIdPrefix",
    replaces="*",
    autonamed="statementId",
    pick=_statement,
    inward=_permission,
    gone=("ResourceNotFoundException",),
)
