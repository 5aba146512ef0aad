"""The types that this stand-in knows, a row each."""

from __future__ import annotations

from typing import Any

from sandbox.standins.aws.entry import Attributes, Call, Entry, Tags
from sandbox.standins.aws.fields import Field, equal, same
from sandbox.standins.aws.functions import ALIAS, FUNCTION, PERMISSION

Json = dict[str, Any]
_ECS_TAGS = Tags(
    Call("list_tags_for_resource", {"resourceArn": "{arn}"}, "tags"),
    Call("tag_resource", {"resourceArn": "{arn}", "tags": "{tags}"}),
    Call("untag_resource", {"resourceArn": "{arn}", "tagKeys": "{keys}"}),
    ("key", "value"),
)
_ELB_TAGS = Tags(
    Call("describe_tags", {"ResourceArns": ["{arn}"]}, "TagDescriptions.0.Tags"),
    Call("add_tags", {"ResourceArns": ["{arn}"], "Tags": "{tags}"}),
    Call("remove_tags", {"ResourceArns": ["{arn}"], "TagKeys": "{keys}"}),
)


def _subnets(live: Json) -> Json:
    """They stand in the zones."""
    subnets = [one["SubnetId"] for one in live.get("AvailabilityZones") or []]
    return {**live, "Name": live["LoadBalancerName"], "Subnets": subnets}


def _listener_of(live: Json) -> Json:
    """A rule's ARN begins as that of its listener."""
    return {**live, "ListenerArn": live["RuleArn"].replace(":listener-rule/", ":listener/").rpartition("/")[0]}


def _with_condition_fields(request: Json) -> Json:
    """Each condition names itself by what it has."""
    for one in request.get("Conditions") or []:
        config = next(iter(one), "")
        one["Field"] = _FIELDS.get(config, config)
    return request


_FIELDS = {
    "HostHeaderConfig": "host-header",
    "HttpHeaderConfig": "http-header",
    "HttpRequestMethodConfig": "http-request-method",
    "PathPatternConfig": "path-pattern",
}


def _key_schema(request: Json) -> Json:
    """A list of keys, the one of partitions first."""
    keys = request.get("KeySchema") or {}
    pairs = [{"AttributeName": keys[kind], "KeyType": kind} for kind in ("HASH", "RANGE") if kind in keys]
    return {**request, "KeySchema": pairs} if pairs else request


def _keys(live: Json) -> Json:
    keys = {one["KeyType"]: one["AttributeName"] for one in live.get("KeySchema") or []}
    billing = (live.get("BillingModeSummary") or {}).get("BillingMode")
    return {**live, "KeySchema": keys, **({"BillingMode": billing} if billing else {})}


CLUSTER = Entry(
    type="aws:ecs/cluster:Cluster",
    args="ecs.cluster:ClusterArgs",
    service="ecs",
    fields=(Field("name", "clusterName"), Field("settings", "settings", each=equal("name", "value"))),
    create=Call("create_cluster", found="cluster"),
    read=Call("describe_clusters", {"clusters": ["{id}"]}, "clusters.0"),
    update=(Call("update_cluster", {"cluster": "{id}"}),),
    delete=Call("delete_cluster", {"cluster": "{id}"}),
    id="clusterArn",
    outputs={"arn": "clusterArn"},
    refused="configuration region serviceConnectDefaults",
    replaces="name",
    autonamed="name",
    tags=_ECS_TAGS,
    gone=("ClusterNotFoundException",),
    alive=lambda live: live["status"] == "ACTIVE",
)

TASK_DEFINITION = Entry(
    type="aws:ecs/taskDefinition:TaskDefinition",
    args="ecs.task_definition:TaskDefinitionArgs",
    service="ecs",
    fields=(
        Field("containerDefinitions", "containerDefinitions", "json"),
        *equal("family", "cpu", "memory", "networkMode", "executionRoleArn", "taskRoleArn"),
        *equal("requiresCompatibilities"),
        Field("runtimePlatform", "runtimePlatform", each=equal("cpuArchitecture", "operatingSystemFamily")),
    ),
    create=Call("register_task_definition", found="taskDefinition"),
    read=Call("describe_task_definition", {"taskDefinition": "{arn}"}, "taskDefinition"),
    delete=Call("deregister_task_definition", {"taskDefinition": "{arn}"}),
    id="family",
    outputs={"arn": "taskDefinitionArn", "revision": "revision"},
    refused="enableFaultInjection ephemeralStorage ipcMode pidMode placementConstraints proxyConfiguration region "
    "trackLatest volumes",
    ignored="skipDestroy",
    replaces="*",
    tags=_ECS_TAGS,
    gone=("ClientException",),
    alive=lambda live: live["status"] == "ACTIVE",
)

_BALANCED = equal("targetGroupArn", "containerName", "containerPort")
_AWSVPC = "networkConfiguration.awsvpcConfiguration"
SERVICE = Entry(
    type="aws:ecs/service:Service",
    args="ecs.service:ServiceArgs",
    service="ecs",
    fields=(
        Field("name", "serviceName"),
        *equal("cluster", "taskDefinition", "desiredCount", "launchType", "platformVersion", "schedulingStrategy"),
        *equal("healthCheckGracePeriodSeconds", "propagateTags", "availabilityZoneRebalancing"),
        Field("enableEcsManagedTags", "enableECSManagedTags"),
        Field("loadBalancers", "loadBalancers", each=_BALANCED),
        Field("networkConfiguration.subnets", f"{_AWSVPC}.subnets"),
        Field("networkConfiguration.securityGroups", f"{_AWSVPC}.securityGroups"),
        Field(
            "networkConfiguration.assignPublicIp", f"{_AWSVPC}.assignPublicIp", "choice", names=("ENABLED", "DISABLED")
        ),
        Field("deploymentCircuitBreaker.enable", "deploymentConfiguration.deploymentCircuitBreaker.enable"),
        Field("deploymentCircuitBreaker.rollback", "deploymentConfiguration.deploymentCircuitBreaker.rollback"),
        Field("deploymentConfiguration.strategy", "deploymentConfiguration.strategy"),
        Field("deploymentMaximumPercent", "deploymentConfiguration.maximumPercent"),
        Field("deploymentMinimumHealthyPercent", "deploymentConfiguration.minimumHealthyPercent"),
        Field("deploymentController.type", "deploymentController.type"),
    ),
    create=Call("create_service", found="service"),
    read=Call("describe_services", {"cluster": "{cluster}", "services": ["{id}"]}, "services.0"),
    update=(Call("update_service", {"cluster": "{cluster}", "service": "{id}"}),),
    delete=Call("delete_service", {"cluster": "{cluster}", "service": "{id}", "force": True}),
    id="serviceArn",
    outputs={"arn": "serviceArn"},
    refused="alarms capacityProviderStrategies enableExecuteCommand forceNewDeployment iamRole "
    "orderedPlacementStrategies placementConstraints region serviceConnectConfiguration serviceRegistries "
    "sigintRollback triggers volumeConfiguration vpcLatticeConfigurations",
    ignored="forceDelete waitForSteadyState",
    replaces="name cluster launchType schedulingStrategy deploymentController loadBalancers enableEcsManagedTags "
    "propagateTags platformVersion availabilityZoneRebalancing",
    autonamed="name",
    tags=_ECS_TAGS,
    gone=("ServiceNotFoundException", "ClusterNotFoundException", "ServiceNotActiveException"),
    alive=lambda live: live["status"] != "INACTIVE",
    inward=lambda live: {**live, "cluster": live["clusterArn"]},
)

TARGET_GROUP = Entry(
    type="aws:lb/targetGroup:TargetGroup",
    args="lb.target_group:TargetGroupArgs",
    service="elbv2",
    fields=(
        *same("name", "port", "protocol", "protocolVersion", "targetType", "vpcId", "ipAddressType"),
        Field("healthCheck.enabled", "HealthCheckEnabled"),
        Field("healthCheck.healthyThreshold", "HealthyThresholdCount"),
        Field("healthCheck.interval", "HealthCheckIntervalSeconds"),
        Field("healthCheck.matcher", "Matcher.HttpCode"),
        Field("healthCheck.path", "HealthCheckPath"),
        Field("healthCheck.port", "HealthCheckPort"),
        Field("healthCheck.protocol", "HealthCheckProtocol"),
        Field("healthCheck.timeout", "HealthCheckTimeoutSeconds"),
        Field("healthCheck.unhealthyThreshold", "UnhealthyThresholdCount"),
    ),
    create=Call("create_target_group", found="TargetGroups.0"),
    read=Call("describe_target_groups", {"TargetGroupArns": ["{id}"]}, "TargetGroups.0"),
    update=(Call("modify_target_group", {"TargetGroupArn": "{id}"}),),
    delete=Call("delete_target_group", {"TargetGroupArn": "{id}"}),
    id="TargetGroupArn",
    outputs={"arn": "TargetGroupArn"},
    refused="connectionTermination lambdaMultiValueHeadersEnabled loadBalancingAnomalyMitigation namePrefix "
    "preserveClientIp proxyProtocolV2 region stickiness targetControlPort targetFailovers targetGroupHealth "
    "targetHealthStates",
    replaces="name port protocol protocolVersion targetType vpcId ipAddressType",
    autonamed="name",
    tags=_ELB_TAGS,
    attributes=Attributes(
        Call("describe_target_group_attributes", {"TargetGroupArn": "{id}"}, "Attributes"),
        Call("modify_target_group_attributes", {"TargetGroupArn": "{id}", "Attributes": "{attributes}"}),
        {
            "deregistrationDelay": "deregistration_delay.timeout_seconds",
            "slowStart": "slow_start.duration_seconds",
            "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
            "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
        },
    ),
    gone=("TargetGroupNotFound",),
    inward=lambda live: {**live, "Name": live["TargetGroupName"]},
)

LOAD_BALANCER = Entry(
    type="aws:lb/loadBalancer:LoadBalancer",
    args="lb.load_balancer:LoadBalancerArgs",
    service="elbv2",
    fields=(
        *same("name", "subnets", "securityGroups", "ipAddressType"),
        Field("loadBalancerType", "Type"),
        Field("internal", "Scheme", "choice", names=("internal", "internet-facing")),
    ),
    create=Call("create_load_balancer", found="LoadBalancers.0"),
    read=Call("describe_load_balancers", {"LoadBalancerArns": ["{id}"]}, "LoadBalancers.0"),
    delete=Call("delete_load_balancer", {"LoadBalancerArn": "{id}"}),
    id="LoadBalancerArn",
    outputs={"arn": "LoadBalancerArn", "dnsName": "DNSName", "zoneId": "CanonicalHostedZoneId", "vpcId": "VpcId"},
    refused="accessLogs clientKeepAlive connectionLogs customerOwnedIpv4Pool desyncMitigationMode "
    "dnsRecordClientRoutingPolicy enablePrefixForIpv6SourceNat enableTlsVersionAndCipherSuiteHeaders "
    "enableWafFailOpen enableXffClientPort enableZonalShift enforceSecurityGroupInboundRulesOnPrivateLinkTraffic "
    "healthCheckLogs ipamPools minimumLoadBalancerCapacity namePrefix region "
    "secondaryIpsAutoAssignedPerSubnet subnetMappings xffHeaderProcessingMode",
    replaces="name subnets securityGroups ipAddressType loadBalancerType internal",
    inward=_subnets,
    autonamed="name",
    tags=_ELB_TAGS,
    attributes=Attributes(
        Call("describe_load_balancer_attributes", {"LoadBalancerArn": "{id}"}, "Attributes"),
        Call("modify_load_balancer_attributes", {"LoadBalancerArn": "{id}", "Attributes": "{attributes}"}),
        {
            "idleTimeout": "idle_timeout.timeout_seconds",
            "enableDeletionProtection": "deletion_protection.enabled",
            "enableHttp2": "routing.http2.enabled",
            "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
            "preserveHostHeader": "routing.http.preserve_host_header.enabled",
            "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
        },
    ),
    gone=("LoadBalancerNotFound",),
)

_ACTION = (
    *same("type", "order", "targetGroupArn"),
    Field("fixedResponse.contentType", "FixedResponseConfig.ContentType"),
    Field("fixedResponse.messageBody", "FixedResponseConfig.MessageBody"),
    Field("fixedResponse.statusCode", "FixedResponseConfig.StatusCode"),
    Field(
        "forward.targetGroups",
        "ForwardConfig.TargetGroups",
        each=(Field("arn", "TargetGroupArn"), Field("weight", "Weight")),
    ),
    Field("forward.stickiness.enabled", "ForwardConfig.TargetGroupStickinessConfig.Enabled"),
    Field("forward.stickiness.duration", "ForwardConfig.TargetGroupStickinessConfig.DurationSeconds"),
)
LISTENER = Entry(
    type="aws:lb/listener:Listener",
    args="lb.listener:ListenerArgs",
    service="elbv2",
    fields=(
        *same("loadBalancerArn", "port", "protocol"),
        Field("defaultActions", "DefaultActions", each=_ACTION),
    ),
    create=Call("create_listener", found="Listeners.0"),
    read=Call("describe_listeners", {"ListenerArns": ["{id}"]}, "Listeners.0"),
    update=(Call("modify_listener", {"ListenerArn": "{id}"}),),
    delete=Call("delete_listener", {"ListenerArn": "{id}"}),
    id="ListenerArn",
    outputs={"arn": "ListenerArn"},
    refused="alpnPolicy certificateArn sslPolicy mutualAuthentication region "
    "routingHttpRequestXAmznMtlsClientcertHeaderName "
    "routingHttpRequestXAmznMtlsClientcertIssuerHeaderName routingHttpRequestXAmznMtlsClientcertLeafHeaderName "
    "routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName "
    "routingHttpRequestXAmznMtlsClientcertSubjectHeaderName "
    "routingHttpRequestXAmznMtlsClientcertValidityHeaderName routingHttpRequestXAmznTlsCipherSuiteHeaderName "
    "routingHttpRequestXAmznTlsVersionHeaderName "
    "routingHttpResponseAccessControlAllowCredentialsHeaderValue "
    "routingHttpResponseAccessControlAllowHeadersHeaderValue "
    "routingHttpResponseAccessControlAllowMethodsHeaderValue "
    "routingHttpResponseAccessControlAllowOriginHeaderValue "
    "routingHttpResponseAccessControlExposeHeadersHeaderValue "
    "routingHttpResponseAccessControlMaxAgeHeaderValue routingHttpResponseContentSecurityPolicyHeaderValue "
    "routingHttpResponseServerEnabled routingHttpResponseStrictTransportSecurityHeaderValue "
    "routingHttpResponseXContentTypeOptionsHeaderValue routingHttpResponseXFrameOptionsHeaderValue "
    "tcpIdleTimeoutSeconds",
    replaces="loadBalancerArn",
    unique="loadBalancerArn port",
    tags=_ELB_TAGS,
    gone=("ListenerNotFound",),
)

_CONDITION = (
    Field("hostHeader.values", "HostHeaderConfig.Values"),
    Field("httpHeader.httpHeaderName", "HttpHeaderConfig.HttpHeaderName"),
    Field("httpHeader.values", "HttpHeaderConfig.Values"),
    Field("httpRequestMethod.values", "HttpRequestMethodConfig.Values"),
    Field("pathPattern.values", "PathPatternConfig.Values"),
)
LISTENER_RULE = Entry(
    type="aws:lb/listenerRule:ListenerRule",
    args="lb.listener_rule:ListenerRuleArgs",
    service="elbv2",
    fields=(
        *same("listenerArn", "priority"),
        Field("actions", "Actions", each=_ACTION),
        Field("conditions", "Conditions", each=_CONDITION),
    ),
    create=Call("create_rule", found="Rules.0"),
    read=Call("describe_rules", {"RuleArns": ["{id}"]}, "Rules.0"),
    update=(Call("modify_rule", {"RuleArn": "{id}"}),),
    delete=Call("delete_rule", {"RuleArn": "{id}"}),
    id="RuleArn",
    outputs={"arn": "RuleArn"},
    refused="region transforms",
    replaces="listenerArn priority",
    unique="listenerArn priority",
    outward=_with_condition_fields,
    inward=_listener_of,
    tags=_ELB_TAGS,
    gone=("RuleNotFound",),
)

TABLE = Entry(
    type="aws:dynamodb/table:Table",
    args="dynamodb.table:TableArgs",
    service="dynamodb",
    fields=(
        Field("name", "TableName"),
        *same("billingMode", "deletionProtectionEnabled", "tableClass"),
        Field(
            "attributes",
            "AttributeDefinitions",
            each=(Field("name", "AttributeName"), Field("type", "AttributeType")),
        ),
        Field("hashKey", "KeySchema.HASH"),
        Field("rangeKey", "KeySchema.RANGE"),
        Field("serverSideEncryption.enabled", "SSESpecification.Enabled"),
        Field("pointInTimeRecovery.enabled", "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"),
    ),
    create=Call("create_table", found="TableDescription"),
    read=Call("describe_table", {"TableName": "{id}"}, "Table"),
    update=(
        Call("update_table", {"TableName": "{id}"}),
        Call("update_continuous_backups", {"TableName": "{id}"}),
    ),
    delete=Call("delete_table", {"TableName": "{id}"}),
    id="TableName",
    outputs={"arn": "TableArn"},
    refused="globalSecondaryIndexes globalTableWitness importTable localSecondaryIndexes onDemandThroughput "
    "readCapacity region replicas restoreBackupArn restoreDateTime restoreSourceName restoreSourceTableArn "
    "restoreToLatestTime streamEnabled streamViewType ttl warmThroughput writeCapacity",
    unread="pointInTimeRecovery serverSideEncryption tableClass",
    replaces="name hashKey rangeKey attributes",
    outward=_key_schema,
    inward=_keys,
    autonamed="name",
    tags=Tags(
        Call("list_tags_of_resource", {"ResourceArn": "{arn}"}, "Tags"),
        Call("tag_resource", {"ResourceArn": "{arn}", "Tags": "{tags}"}),
        Call("untag_resource", {"ResourceArn": "{arn}", "TagKeys": "{keys}"}),
    ),
    gone=("ResourceNotFoundException",),
    ready=lambda live: live["TableStatus"] == "ACTIVE",
)

ROLE = Entry(
    type="aws:iam/role:Role",
    args="iam.role:RoleArgs",
    service="iam",
    fields=(
        Field("name", "RoleName"),
        Field("assumeRolePolicy", "AssumeRolePolicyDocument", "document"),
        *same("description", "maxSessionDuration", "path"),
    ),
    create=Call("create_role", found="Role"),
    read=Call("get_role", {"RoleName": "{id}"}, "Role"),
    update=(
        Call("update_role", {"RoleName": "{id}"}),
        Call(
            "update_assume_role_policy",
            {"RoleName": "{id}", "PolicyDocument": "{assumeRolePolicy}"},
            when="AssumeRolePolicyDocument",
        ),
    ),
    delete=Call("delete_role", {"RoleName": "{id}"}),
    id="RoleName",
    outputs={"arn": "Arn", "uniqueId": "RoleId"},
    refused="forceDetachPolicies inlinePolicies managedPolicyArns namePrefix permissionsBoundary",
    replaces="name path",
    autonamed="name",
    tags=Tags(
        Call("list_role_tags", {"RoleName": "{id}"}, "Tags"),
        Call("tag_role", {"RoleName": "{id}", "Tags": "{tags}"}),
        Call("untag_role", {"RoleName": "{id}", "TagKeys": "{keys}"}),
    ),
    gone=("NoSuchEntity",),
)

POLICY = Entry(
    type="aws:iam/policy:Policy",
    args="iam.policy:PolicyArgs",
    service="iam",
    fields=(Field("name", "PolicyName"), Field("policy", "PolicyDocument", "document"), *same("description", "path")),
    create=Call("create_policy", found="Policy"),
    read=Call("get_policy", {"PolicyArn": "{id}"}, "Policy"),
    delete=Call("delete_policy", {"PolicyArn": "{id}"}),
    id="Arn",
    outputs={"arn": "Arn", "policyId": "PolicyId"},
    refused="delayAfterPolicyCreationInMs namePrefix",
    unread="policy",
    replaces="*",
    autonamed="name",
    tags=Tags(
        Call("list_policy_tags", {"PolicyArn": "{id}"}, "Tags"),
        Call("tag_policy", {"PolicyArn": "{id}", "Tags": "{tags}"}),
        Call("untag_policy", {"PolicyArn": "{id}", "TagKeys": "{keys}"}),
    ),
    gone=("NoSuchEntity",),
)

LOG_GROUP = Entry(
    type="aws:cloudwatch/logGroup:LogGroup",
    args="cloudwatch.log_group:LogGroupArgs",
    service="logs",
    fields=(Field("name", "logGroupName"), Field("retentionInDays", "retentionInDays"), *equal("logGroupClass")),
    create=Call("create_log_group"),
    read=Call("describe_log_groups", {"logGroupNamePrefix": "{id}"}, "logGroups.0"),
    update=(Call("put_retention_policy", {"logGroupName": "{id}"}),),
    delete=Call("delete_log_group", {"logGroupName": "{id}"}),
    id="logGroupName",
    outputs={"arn": "arn"},
    refused="deletionProtectionEnabled kmsKeyId namePrefix region",
    ignored="skipDestroy",
    replaces="name logGroupClass",
    autonamed="name",
    gone=("ResourceNotFoundException",),
    tags=Tags(
        Call("list_tags_log_group", {"logGroupName": "{id}"}, "tags"),
        Call("tag_log_group", {"logGroupName": "{id}", "tags": "{tags}"}),
        Call("untag_log_group", {"logGroupName": "{id}", "tags": "{keys}"}),
        None,
    ),
)

_METRIC = "MetricStat.Metric"
_QUERY = (
    *same("id", "expression", "label", "returnData", "accountId", "period"),
    Field("metric.namespace", f"{_METRIC}.Namespace"),
    Field("metric.metricName", f"{_METRIC}.MetricName"),
    Field("metric.dimensions", f"{_METRIC}.Dimensions", "map"),
    Field("metric.period", "MetricStat.Period"),
    Field("metric.stat", "MetricStat.Stat"),
    Field("metric.unit", "MetricStat.Unit"),
)
_ALARM_TAGS = Tags(
    Call("list_tags_for_resource", {"ResourceARN": "{arn}"}, "Tags"),
    Call("tag_resource", {"ResourceARN": "{arn}", "Tags": "{tags}"}),
    Call("untag_resource", {"ResourceARN": "{arn}", "TagKeys": "{keys}"}),
)
METRIC_ALARM = Entry(
    type="aws:cloudwatch/metricAlarm:MetricAlarm",
    args="cloudwatch.metric_alarm:MetricAlarmArgs",
    service="cloudwatch",
    fields=(
        Field("name", "AlarmName"),
        *same("actionsEnabled", "alarmActions", "alarmDescription", "comparisonOperator", "datapointsToAlarm"),
        *same("evaluationPeriods", "extendedStatistic", "insufficientDataActions", "metricName", "namespace"),
        *same("period", "statistic", "threshold", "treatMissingData", "unit"),
        Field("okActions", "OKActions"),
        Field("dimensions", "Dimensions", "map"),
        Field("metricQueries", "Metrics", each=_QUERY),
    ),
    create=Call("put_metric_alarm"),
    read=Call("describe_alarms", {"AlarmNames": ["{id}"]}, "MetricAlarms.0"),
    update=(Call("put_metric_alarm", whole=True),),
    delete=Call("delete_alarms", {"AlarmNames": ["{id}"]}),
    id="AlarmName",
    outputs={"arn": "AlarmArn"},
    refused="evaluateLowSampleCountPercentiles evaluationCriteria evaluationInterval evaluationWindow region "
    "thresholdMetricId warmUpConfiguration",
    unread="metricQueries",
    replaces="name",
    autonamed="name",
    tags=_ALARM_TAGS,
    gone=("ResourceNotFound",),
)

COMPOSITE_ALARM = Entry(
    type="aws:cloudwatch/compositeAlarm:CompositeAlarm",
    args="cloudwatch.composite_alarm:CompositeAlarmArgs",
    service="cloudwatch",
    fields=(
        *same("alarmName", "actionsEnabled", "alarmActions", "alarmDescription", "alarmRule"),
        *same("insufficientDataActions"),
        Field("okActions", "OKActions"),
    ),
    create=Call("put_composite_alarm"),
    read=Call("describe_alarms", {"AlarmNames": ["{id}"], "AlarmTypes": ["CompositeAlarm"]}, "CompositeAlarms.0"),
    update=(Call("put_composite_alarm", whole=True),),
    delete=Call("delete_alarms", {"AlarmNames": ["{id}"]}),
    id="AlarmName",
    outputs={"arn": "AlarmArn"},
    refused="actionsSuppressor region",
    replaces="alarmName",
    autonamed="alarmName",
    tags=_ALARM_TAGS,
    gone=("ResourceNotFound",),
)


def _topic(live: Json) -> Json:
    """Its attributes are all that the API tells; the ARN ends with the name."""
    return {"TopicArn": live["TopicArn"], "Name": live["TopicArn"].rpartition(":")[2], "Attributes": live}


TOPIC = Entry(
    type="aws:sns/topic:Topic",
    args="sns.topic:TopicArgs",
    service="sns",
    fields=(
        *same("name"),
        Field("displayName", "Attributes.DisplayName"),
        Field("kmsMasterKeyId", "Attributes.KmsMasterKeyId"),
    ),
    create=Call("create_topic", found=""),
    read=Call("get_topic_attributes", {"TopicArn": "{id}"}, "Attributes"),
    delete=Call("delete_topic", {"TopicArn": "{id}"}),
    id="TopicArn",
    outputs={"arn": "TopicArn"},
    refused="applicationFailureFeedbackRoleArn applicationSuccessFeedbackRoleArn "
    "applicationSuccessFeedbackSampleRate archivePolicy contentBasedDeduplication deliveryPolicy fifoThroughputScope "
    "fifoTopic firehoseFailureFeedbackRoleArn firehoseSuccessFeedbackRoleArn firehoseSuccessFeedbackSampleRate "
    "httpFailureFeedbackRoleArn httpSuccessFeedbackRoleArn httpSuccessFeedbackSampleRate "
    "lambdaFailureFeedbackRoleArn lambdaSuccessFeedbackRoleArn lambdaSuccessFeedbackSampleRate maximumMessageSize "
    "namePrefix policy region signatureVersion sqsFailureFeedbackRoleArn sqsSuccessFeedbackRoleArn "
    "sqsSuccessFeedbackSampleRate tracingConfig",
    replaces="name displayName kmsMasterKeyId",
    inward=_topic,
    autonamed="name",
    tags=Tags(
        Call("list_tags_for_resource", {"ResourceArn": "{id}"}, "Tags"),
        Call("tag_resource", {"ResourceArn": "{id}", "Tags": "{tags}"}),
        Call("untag_resource", {"ResourceArn": "{id}", "TagKeys": "{keys}"}),
    ),
    gone=("NotFound", "NotFoundException"),
)

TOPIC_SUBSCRIPTION = Entry(
    type="aws:sns/topicSubscription:TopicSubscription",
    args="sns.topic_subscription:TopicSubscriptionArgs",
    service="sns",
    fields=(
        Field("topic", "TopicArn"),
        *same("protocol", "endpoint"),
        Field("rawMessageDelivery", "Attributes.RawMessageDelivery"),
    ),
    create=Call("subscribe", {"ReturnSubscriptionArn": True}, found=""),
    read=Call("get_subscription_attributes", {"SubscriptionArn": "{id}"}, "Attributes"),
    delete=Call("unsubscribe", {"SubscriptionArn": "{id}"}),
    id="SubscriptionArn",
    outputs={"arn": "SubscriptionArn"},
    refused="deliveryPolicy filterPolicy filterPolicyScope redrivePolicy region replayPolicy subscriptionRoleArn",
    ignored="confirmationTimeoutInMinutes endpointAutoConfirms",
    unread="rawMessageDelivery",
    replaces="*",
    gone=("NotFound", "NotFoundException"),
)

APPLICATION = Entry(
    type="aws:appconfig/application:Application",
    args="appconfig.application:ApplicationArgs",
    service="appconfig",
    fields=same("name", "description"),
    create=Call("create_application"),
    read=Call("get_application", {"ApplicationId": "{id}"}),
    update=(Call("update_application", {"ApplicationId": "{id}"}),),
    delete=Call("delete_application", {"ApplicationId": "{id}"}),
    id="Id",
    outputs={},
    refused="region tags",
    replaces="",
    autonamed="name",
    gone=("ResourceNotFoundException",),
)

_ENVIRONMENT = {"ApplicationId": "{applicationId}", "EnvironmentId": "{id}"}
ENVIRONMENT = Entry(
    type="aws:appconfig/environment:Environment",
    args="appconfig.environment:EnvironmentArgs",
    service="appconfig",
    fields=(
        *same("applicationId", "name", "description"),
        Field("monitors", "Monitors", each=same("alarmArn", "alarmRoleArn")),
    ),
    create=Call("create_environment"),
    read=Call("get_environment", _ENVIRONMENT),
    update=(Call("update_environment", _ENVIRONMENT),),
    delete=Call("delete_environment", _ENVIRONMENT),
    id="Id",
    outputs={"environmentId": "Id", "state": "State"},
    refused="region tags",
    replaces="applicationId",
    autonamed="name",
    gone=("ResourceNotFoundException",),
)

_PROFILE = {"ApplicationId": "{applicationId}", "ConfigurationProfileId": "{id}"}
CONFIGURATION_PROFILE = Entry(
    type="aws:appconfig/configurationProfile:ConfigurationProfile",
    args="appconfig.configuration_profile:ConfigurationProfileArgs",
    service="appconfig",
    fields=(
        *same("applicationId", "name", "description", "locationUri", "retrievalRoleArn", "type"),
        Field("validators", "Validators", each=same("type", "content")),
    ),
    create=Call("create_configuration_profile"),
    read=Call("get_configuration_profile", _PROFILE),
    update=(Call("update_configuration_profile", _PROFILE),),
    delete=Call("delete_configuration_profile", _PROFILE),
    id="Id",
    outputs={"configurationProfileId": "Id"},
    refused="kmsKeyIdentifier region tags",
    replaces="applicationId locationUri type",
    autonamed="name",
    gone=("ResourceNotFoundException",),
)

DEPLOYMENT_STRATEGY = Entry(
    type="aws:appconfig/deploymentStrategy:DeploymentStrategy",
    args="appconfig.deployment_strategy:DeploymentStrategyArgs",
    service="appconfig",
    fields=same(
        *("name", "description", "deploymentDurationInMinutes", "finalBakeTimeInMinutes", "growthFactor"),
        *("growthType", "replicateTo"),
    ),
    create=Call("create_deployment_strategy"),
    read=Call("get_deployment_strategy", {"DeploymentStrategyId": "{id}"}),
    update=(Call("update_deployment_strategy", {"DeploymentStrategyId": "{id}"}),),
    delete=Call("delete_deployment_strategy", {"DeploymentStrategyId": "{id}"}),
    id="Id",
    outputs={},
    refused="region tags",
    replaces="name replicateTo",
    autonamed="name",
    gone=("ResourceNotFoundException",),
)

ENTRIES = {
    one.type: one
    for one in (
        *(CLUSTER, TASK_DEFINITION, SERVICE),
        *(TARGET_GROUP, LOAD_BALANCER, LISTENER, LISTENER_RULE),
        *(TABLE, ROLE, POLICY, LOG_GROUP),
        *(FUNCTION, ALIAS, PERMISSION),
        *(APPLICATION, ENVIRONMENT, CONFIGURATION_PROFILE, DEPLOYMENT_STRATEGY),
        *(METRIC_ALARM, COMPOSITE_ALARM, TOPIC, TOPIC_SUBSCRIPTION),
    )
}
"""By type."""
