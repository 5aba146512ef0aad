from __future__ import annotations

import http.client
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.parts import targets as subject
from sandbox.parts.targets import targets


def pod(name: str, phase: str = "Running", address: str = "10.214.1.5", **annotations: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"slipway.dev/service": "checkout", "slipway.dev/revision": "3f9a2c1b9d0e4f5a6b7c"},
            "annotations": {f"prometheus.io/{key}": value for key, value in annotations.items()},
        },
        "status": {"phase": phase, "podIP": address},
    }


def test_a_pod_that_asks_for_it_is_scraped_under_the_names_that_queries_go_by() -> None:
    (found,) = targets([pod("checkout-1", scrape="true", port="8080")])
    assert found["targets"] == ["10.214.1.5:8080"]
    assert found["labels"] == {
        "namespace": "shop",
        "pod": "checkout-1",
        "service": "checkout",
        "revision": "3f9a2c1b9d0e4f5a6b7c",
        "__metrics_path__": "/metrics",
    }


def test_a_pod_may_have_its_metrics_elsewhere() -> None:
    (found,) = targets([pod("checkout-1", scrape="true", port="9000", path="/stats")])
    assert (found["targets"], found["labels"]["__metrics_path__"]) == (["10.214.1.5:9000"], "/stats")


def test_pods_that_do_not_ask_that_do_not_run_or_that_name_no_port_are_left_alone() -> None:
    quiet = [
        pod("a"),
        pod("b", scrape="false", port="8080"),
        pod("c", scrape="true"),
        pod("d", phase="Pending", scrape="true", port="8080"),
        pod("e", address="", scrape="true", port="8080"),
    ]
    assert targets(quiet) == []


def test_an_api_server_that_goes_in_the_middle_of_an_answer_leaves_the_list_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "pods.json"
    answers: list[list[dict[str, Any]] | BaseException] = [
        [pod("a", scrape="true", port="8080")],
        http.client.IncompleteRead(b"{"),
        OSError(),
        KeyboardInterrupt(),
    ]

    def ask(*_: object) -> list[dict[str, Any]]:
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(subject, "_pods", ask)
    monkeypatch.setattr(subject, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: None)
    monkeypatch.setattr(sys, "argv", ["targets.py", "api", "ca", "token", str(out)])
    with pytest.raises(KeyboardInterrupt):
        subject.main()
    assert [one["labels"]["pod"] for one in json.loads(out.read_text())] == ["a"]
