from __future__ import annotations

import base64
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.release.errors import ClusterError
from slipway.release.http_access import QueryAccess
from slipway.release.run_pod import FILES_VARIABLE
from slipway.rollout.metrics import TOKEN_FILE, prometheus_at
from slipway.rollout.metrics.prometheus_api import LONG, Prometheus
from tests.certificates import Authority
from tests.loopback import Handler, LoopbackServer
from tests.unit.slipway.rollout.metrics.server import Server, result

URL = "http://prometheus.example:9090"


def asking(server: Server, **access: Any) -> Prometheus:
    server.on("", result())
    return prometheus_at(URL, QueryAccess.model_validate(access), server.transport)


def test_what_a_file_holds_is_sent_under_its_scheme_and_read_for_each_request(tmp_path: Path) -> None:
    server, token = Server(), tmp_path / "token"
    api = asking(server, http={"authorization": {"type": "Token", "credentialsFile": str(token)}})
    for text in ("first", "second"):
        token.write_text(f"{text}\n")
        api.query("up")
    assert [request.headers["Authorization"] for request in server.asked] == ["Token first", "Token second"]


def test_a_name_is_sent_with_the_password_of_its_file(tmp_path: Path) -> None:
    server, password = Server(), tmp_path / "password"
    password.write_text("geheim: wört\n")
    asking(server, http={"basicAuth": {"username": "releases", "passwordFile": str(password)}}).query("up")
    (request,) = server.asked
    assert base64.b64decode(request.headers["Authorization"].partition(" ")[2]).decode() == "releases:geheim: wört"


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", b"\xff\xfe"])
def test_a_file_without_a_secret_is_named_by_what_it_should_hold(tmp_path: Path, content: bytes | None) -> None:
    server, password = Server(), tmp_path / "password"
    if content is not None:
        password.write_bytes(content)
    api = asking(server, http={"basicAuth": {"username": "releases", "passwordFile": str(password)}})
    with pytest.raises(ClusterError, match=f"Prometheus at {URL}: the password file ") as caught:
        api.query("up")
    assert "two" not in str(caught.value)
    assert server.asked == []


def test_the_setting_is_asked_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("variable", "setting"):
        (tmp_path / name).write_text(name)
    monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "variable"))
    server = Server()
    asking(server).query("up")
    asking(server, http={"authorization": {"credentialsFile": str(tmp_path / "setting")}}).query("up")
    assert [request.headers["Authorization"] for request in server.asked] == ["Bearer variable", "Bearer setting"]


def test_headers_and_parameters_go_with_each_question() -> None:
    server = Server()
    api = asking(server, http={"headers": {"X-Scope-OrgID": "shop"}}, parameters={"dedup": True, "max_source": 5})
    api.query("up")
    api.query("up" + " or up" * (LONG // 5))
    api.check("up")
    for request in server.asked:
        assert request.headers["X-Scope-OrgID"] == "shop"
        sent = request.url.query.decode() + request.content.decode()
        assert "dedup=true" in sent
        assert "max_source=5" in sent
    assert [request.method for request in server.asked] == ["GET", "POST", "POST"]


@pytest.mark.parametrize("code", [401, 403])
def test_refused_credentials_are_called_so_and_the_setting_is_named(code: int) -> None:
    import httpx2

    server = Server()
    server.on("", httpx2.Response(code, text="<html>"))
    api = Prometheus(URL, None, server.transport)
    with pytest.raises(ClusterError, match=rf"refused these credentials \(HTTP {code}\); check metrics.http"):
        api.query("up")


def test_a_job_in_the_cluster_finds_the_file_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("mounted")
    monkeypatch.setenv(FILES_VARIABLE, str(tmp_path))
    server = Server()
    asking(server, http={"authorization": {"credentialsFile": "/etc/of/the/host/token"}}).query("up")
    assert server.asked[0].headers["Authorization"] == "Bearer mounted"


class Answering(Handler):
    def respond(self) -> None:
        self.answer(200, b'{"status": "success", "data": {"resultType": "vector", "result": []}}')


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """The URL of a server that takes clients of its own authority only; the files are in tmp_path."""
    authority = Authority(tmp_path)
    authority.sign("client")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign("metrics.example"))
    context.load_verify_locations(authority.path)
    context.verify_mode = ssl.CERT_REQUIRED
    server = LoopbackServer(Answering)
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    yield f"https://{server.address}"
    server.close()


def tls(folder: Path, **changes: Any) -> QueryAccess:
    files = {"caFile": "ca.crt", "certFile": "client.crt", "keyFile": "client.key", **changes}
    paths = {key: str(folder / name) if key.endswith("File") else name for key, name in files.items() if name}
    return QueryAccess.model_validate({"http": {"tls": paths}})


def test_client_and_server_prove_who_they_are(guarded: str, tmp_path: Path) -> None:
    assert prometheus_at(guarded, tls(tmp_path)).query("up") == []


def test_without_a_certificate_of_its_own_it_is_not_let_in(guarded: str, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"cannot be reached .*check metrics.url and the network, and metrics.http"):
        prometheus_at(guarded, tls(tmp_path, certFile="", keyFile="")).query("up")


def test_a_server_that_another_authority_signed_is_not_asked(guarded: str, tmp_path: Path) -> None:
    Authority(tmp_path, "other")
    with pytest.raises(ClusterError, match=r"cannot be reached \(.*certificate"):
        prometheus_at(guarded, tls(tmp_path, caFile="other.crt")).query("up")


def test_the_name_in_the_certificate_may_be_another_than_the_urls(guarded: str, tmp_path: Path) -> None:
    assert prometheus_at(guarded, tls(tmp_path, serverName="metrics.example")).query("up") == []
    with pytest.raises(ClusterError, match="cannot be reached"):
        prometheus_at(guarded, tls(tmp_path, serverName="other.example")).query("up")


def test_a_renewed_certificate_is_used_from_the_next_request_on(guarded: str, tmp_path: Path) -> None:
    api = prometheus_at(guarded, tls(tmp_path))
    api.query("up")
    renewed, key = Authority(tmp_path, "other").sign("client")
    os.utime(renewed, ns=(1, 1))
    with pytest.raises(ClusterError, match="cannot be reached"):
        api.query("up")
    assert key.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"caFile": "absent.crt"}, "http.tls.caFile"), ({"keyFile": "ca.crt"}, "http.tls.certFile and keyFile")],
)
def test_files_that_are_no_certificates_are_named_by_their_field(
    tmp_path: Path, changes: dict[str, str], field: str
) -> None:
    Authority(tmp_path).sign("client")
    with pytest.raises(ClusterError, match=f"the files of {field} cannot be used"):
        prometheus_at("https://metrics.example", tls(tmp_path, **changes))


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    Authority(tmp_path).sign("client", password=b"geheim")
    with pytest.raises(ClusterError, match="the key has a password"):
        prometheus_at("https://metrics.example", tls(tmp_path))
