from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.kubernetes import client as module
from slipway.rollout.platforms.kubernetes.client import connect
from tests.loopback import Handler, LoopbackServer


class Server:
    """An API server that takes one token at a time and counts what it was asked."""

    def __init__(self) -> None:
        self.accepted = "first"
        self.seen: list[str] = []
        self.paths: list[str] = []
        server = self

        class Objects(Handler):
            def respond(self) -> None:
                server.paths.append(self.path)
                server.seen.append(self.headers.get("Authorization", ""))
                good = server.seen[-1] == f"Bearer {server.accepted}"
                meta = {"name": "a", "namespace": "shop", "resourceVersion": "1"}
                content = {"metadata": meta} if good else {"message": "Unauthorized"}
                self.answer(200 if good else 401, json.dumps(content).encode())

        self._server = LoopbackServer(Objects)
        self.url = self._server.url

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SLIPWAY_KUBECONFIG", "SLIPWAY_KUBECONTEXT", "KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def write(path: Path, url: str, user: dict[str, Any], context: str = "x", *, current: bool = True) -> str:
    content: dict[str, Any] = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
    }
    if current:
        content["current-context"] = context
    path.write_text(yaml.safe_dump(content))
    return str(path)


def server_of(namespace: str = "shop", **named: str) -> str:
    return str(connect(namespace, **named).config.cluster.server)


def test_our_own_variable_comes_before_kubectls_and_that_before_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", "http://home", {"token": "t"})
    assert server_of() == "http://home"
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "kubectl", "http://kubectl", {"token": "t"}))
    assert server_of() == "http://kubectl"
    monkeypatch.setenv("SLIPWAY_KUBECONFIG", write(tmp_path / "own", "http://own", {"token": "t"}))
    assert server_of() == "http://own"
    assert server_of(kubeconfig=write(tmp_path / "named", "http://named", {"token": "t"})) == "http://named"


def test_a_context_is_found_in_whichever_file_of_a_list_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = [
        str(tmp_path / "absent"),
        write(tmp_path / "one", "http://one", {"token": "t"}, "staging"),
        write(tmp_path / "two", "http://two", {"token": "t"}, "prod"),
    ]
    monkeypatch.setenv("KUBECONFIG", ":".join(files))
    assert server_of() == "http://one"
    assert server_of(context="prod") == "http://two"
    monkeypatch.setenv("SLIPWAY_KUBECONTEXT", "prod")
    assert server_of() == "http://two"
    with pytest.raises(ClusterError, match="context dev is in none of"):
        connect("shop", context="dev")


def test_the_namespace_is_the_rollouts_and_not_the_contexts(tmp_path: Path) -> None:
    made = connect("shop", write(tmp_path / "k", "http://x", {"token": "t"}))
    assert made.namespace == "shop"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        ("{", "no usable cluster configuration"),
        ("[]", "no usable cluster configuration"),
        (yaml.safe_dump({"clusters": [], "contexts": []}), "no current context"),
        (
            yaml.safe_dump(
                {"clusters": [], "contexts": [{"name": "x", "context": {"cluster": "c"}}], "current-context": "x"}
            ),
            "no usable cluster configuration",
        ),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_line_with_the_remedy(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "broken"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ClusterError, match=words) as caught:
        connect("shop", str(path))
    assert "check SLIPWAY_KUBECONFIG or KUBECONFIG" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_any_configuration_the_remedy_is_told() -> None:
    with pytest.raises(ClusterError, match="neither SLIPWAY_KUBECONFIG nor KUBECONFIG is set"):
        connect("shop")


def test_a_token_file_is_read_again_when_the_token_is_refused(server: Server, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    made = connect("shop", write(tmp_path / "k", server.url, {"tokenFile": str(token)}))
    made.get(ConfigMap, "a")
    token.write_text("second\n")
    server.accepted = "second"
    made.get(ConfigMap, "a")
    made.get(ConfigMap, "a")
    assert server.seen == ["Bearer first", "Bearer first", "Bearer second", "Bearer second"]


def test_a_credential_plugin_of_the_stable_protocol_is_asked_again_when_its_token_is_refused(
    server: Server, tmp_path: Path
) -> None:
    current, told = tmp_path / "current", tmp_path / "told"
    current.write_text("first")
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f'#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" > {told}\n'
        f'printf \'{{"status": {{"token": "%s"}}}}\' "$(cat {current})"\n'
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    made = connect("shop", write(tmp_path / "k", server.url, user))
    made.get(ConfigMap, "a")
    current.write_text("second")
    server.accepted = "second"
    made.get(ConfigMap, "a")
    assert server.seen == ["Bearer first", "Bearer first", "Bearer second"]
    assert json.loads(told.read_text()) == {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }


def test_a_credential_plugin_that_hangs_is_ended(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EXEC_SECONDS", 1)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "sleep", "args": ["60"]}}
    made = connect("shop", write(tmp_path / "k", server.url, user))
    with pytest.raises(Exception, match="returned 124"):
        made.get(ConfigMap, "a")


def test_clients_of_one_configuration_share_their_connections_whatever_their_namespace(
    server: Server, tmp_path: Path
) -> None:
    path = write(tmp_path / "k", server.url, {"token": "first"})
    shop, cart = connect("shop", path), connect("cart", path)
    assert shop._client._client is cart._client._client
    assert (shop.namespace, cart.namespace) == ("shop", "cart")
    shop.get(ConfigMap, "a")
    cart.get(ConfigMap, "a")
    assert server.paths == ["/api/v1/namespaces/shop/configmaps/a", "/api/v1/namespaces/cart/configmaps/a"]


def test_many_threads_that_connect_at_once_make_one_client(tmp_path: Path) -> None:
    path = write(tmp_path / "k", "http://x", {"token": "t"})
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda index: connect(f"n{index}", path), range(64)))
    assert len({id(one._client._client) for one in made}) == 1


def test_a_configuration_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "k", "http://one", {"token": "t"})
    assert server_of(kubeconfig=path) == "http://one"
    write(tmp_path / "k", "http://two", {"token": "t"})
    assert server_of(kubeconfig=path) == "http://two"
