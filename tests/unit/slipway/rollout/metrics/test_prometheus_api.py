from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.unit.slipway.rollout.metrics.server import Answer, Server, result

URL = "http://user:geheim@prometheus.example:9090/prefix/"


def prometheus(server: Server) -> Prometheus:
    return Prometheus(URL, None, server.transport)


def test_a_query_goes_below_the_urls_own_path() -> None:
    server = Server()
    server.on("", result({"metric": {}, "value": [1, "2"]}))
    assert prometheus(server).query("up") == [{"metric": {}, "value": [1, "2"]}]
    (request,) = server.asked
    assert request.url.path == "/prefix/api/v1/query"
    assert request.url.params["query"] == "up"
    assert request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx2.ConnectTimeout("slow"), "did not answer in time"),
        (httpx2.ConnectError("refused"), r"cannot be reached \(refused\); check metrics.url"),
        (httpx2.Response(502, text="<html>"), "answered HTTP 502 without JSON"),
        (httpx2.Response(400, json={"status": "error", "error": "parse error"}), "refused: parse error"),
        (httpx2.Response(503, json={"status": "success", "data": {"result": []}}), "answered HTTP 503"),
        (httpx2.Response(200, json=["x"]), "refused"),
        (httpx2.Response(200, json={"status": "success", "data": {}}), "holds no list of series"),
        (httpx2.Response(200, json={"status": "success", "data": {"result": ["x"]}}), "holds no list of series"),
        (httpx2.Response(200, json={"status": "success", "data": {"result": [{}]}}), "holds no list of series"),
        (result(warnings=["store is away"]), "gave a partial answer: store is away"),
    ],
)
def test_every_failure_is_one_line_that_names_the_server_without_its_password(answer: Answer, words: str) -> None:
    server = Server()
    server.on("", answer)
    with pytest.raises(ClusterError, match=words) as caught:
        prometheus(server).query("up")
    assert "Prometheus at http://prometheus.example:9090/prefix/" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_long_query_is_sent_as_a_form_since_proxies_refuse_long_urls() -> None:
    server, long = Server(), "up" + " or up" * 500
    server.on("", result({"metric": {}, "value": [1, "2"]}))
    assert prometheus(server).query(long) == [{"metric": {}, "value": [1, "2"]}]
    (request,) = server.asked
    assert (request.method, request.url.path) == ("POST", "/prefix/api/v1/query")
    assert len(str(request.url)) < 100
    assert parse_qs(request.content.decode()) == {"query": [long]}


def test_one_number_is_a_scalar_or_a_vector_of_one_series() -> None:
    server = Server()
    server.on("vector", result({"metric": {}, "value": [7, "0.25"]}))
    server.on("scalar", httpx2.Response(200, json={"status": "success", "data": SCALAR}))
    server.on("two", result({"metric": {}, "value": [1, "1"]}, {"metric": {}, "value": [1, "2"]}))
    asking = prometheus(server)
    assert asking.number("vector") == (7.0, 0.25)
    assert asking.number("scalar") == (7.0, 0.5)
    with pytest.raises(ClusterError, match="holds 2 series where one number"):
        asking.number("two")


SCALAR = {"resultType": "scalar", "result": [7, "0.5"]}


def test_a_remark_on_style_is_no_partial_answer() -> None:
    server = Server()
    server.on("", result(warnings=["PromQL info: metric might not be a counter"]))
    assert prometheus(server).query("up") == []


def test_a_token_is_read_for_each_request_and_a_missing_file_is_told(tmp_path: Path) -> None:
    server, token = Server(), tmp_path / "token"
    server.on("", result())
    api = Prometheus("http://prometheus.example:9090", str(token), server.transport)
    for text in ("first", "second"):
        token.write_text(f"{text}\n")
        api.query("up")
    assert [request.headers["Authorization"] for request in server.asked] == ["Bearer first", "Bearer second"]
    token.unlink()
    with pytest.raises(ClusterError, match="the token file cannot be read"):
        api.query("up")


def test_rules_of_other_names_are_left_out_also_when_the_server_does_not_know_the_filter() -> None:
    server = Server()
    groups = [{"rules": [{"name": "A", "health": "ok"}, {"name": "B"}]}, {"rules": [{"name": "A"}]}]
    server.on("/rules", httpx2.Response(200, json={"status": "success", "data": {"groups": groups}}))
    assert prometheus(server).alert_rules(["A"]) == [{"name": "A", "health": "ok"}, {"name": "A"}]
    assert server.asked[0].url.params.get_list("rule_name[]") == ["A"]


def test_all_that_ask_one_server_share_its_connections() -> None:
    one, same, other = (Prometheus(url) for url in ("http://p.example", "http://p.example", "http://q.example"))
    assert one._client is same._client
    assert one._client is not other._client
