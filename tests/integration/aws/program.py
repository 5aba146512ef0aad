"""A program with a resource of each type that the stand-in of the AWS provider knows."""

from __future__ import annotations

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

tags = {"owner": "shop"}
cluster = aws.ecs.Cluster("cluster", name=f"{NAME}-all", tags=tags)
table = aws.dynamodb.Table(
    "table",
    billing_mode="PAY_PER_REQUEST",
    hash_key="service",
    range_key="item",
    attributes=[{"name": "service", "type": "S"}, {"name": "item", "type": "S"}],
    point_in_time_recovery={"enabled": True},
    tags=tags,
)
trust = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
role = aws.iam.Role("role", assume_role_policy=json.dumps(trust), description="of tasks", tags=tags)
allowed = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}
policy = aws.iam.Policy("policy", policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
logs = aws.cloudwatch.LogGroup("logs", retention_in_days=RETENTION)
group = aws.lb.TargetGroup(
    "group",
    port=8080,
    protocol="HTTP",
    target_type="ip",
    vpc_id=VPC,
    deregistration_delay=10,
    health_check={"path": "/readyz", "interval": 5, "healthy_threshold": 2, "matcher": "200"},
    tags=tags,
)
alarm = aws.cloudwatch.MetricAlarm(
    "alarm",
    comparison_operator="GreaterThanThreshold",
    evaluation_periods=3,
    datapoints_to_alarm=2,
    metric_name="HTTPCode_Target_5XX_Count",
    namespace="AWS/ApplicationELB",
    period=60,
    statistic="Sum",
    threshold=THRESHOLD,
    treat_missing_data="notBreaching",
    dimensions={"TargetGroup": "targetgroup/shop/1"},
)
topic = aws.sns.Topic("topic", display_name="pages", tags=tags)
told = aws.sns.TopicSubscription("told", topic=topic.arn, protocol="sqs", endpoint=QUEUE)
counted = {"namespace": "AWS/ApplicationELB", "metric_name": "RequestCount", "period": 300, "stat": "Sum"}
part = aws.cloudwatch.MetricAlarm(
    "part",
    comparison_operator="GreaterThanThreshold",
    evaluation_periods=1,
    threshold=0,
    treat_missing_data="notBreaching",
    metric_queries=[
        {"id": "total", "metric": {**counted, "dimensions": {"LoadBalancer": "app/shop/1"}}, "return_data": False},
        {"id": "over", "expression": "IF(total > 10, 1, 0)", "label": "over", "return_data": True},
    ],
    tags=tags,
)
whole = aws.cloudwatch.CompositeAlarm(
    "whole",
    alarm_name=f"{NAME}-whole",
    alarm_rule=part.name.apply(lambda name: f'ALARM("{name}")'),
    alarm_description="of one part",
    alarm_actions=[topic.arn],
    tags=tags,
)
application = aws.appconfig.Application("application", description="of flags")
environment = aws.appconfig.Environment("environment", application_id=application.id)
profile = aws.appconfig.ConfigurationProfile(
    "profile", application_id=application.id, location_uri="hosted", type="AWS.Freeform"
)
strategy = aws.appconfig.DeploymentStrategy(
    "strategy",
    growth_factor=100,
    deployment_duration_in_minutes=0,
    final_bake_time_in_minutes=0,
    replicate_to="NONE",
)
balancer = aws.lb.LoadBalancer("balancer", internal=True, subnets=SUBNETS, idle_timeout=30, tags=tags)
nothing = {"type": "fixed-response", "fixed_response": {"content_type": "text/plain", "status_code": "404"}}
listener = aws.lb.Listener(
    "listener", load_balancer_arn=balancer.arn, port=PORT, protocol="HTTP", default_actions=[nothing]
)
rule = aws.lb.ListenerRule(
    "rule",
    listener_arn=listener.arn,
    priority=10,
    actions=[{"type": "forward", "forward": {"target_groups": [{"arn": group.arn, "weight": 100}]}}],
    conditions=[{"path_pattern": {"values": ["/*"]}}],
)
task = aws.ecs.TaskDefinition(
    "task",
    family=f"{NAME}-task",
    network_mode="awsvpc",
    cpu="256",
    memory="512",
    requires_compatibilities=["FARGATE"],
    execution_role_arn=role.arn,
    container_definitions=json.dumps(
        [{"name": "app", "image": IMAGE, "portMappings": [{"containerPort": 8080}], "stopTimeout": 5}]
    ),
)
service = aws.ecs.Service(
    "service",
    cluster=cluster.arn,
    task_definition=task.arn,
    desired_count=DESIRED,
    launch_type="FARGATE",
    load_balancers=[{"target_group_arn": group.arn, "container_name": "app", "container_port": 8080}],
    network_configuration={"subnets": SUBNETS, "assign_public_ip": False},
    deployment_circuit_breaker={"enable": True, "rollback": False},
    opts=pulumi.ResourceOptions(depends_on=[rule]),
)
function = aws.lambda_.Function(
    "function",
    package_type="Image",
    image_uri=IMAGE,
    image_config={"commands": ["--quiet"]},
    role=role.arn,
    publish=True,
    description="of the shop",
    memory_size=MEMORY,
    environment={"variables": {"AWS_LWA_PORT": "8080", "AWS_LWA_READINESS_CHECK_PATH": "/readyz"}},
    tags=tags,
)
alias = aws.lambda_.Alias("alias", name="live", function_name=function.name, function_version="1")
invoked = aws.lambda_.Permission(
    "invoked",
    action="lambda:InvokeFunction",
    function=function.name,
    qualifier=alias.name,
    principal="events.amazonaws.com",
    source_arn=topic.arn,
)
pulumi.export("function", function.name)
pulumi.export("service", service.name)
pulumi.export("cluster", cluster.name)
pulumi.export("alarm", alarm.name)
pulumi.export("part", part.name)
pulumi.export("logs", logs.name)
pulumi.export("rule", rule.arn)
"""
