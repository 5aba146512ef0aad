from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ClientKey
from slipway.release.rollout_inputs import AccessLog
from slipway.rollout.analysis.clients import COARSE
from slipway.rollout.metrics.access_log import ENOUGH, AccessLogReader, cookie
from slipway.rollout.metrics.salt import Salt
from tests.unit.slipway.rollout.examples import backend

NEW, OLD = backend("new"), backend("old")
SALT = Salt(b"one rollout")


class Log:
    """A log as Envoy writes it, and its reader past the first look."""

    def __init__(self, folder: Path, key: ClientKey | None = None, **fields: str) -> None:
        self.path = folder / "access.jsonl"
        self.path.write_text("")
        self.reader = AccessLogReader(
            AccessLog(path=str(self.path), **fields), key or ClientKey(field="client"), "shop", SALT
        )
        self.reader.look(NEW, OLD)

    def line(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text + "\n")

    def request(self, revision: str, client: str | None, status: object = 200, **more: Any) -> None:
        names = {"upstream_cluster": f"shop_checkout-{revision}_8080", "response_code": status}
        self.line(json.dumps({**names, **({} if client is None else {"client": client}), **more}))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def keys(*names: str, prefix: str = COARSE) -> frozenset[str]:
    return frozenset(prefix + SALT.hashed(name) for name in names)


def test_clients_are_told_apart_by_side_and_failures_come_in_order(log: Log) -> None:
    log.request("new", "ann")
    log.request("old", "bob", 503)
    log.request("old", "eve")
    log.request("new", "ann", 500)
    found = log.reader.look(NEW, OLD)
    assert found.seen == (keys("ann"), keys("bob", "eve"))
    assert found.failures == ((COARSE + SALT.hashed("bob"), False), (COARSE + SALT.hashed("ann"), True))
    assert found.alive == (True, True)
    log.request("old", "bob")
    assert log.reader.look(NEW, OLD).alive == (False, True)
    assert log.reader.look(NEW, OLD).alive == (False, False)


@pytest.mark.parametrize(("status", "failed"), [(200, 0), (404, 0), ("499", 0), (500, 1), ("503", 1), (0, 1)])
def test_a_failure_is_a_5xx_or_no_answer_at_all(log: Log, status: object, failed: int) -> None:
    log.request("new", "ann", status)
    assert len(log.reader.look(NEW, OLD).failures) == failed


def test_what_was_logged_before_the_rollout_counts_for_nobody(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.request("new", "ann", 500)
    again = AccessLogReader(AccessLog(path=str(log.path)), ClientKey(field="client"), "shop", SALT)
    assert again.look(NEW, OLD).seen == (frozenset(), frozenset())


def test_nothing_raw_leaves_the_reader_and_another_rollout_has_other_keys(log: Log) -> None:
    log.request("new", "ann@example.com", 500)
    found = log.reader.look(NEW, OLD)
    assert "ann" not in repr(found)
    assert Salt().hashed("ann@example.com") != Salt().hashed("ann@example.com")


def test_contours_own_name_of_a_cluster_is_known_too_and_other_services_are_not(log: Log) -> None:
    log.line('{"upstream_cluster":"shop/checkout-new/8080/da39a3ee5e","response_code":200,"client":"ann"}')
    log.line('{"upstream_cluster":"shop/checkout-newer/8080/da39a3ee5e","response_code":200,"client":"bob"}')
    log.request("other", "eve")
    assert log.reader.look(NEW, OLD).seen == (keys("ann"), frozenset())


def test_a_key_that_is_a_cookie_is_of_a_client_who_keeps_them_and_the_route_s_draw(tmp_path: Path) -> None:
    log = Log(tmp_path, ClientKey(field="cookie", cookie="client"))
    log.request("new", None, cookie="client=ann")
    (key,) = log.reader.look(NEW, OLD).seen[0]
    assert not key.startswith(COARSE)


def test_any_other_key_may_be_of_clients_who_are_drawn_with_each_request(log: Log) -> None:
    log.request("new", "ann")
    (key,) = log.reader.look(NEW, OLD).seen[0]
    assert key.startswith(COARSE)


def test_the_key_may_be_one_cookie_of_a_logged_header(tmp_path: Path) -> None:
    log = Log(tmp_path, ClientKey(field="cookie", cookie="client"))
    log.request("new", None, cookie="theme=dark; client=ann; x=1")
    log.request("new", None, cookie="theme=dark")
    assert log.reader.look(NEW, OLD).seen[0] == keys("ann", prefix="")


def test_the_fields_may_have_other_names(tmp_path: Path) -> None:
    log = Log(tmp_path, cluster="to", status="code")
    log.line('{"to":"shop_checkout-new_8080","code":500,"client":"ann"}')
    assert log.reader.look(NEW, OLD).failures == ((COARSE + SALT.hashed("ann"), True),)


@pytest.mark.parametrize("value", [None, "", "-"])
def test_a_request_without_a_key_counts_for_nobody_and_is_reported(log: Log, value: str | None) -> None:
    for _ in range(3):
        log.request("new", "ann")
    log.request("new", value, 500)
    found = log.reader.look(NEW, OLD)
    assert found.failures == ()
    assert found.note == "25% of the requests carry no key and are not counted"


def test_too_many_requests_without_a_key_are_an_error(log: Log) -> None:
    for _ in range(ENOUGH // 2):
        log.request("new", "ann")
        log.request("new", None)
    with pytest.raises(
        ClusterError, match=r"50% of 100 requests of the candidate carry no client key .*\(client\); log it, or correct"
    ):
        log.reader.look(NEW, OLD)


@pytest.mark.parametrize(("revision", "side"), [("new", "candidate"), ("old", "baseline")])
def test_a_side_whose_clients_lost_their_key_is_an_error_however_little_traffic_it_has(
    log: Log, revision: str, side: str
) -> None:
    """Such as a candidate that calls its cookie otherwise, or that fails those who have none yet."""
    for number in range(20 * ENOUGH):
        log.request("old" if revision == "new" else "new", f"c{number}")
    for number in range(ENOUGH):
        log.request(revision, "ann" if number % 2 else None, 500)
    with pytest.raises(ClusterError, match=rf"50% of 100 requests of the {side} carry no client key .*; log it"):
        log.reader.look(NEW, OLD)


def test_lines_that_are_no_records_are_counted_and_too_many_are_an_error(log: Log) -> None:
    log.request("new", "ann")
    log.line("[2026-11-25T17:51:07Z] GET / 200 shop_checkout-new_8080")
    log.line('{"upstream_cluster":"shop_checkout-new_8080","client":"ann"}')
    log.line('{"upstream_cluster":"shop_checkout-new_8080","response_code":"soon"}')
    assert log.reader.look(NEW, OLD).note == "3 lines of the access log are no records"
    for _ in range(ENOUGH):
        log.line("no JSON at all")
    with pytest.raises(ClusterError, match=r"103 lines of the access log .* are no JSON objects with the fields"):
        log.reader.look(NEW, OLD)


def test_a_first_release_has_one_side(log: Log) -> None:
    log.request("new", "ann")
    log.request("old", "bob")
    assert log.reader.look(NEW, None).seen == (keys("ann"), frozenset())


@pytest.mark.parametrize(
    ("header", "value"),
    [("a=1; client=x", "x"), ('client="x"', "x"), ("xclient=x", ""), ("client", ""), ("client=a=b", "a=b"), ("", "")],
)
def test_a_cookie_is_found_by_its_whole_name(header: str, value: str) -> None:
    assert cookie(header, "client") == value


@pytest.mark.parametrize("client", [b'"\\ud800"', b'"\xed\xa0\x80"', b'"\\u0000"', b'["ann"]', b"7"])
def test_an_odd_key_is_a_key_like_any_other(log: Log, client: bytes) -> None:
    with log.path.open("ab") as file:
        file.write(b'{"upstream_cluster":"shop_checkout-new_8080","response_code":200,"client":' + client + b"}\n")
    found = log.reader.look(NEW, OLD)
    assert (len(found.seen[0]), found.note) == (1, "")


@pytest.mark.parametrize(
    "rest",
    [b'"response_code":1e999', b'"response_code":200,"x":"\xff"', b'"response_code":200,"x":' + b"[" * 60_000, b'"x"'],
)
def test_a_hostile_line_is_no_record_and_ends_nothing(log: Log, rest: bytes) -> None:
    with log.path.open("ab") as file:
        file.write(b'{"upstream_cluster":"shop_checkout-new_8080","client":"ann",' + rest + b"}\n")
    log.request("new", "bob")
    found = log.reader.look(NEW, OLD)
    assert (found.seen[0], found.note) == (keys("bob"), "1 lines of the access log are no records")
