"""What the journal, the registry and Prometheus say, as the gates want it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2
import pytest

from slipway.release.declared import DeclaredRelease
from slipway.release.gating.configuration import Configuration, Section
from slipway.release.gating.settings import IntegrityGate
from slipway.release.readiness.gate_input import BudgetStatus, ObservedArtifact
from slipway.release.records.journal import Commit, Completed, Head
from slipway.release.release_inputs import Observed
from slipway.release.target import KubernetesTarget
from slipway.rollout.gate_inputs import error_budget as budget
from slipway.rollout.gate_inputs import registry
from slipway.rollout.gate_inputs.observe import judged_of, observe_undeclared, remembered
from tests.manifests import release
from tests.unit.slipway.cli.examples import world
from tests.unit.slipway.rollout.examples import serving

MANIFEST = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
IMAGE = f"registry.example/team/checkout@{DIGEST}"
ONE, TWO = "1" * 64, "2" * 64


def _head(*revisions: str) -> Head:
    """A journal whose releases completed in this order, the last one serving."""
    completed = tuple(
        Completed(revision=one, version=one, image="i", manifest=f"{one}.yaml", at=0.0) for one in reversed(revisions)
    )
    commits = tuple(Commit(revision=one, at=0.0) for one in reversed(revisions))
    return Head(service="checkout", serving=serving(revisions[-1]), completed=completed, commits=commits)


def test_bytes_that_were_judged_and_whose_revision_completed_here_are_settled() -> None:
    head = _head("aaaaaaaa", "bbbbbbbb")
    assert remembered(head, "bbbbbbbb", TWO, (ONE, TWO)).settled
    assert remembered(head, "aaaaaaaa", ONE, (ONE, TWO)).settled, "a rollback goes by its recorded verdict"


@pytest.mark.parametrize(
    ("revision", "sha256", "judged"),
    [("bbbbbbbb", TWO, ()), ("bbbbbbbb", TWO, (ONE,)), ("cccccccc", TWO, (TWO,))],
    ids=["never judged", "other bytes were judged", "judged but never completed"],
)
def test_anything_else_is_judged(revision: str, sha256: str, judged: tuple[str, ...]) -> None:
    assert not remembered(_head("aaaaaaaa", "bbbbbbbb"), revision, sha256, judged).settled


def test_without_a_journal_nothing_is_settled_and_the_ledger_stays() -> None:
    found = remembered(None, "aaaaaaaa", ONE, (TWO, ONE))
    assert (found.settled, found.first, found.judged) == (False, False, (TWO, ONE))


def test_the_journal_says_how_many_completed_and_how_many_were_aborted() -> None:
    head = _head("aaaaaaaa", "bbbbbbbb")
    found = remembered(head, "cccccccc", ONE, ())
    assert (found.completed, found.aborted) == (2, 0)
    nobody_asked = remembered(None, "cccccccc", ONE, ())
    assert (nobody_asked.completed, nobody_asked.aborted) == (None, None)


def test_previous_is_what_serves_or_what_served_before_it() -> None:
    head = _head("aaaaaaaa", "bbbbbbbb")
    new, same = remembered(head, "cccccccc", ONE, ()), remembered(head, "bbbbbbbb", ONE, ())
    assert new.previous is not None
    assert new.previous.manifest == "bbbbbbbb.yaml"
    assert same.previous is not None
    assert same.previous.manifest == "aaaaaaaa.yaml"
    assert remembered(_head("aaaaaaaa"), "aaaaaaaa", ONE, ()).previous is None


def test_the_ledger_is_bounded_and_taken_from_the_state_with_care() -> None:
    many = tuple(f"{number:064x}" for number in range(300))
    assert len(remembered(None, "a", ONE, many).judged) == 100
    assert judged_of({"judged": [ONE, 7]}) == (ONE,)
    assert judged_of(None) == ()


def test_a_release_that_no_program_declares_yet_is_never_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = DeclaredRelease(release(), "releases/checkout/1.yaml", ONE)
    made = world(_head("aaaaaaaa", declared.revision))
    monkeypatch.setattr("slipway.rollout.gate_inputs.observe.connect_adapters", lambda service, target: made)
    unasked = Configuration({"artifact-integrity": Section(settings=IntegrityGate(registry=False))})
    found = observe_undeclared(declared, KubernetesTarget(namespace="shop"), unasked)
    assert (found.settled, found.first, found.completed) == (False, False, 2)
    assert found.previous is not None
    assert found.previous.revision == "aaaaaaaa"
    assert observe_undeclared(declared, None, unasked) == Observed()


# -- the registry --------------------------------------------------------------------------------------------------


def _ask(answer: Callable[[httpx2.Request], httpx2.Response], image: str = IMAGE) -> ObservedArtifact:
    return registry.observe(image, transport=httpx2.MockTransport(answer))


def _refusing(status: int, request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(status)


def test_the_digest_is_computed_from_the_bytes_and_not_copied_from_a_header() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert str(request.url) == f"https://registry.example/v2/team/checkout/manifests/{DIGEST}"
        return httpx2.Response(200, content=MANIFEST + b" ", headers={"Docker-Content-Digest": DIGEST})

    found = _ask(answer)
    assert (found.exists, found.error) == (True, None)
    assert found.digest != DIGEST


def test_an_image_that_is_there_is_reported_with_its_digest() -> None:
    assert _ask(lambda _: httpx2.Response(200, content=MANIFEST)).digest == DIGEST


def test_not_found_is_an_answer_and_anything_else_an_error() -> None:
    missing = _ask(lambda _: httpx2.Response(404))
    assert (missing.exists, missing.error) == (False, None)
    for status in (401, 403, 429, 500):
        found = _ask(partial(_refusing, status))
        assert not found.exists
        assert str(status) in (found.error or "")


def test_a_registry_that_cannot_be_reached_is_an_error_and_no_exception() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    assert "ConnectError" in (_ask(answer).error or "")
    assert "host" in (_ask(answer, "checkout").error or "")


def test_a_token_is_fetched_where_the_registry_wants_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "auth.example":
            assert dict(request.url.params) == {"service": "registry", "scope": "repository:team/checkout:pull"}
            return httpx2.Response(200, json={"token": "t0k"})
        if request.headers.get("Authorization") == "Bearer t0k":
            return httpx2.Response(200, content=MANIFEST)
        scope = 'Bearer realm="https://auth.example/t",service="registry",scope="repository:team/checkout:pull"'
        return httpx2.Response(401, headers={"WWW-Authenticate": scope})

    assert _ask(answer).digest == DIGEST


def test_a_token_service_without_tls_is_not_asked() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.host == "registry.example"
        return httpx2.Response(401, headers={"WWW-Authenticate": 'Bearer realm="http://auth.example/t"'})

    assert "without TLS" in (_ask(answer).error or "")


@pytest.mark.parametrize(("realm", "sent"), [("auth.registry.example", True), ("evil.test", False)])
def test_the_registrys_credentials_stay_in_its_domain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, realm: str, sent: bool
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"registry.example": {"auth": "dTpw"}}}))
    asked: list[tuple[str, bool]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.url.host, "Authorization" in request.headers))
        if request.url.host == realm:
            return httpx2.Response(200 if "Authorization" in request.headers else 401, json={"token": "t0k"})
        if request.headers.get("Authorization") == "Bearer t0k":
            return httpx2.Response(200, content=MANIFEST)
        return httpx2.Response(401, headers={"WWW-Authenticate": f'Bearer realm="https://{realm}/t"'})

    found = _ask(answer)
    assert (realm, sent) in asked
    assert (realm, not sent) not in asked
    assert sent or "tokenServices" in (found.error or "")
    named = registry.observe(IMAGE, token_services=(realm,), transport=httpx2.MockTransport(answer))
    assert named.exists


@pytest.mark.parametrize(
    "name",
    [
        "registry.example/../../x",
        "registry.example/a//b",
        "registry.example/a/",
        "169.254.169.254/latest",
        "[fe80::1]/x",
    ],
)
def test_what_no_registry_has_is_not_asked_for(name: str) -> None:
    found = _ask(lambda _: pytest.fail("somebody was asked"), f"{name}@{DIGEST}")
    assert not found.exists
    assert "is not asked for" in (found.error or "")


def test_a_manifest_without_end_is_not_read_to_its_end() -> None:
    found = _ask(lambda _: httpx2.Response(200, content=b"x" * (registry.LARGEST + 1)))
    assert "more than" in (found.error or "")


class Ecr:
    """As much of boto3's client as is used."""

    def __init__(self, images: list[dict[str, str]], mutability: str = "IMMUTABLE", failure: str | None = None) -> None:
        self._images, self._mutability, self._failure = images, mutability, failure

    def batch_get_image(self, **asked: object) -> dict[str, object]:
        assert asked["registryId"] == "000000000000"
        assert asked["imageIds"] == [{"imageDigest": DIGEST}]
        return {"images": self._images, "failures": [{"failureCode": self._failure}] if self._failure else []}

    def describe_repositories(self, **asked: object) -> dict[str, object]:
        return {"repositories": [{"imageTagMutability": self._mutability}]}


@pytest.mark.parametrize(
    ("client", "exists", "digest", "immutable", "error"),
    [
        (Ecr([{"imageManifest": MANIFEST.decode()}]), True, DIGEST, True, None),
        (Ecr([{"imageManifest": MANIFEST.decode()}], "MUTABLE"), True, DIGEST, False, None),
        (Ecr([], failure="ImageNotFound"), False, None, None, None),
        (Ecr([], failure="KmsError"), False, None, None, "ECR: KmsError"),
    ],
    ids=["there", "mutable", "missing", "failing"],
)
def test_ecr_is_asked_by_boto3(
    monkeypatch: pytest.MonkeyPatch,
    client: Ecr,
    exists: bool,
    digest: str | None,
    immutable: bool | None,
    error: str | None,
) -> None:
    monkeypatch.setattr("boto3.client", lambda service, region_name: client)
    found = registry.observe(f"000000000000.dkr.ecr.eu-central-1.amazonaws.com/team/checkout@{DIGEST}")
    assert (found.exists, found.digest, found.tag_immutable, found.error) == (exists, digest, immutable, error)


# -- the error budget ----------------------------------------------------------------------------------------------


def _budget(*result: dict[str, object], status: int = 200) -> BudgetStatus:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.params["query"] == 'slo:remaining{service="checkout"}'
        return httpx2.Response(
            status, json={"status": "success", "data": {"resultType": "vector", "result": list(result)}}
        )

    query = 'slo:remaining{service="{service}"}'
    return budget.observe("http://prometheus.example", query, "checkout", httpx2.MockTransport(answer))


def test_the_budget_is_asked_for_with_the_token_of_the_metrics_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        said.append(request.headers.get("Authorization"))
        return httpx2.Response(
            200, json={"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "1"]}]}}
        )

    def ask() -> BudgetStatus:
        return budget.observe("http://prometheus.example", "x", "checkout", httpx2.MockTransport(answer))

    assert ask().remaining == 1
    monkeypatch.setenv("SLIPWAY_METRICS_TOKEN_FILE", str(tmp_path / "token"))
    assert "token file cannot be read" in ask().problem
    (tmp_path / "token").write_text("t0k\n")
    assert ask().remaining == 1
    assert said == [None, "Bearer t0k"]


@pytest.mark.parametrize("more", [{"isPartial": True}, {"warnings": ["a store is away"]}])
def test_a_partial_budget_is_no_number(more: dict[str, object]) -> None:
    body = {"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "1"]}]}, **more}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=body))
    found = budget.observe("http://prometheus.example", "x", "checkout", transport)
    assert (found.remaining, "partial answer" in found.problem) == (None, True)


@pytest.mark.parametrize(
    "body",
    [
        [],
        "x",
        None,
        {"status": "success", "data": None},
        {"status": "success", "data": {"resultType": "vector", "result": [7]}},
        {"status": "error", "data": {"resultType": "scalar", "result": [1, "1"]}},
    ],
)
def test_an_odd_answer_is_no_budget(body: object) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=body))
    found = budget.observe("http://prometheus.example", "x", "checkout", transport)
    assert found.remaining is None
    assert found.problem


def test_a_scalar_is_a_budget_too() -> None:
    body = {"status": "success", "data": {"resultType": "scalar", "result": [1700000000, "0.5"]}}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json=body))
    found = budget.observe("http://prometheus.example", "scalar(x)", "checkout", transport)
    assert found.remaining == 0.5


def test_the_budget_is_one_number_with_its_time() -> None:
    found = _budget({"value": [1700000000, "0.25"]})
    assert found.at is not None
    assert (found.remaining, found.at.timestamp()) == (0.25, 1700000000)
    overspent = _budget({"value": [1700000000, "-3"]})
    assert overspent.remaining == 0


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ([], "0 series where one number was asked for"),
        ([{"value": [1, "0.1"]}, {"value": [1, "0.2"]}], "2 series where one number was asked for"),
        ([{"value": [1, "NaN"]}], "its rule divides by the number of events, and there were none"),
        ([{"value": [1, "+Inf"]}], "an infinite number"),
        ([{"value": [1, "x"]}], "a time and a number are"),
    ],
    ids=str,
)
def test_why_there_is_no_number_is_said_in_words(result: list[dict[str, object]], words: str) -> None:
    found = _budget(*result)
    assert found.remaining is None
    assert words in found.problem
    assert 'slo:remaining{service="checkout"}' in found.problem


def test_a_server_in_trouble_is_no_number() -> None:
    assert "HTTP 503" in _budget({"value": [1, "1"]}, status=503).problem


def test_without_boto3_the_answer_for_ecr_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    found = registry.observe(f"000000000000.dkr.ecr.eu-central-1.amazonaws.com/team/checkout@{DIGEST}")
    assert not found.exists
    assert "pip install 'slipway[aws]'" in (found.error or "")
