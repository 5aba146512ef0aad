from __future__ import annotations

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]

from slipway.release.errors import ClusterError, LeaseLost
from slipway.rollout.platforms.aws.ecs import EcsWorkloads
from slipway.rollout.process.fence import Fence
from tests.unit.slipway.rollout.cloud import Cloud, answering, unanswered, untouched
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.platforms.aws.services import Services

BACKEND = backend()


@pytest.fixture
def services() -> Services:
    made = Services(Cloud())
    made.put(BACKEND.workload, BACKEND.entry, BACKEND.image, BACKEND.replicas)
    return made


def test_the_image_is_that_of_the_container_behind_the_load_balancer_and_is_asked_for_once(services: Services) -> None:
    workloads = services.workloads()
    assert workloads.readiness(BACKEND).image == BACKEND.image
    services.cloud.requests.clear()
    workloads.readiness(BACKEND)
    assert services.cloud.requests == ["DescribeServices", "DescribeTargetHealth"]


def test_a_service_that_is_not_ready_is_asked_why_its_tasks_have_stopped(services: Services) -> None:
    services.says(BACKEND.workload, running=1, rolloutState="FAILED", rolloutStateReason="circuit breaker")
    found = services.workloads().readiness(BACKEND)
    assert (found.ready, found.fatal) == (1, True)
    assert "ListTasks" in services.cloud.requests
    assert "circuit breaker" in (found.problem or "")


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "EXTERNAL"])
def test_a_service_with_another_controller_is_refused_by_name(services: Services, controller: str) -> None:
    other = backend("bbbbbbbb")
    services.put(other.workload, other.entry, other.image, 1, deploymentController={"type": controller})
    found = services.workloads().readiness(other)
    assert found.fatal
    assert controller in (found.problem or "")


def test_a_target_group_that_is_missing_is_an_error_and_never_ready(services: Services) -> None:
    services.forget(BACKEND.entry)
    with pytest.raises(ClusterError, match=f"target group {BACKEND.entry} does not exist"):
        services.workloads().readiness(BACKEND)


def test_a_scale_whose_answer_is_lost_is_sent_again(services: Services) -> None:
    services.cloud.before.extend([untouched, unanswered(services.cloud)])
    services.workloads().scale(BACKEND, 7)
    assert services.workloads().replicas(BACKEND) == 7
    assert services.cloud.requests.count("UpdateService") == 2


def test_tasks_that_outlive_their_service_still_run(services: Services) -> None:
    services.ecs.delete_service(cluster=services.cloud.name, service=BACKEND.workload, force=True)
    assert services.workloads().running(BACKEND) == 0
    tasks = [
        {"taskArn": f"arn:{number}", "group": f"service:{BACKEND.workload}", "lastStatus": status}
        for number, status in enumerate(["RUNNING", "STOPPED", "STOPPING"])
    ]

    class Pages:
        """Answers with one task a page, those that were told to stop apart."""

        def list_tasks(self, **asked: object) -> dict[str, object]:
            if asked["desiredStatus"] == "RUNNING":
                return {"taskArns": ["arn:0"]}
            return {"taskArns": ["arn:2"]} if "nextToken" in asked else {"taskArns": ["arn:1"], "nextToken": "more"}

        def describe_tasks(self, **asked: list[str]) -> dict[str, object]:
            return {"tasks": [task for task in tasks if task["taskArn"] in asked["tasks"]]}

        def describe_services(self, **_: object) -> dict[str, object]:
            return {"services": [{"status": "INACTIVE", "desiredCount": 3}]}

    workloads = EcsWorkloads(Pages(), services.elb, "c", patience=services.cloud.patience)  # type: ignore[arg-type]
    assert workloads.running(BACKEND) == 2


def test_a_scale_to_what_is_there_writes_nothing(services: Services) -> None:
    services.workloads().scale(BACKEND, BACKEND.replicas)
    assert services.cloud.requests == ["DescribeServices"]


def test_a_scale_that_is_refused_is_an_error(services: Services) -> None:
    services.cloud.before.extend([untouched, answering(400, "AccessDeniedException")])
    with pytest.raises(ClusterError, match="allow it in a policy"):
        services.workloads().scale(BACKEND, 7)


@pytest.mark.parametrize(("wanted", "left"), [(1, 3), (7, 7)], ids=["fewer", "more"])
def test_tasks_that_were_taken_away_too_late_come_back(services: Services, wanted: int, left: int) -> None:
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)

    def late(request: AWSPreparedRequest) -> AWSResponse | None:
        fence.lose("another holds the Lease")
        return services.cloud.serve(request)

    services.cloud.before.extend([untouched, late])
    with pytest.raises(LeaseLost):
        services.workloads(fence).scale(BACKEND, wanted)
    assert services.workloads().replicas(BACKEND) == left
