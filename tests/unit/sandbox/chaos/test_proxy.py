"""The fault-injecting proxy before a small HTTPS server that counts what reaches it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import ConfigMap

from sandbox import pki
from sandbox.chaos.faults import WRITES, Fault, Kind
from sandbox.chaos.proxy import ApiProxy


class Server(ThreadingHTTPServer):
    """Answers every call with what it was asked and by whom."""

    daemon_threads = True

    def __init__(self, made: pki.Pki) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*made.server)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.seen.append(f"{self.command} {self.path} {body}".strip())
        text = f"{self.headers.get('Authorization')} {body}".encode()
        self.send_response(200)
        if self.path == "/stream":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"one ", b"two"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base's names

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def made(tmp_path: Path) -> pki.Pki:
    return pki.ensure(tmp_path / "pki", ["127.0.0.1"])


@pytest.fixture
def server(made: pki.Pki) -> Iterator[Server]:
    found = Server(made)
    thread = threading.Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def proxy(server: Server, made: pki.Pki, tmp_path: Path) -> Iterator[ApiProxy]:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": server.url, "certificate-authority": str(made.ca)}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        "current-context": "x",
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    with ApiProxy.before(tmp_path / "kubeconfig", made, tmp_path, seed=7) as found:
        yield found


@pytest.fixture
def client(proxy: ApiProxy, made: pki.Pki) -> Iterator[httpx2.Client]:
    context = ssl.create_default_context(cafile=str(made.ca))
    with httpx2.Client(base_url=proxy.url, verify=context, timeout=2.0, trust_env=False) as found:
        yield found


def test_calls_and_credentials_pass_unchanged(client: httpx2.Client, server: Server) -> None:
    answer = client.put("/a?b=c", content="body", headers={"Authorization": "Bearer secret"})
    assert (answer.status_code, answer.text) == (200, "Bearer secret body")
    assert server.seen == ["PUT /a?b=c body"]


def test_an_answer_without_a_length_is_streamed(client: httpx2.Client) -> None:
    assert client.get("/stream").text == "one two"


def test_a_lost_answer_was_done_and_the_connection_ends(client: httpx2.Client, server: Server, proxy: ApiProxy) -> None:
    lost = proxy.faults.inject(Fault(Kind.LOST_ANSWER, ("PUT",), "/configmaps/"))
    with pytest.raises(httpx2.RemoteProtocolError):
        client.put("/configmaps/one", content="body")
    assert server.seen == ["PUT /configmaps/one body"]
    assert lost.hits == ("PUT /configmaps/one",)


def test_no_answer_was_done_and_outlasts_the_client(client: httpx2.Client, server: Server, proxy: ApiProxy) -> None:
    proxy.faults.inject(Fault(Kind.NO_ANSWER, seconds=60))
    with pytest.raises(httpx2.ReadTimeout):
        client.post("/a", timeout=0.2)
    assert server.seen == ["POST /a"]


def test_a_reset_was_not_done(client: httpx2.Client, server: Server, proxy: ApiProxy) -> None:
    proxy.faults.inject(Fault(Kind.RESET))
    with pytest.raises(httpx2.TransportError):
        client.delete("/a")
    assert server.seen == []


@pytest.mark.parametrize(("kind", "code"), [(Kind.TOO_MANY, 429), (Kind.CONFLICT, 409), (Kind.FAILURE, 500)])
def test_a_refusal_is_the_apis_own_kind_of_answer_and_was_not_done(
    kind: Kind, code: int, client: httpx2.Client, server: Server, proxy: ApiProxy
) -> None:
    proxy.faults.inject(Fault(kind, seconds=3))
    answer = client.patch("/a")
    assert (answer.status_code, answer.json()["code"], answer.json()["kind"]) == (code, code, "Status")
    assert answer.headers.get("Retry-After") == ("3" if kind is Kind.TOO_MANY else None)
    assert server.seen == []


def test_a_fault_happens_to_its_methods_and_paths_only_and_so_often_as_it_says(
    client: httpx2.Client, proxy: ApiProxy
) -> None:
    proxy.faults.inject(Fault(Kind.FAILURE, ("PUT",), "/leases/", times=2))
    codes = [client.request(method, path).status_code for method, path in (("GET", "/leases/a"), ("PUT", "/b"))]
    codes += [client.put("/leases/a").status_code for _ in range(3)]
    assert codes == [200, 200, 500, 500, 200]


def test_a_fault_without_end_happens_until_it_is_cleared(client: httpx2.Client, proxy: ApiProxy) -> None:
    away = proxy.faults.inject(Fault(Kind.RESET, ("GET", *WRITES), times=None))
    for _ in range(3):
        with pytest.raises(httpx2.TransportError):
            client.get("/a")
    assert away.await_hits(3, 0)
    proxy.faults.clear()
    assert client.get("/a").status_code == 200


def test_which_calls_a_share_spares_follows_from_the_seed(client: httpx2.Client, proxy: ApiProxy) -> None:
    half = proxy.faults.inject(Fault(Kind.FAILURE, times=None, share=0.5))
    codes = [client.put(f"/{number}").status_code for number in range(40)]
    assert codes.count(500) == len(half.hits) == 25
    assert codes[:8] == [500, 500, 200, 500, 200, 500, 500, 200]


def test_the_kubeconfig_leads_a_client_with_its_credentials_to_the_proxy(proxy: ApiProxy) -> None:
    proxy.faults.inject(Fault(Kind.CONFLICT, ("GET",), "/namespaces/shop/configmaps/one"))
    client = Client(KubeConfig.from_file(proxy.kubeconfig).get(), timeout=httpx2.Timeout(2.0), trust_env=False)
    with pytest.raises(ApiError, match="injected: conflict"):
        client.get(ConfigMap, "one")


def test_an_api_server_that_is_away_is_away_behind_the_proxy_too(
    client: httpx2.Client, server: Server, proxy: ApiProxy
) -> None:
    assert client.get("/a").status_code == 200
    server.shutdown()
    server.socket.close()
    with pytest.raises(httpx2.RemoteProtocolError):
        for _ in range(2):
            client.get("/a", headers={"Connection": "close"})


def test_stopping_ends_calls_that_wait(client: httpx2.Client, proxy: ApiProxy) -> None:
    silent = proxy.faults.inject(Fault(Kind.NO_ANSWER, ("GET",), seconds=60))
    failed: list[Exception] = []

    def ask() -> None:
        try:
            client.get("/a", timeout=30)
        except httpx2.HTTPError as error:
            failed.append(error)

    waiting = threading.Thread(target=ask)
    waiting.start()
    assert silent.await_hits(1, 5)
    proxy._server.stopping.set()
    waiting.join(5)
    assert len(failed) == 1
