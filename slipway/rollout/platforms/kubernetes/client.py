"""A client of the API server that refreshes its credentials and never waits for long."""

from __future__ import annotations

import copy
import json
import os
import shutil
import threading
from functools import lru_cache
from pathlib import Path

import httpx2
import yaml
from lightkube import Client, ConfigError, KubeConfig, SingleConfig
from lightkube.config.client_adapter import verify_cluster
from lightkube.config.models import NameValue, UserExec

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.kubernetes.kinds import learn
from slipway.rollout.process.environment import CONTEXT
from slipway.rollout.process.pooling import transport

FIELD_MANAGER = "slipway-rollout"
TIMEOUT = httpx2.Timeout(3.0, connect=2.0)
"""Short, as each request is tried again (see requests.py) and must not outlast the margin of the fence."""
EXEC_SECONDS = 15
DEFAULT = Path("~/.kube/config")
KEPT = 64
"""Configurations whose client is kept; a process uses one for each cluster."""
SERVICE_ACCOUNT_HOST = "KUBERNETES_SERVICE_HOST"
_UNUSABLE = (ConfigError, AttributeError, KeyError, TypeError, ValueError, OSError, AssertionError, yaml.YAMLError)
"""What lightkube raises for a file that is no kubeconfig, or for one that names what is not in it."""
_making = threading.Lock()
"""Held while a client is looked up or made, so that one is made only."""

learn()  # before there are threads


def connect(namespace: str, kubeconfig: str | None = None, context: str | None = None) -> Client:
    """A client for `namespace`, safe to use from several threads.

    All clients of one configuration share their connections, whatever their namespace: a process with hundreds of
    rollouts reads its CA once. A configuration whose files have changed is read anew.

    The configuration is `kubeconfig`, else the files named by SLIPWAY_KUBECONFIG, else by KUBECONFIG (a list, as
    kubectl takes it), else ~/.kube/config, else the pod's service account: the order in which the Kubernetes
    provider looks, so that both find the same cluster. The context is `context`, else SLIPWAY_KUBECONTEXT, else
    the current one. Tokens of files and of credential plugins are fetched anew when they are refused.

    Raises ClusterError that names the file or setting; nothing is sent yet.
    """
    wanted = context or os.environ.get(CONTEXT)
    try:
        return _of_namespace(_shared(kubeconfig, wanted), namespace)
    except _UNUSABLE as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise ClusterError(
            f"no usable cluster configuration: {text}; check SLIPWAY_KUBECONFIG or KUBECONFIG"
        ) from error


def connections_of(client: Client) -> object:
    """What clients of one configuration share; another object for another configuration."""
    return client._client._client


def _of_namespace(shared: Client, namespace: str) -> Client:
    """The same connections and credentials; lightkube has the namespace in the object inside."""
    made = copy.copy(shared)
    made._client = copy.copy(shared._client)
    made._client.namespace = namespace
    return made


def _shared(kubeconfig: str | None, context: str | None) -> Client:
    named = kubeconfig or os.environ.get("SLIPWAY_KUBECONFIG") or os.environ.get("KUBECONFIG")
    with _making:
        return _client(
            kubeconfig, context, named, str(Path.home()), os.environ.get(SERVICE_ACCOUNT_HOST), _state(named)
        )


def _state(named: str | None) -> tuple[tuple[str, bytes], ...]:
    """The files of the configuration with their content."""
    files = _parts(named) if named else [DEFAULT.expanduser()]
    return tuple((str(file), file.read_bytes()) for file in files if file.is_file())


@lru_cache(maxsize=KEPT)
def _client(kubeconfig: str | None, context: str | None, *_: object) -> Client:
    """The first two say which; the rest is what they are resolved by."""
    config = _configuration(kubeconfig, context)
    if config.user is None:
        raise ConfigError("the context has no user")
    verify = verify_cluster(config.cluster, config.user, config.abs_file)
    return Client(config, timeout=TIMEOUT, field_manager=FIELD_MANAGER, transport=transport(verify))


def _configuration(kubeconfig: str | None, context: str | None) -> SingleConfig:
    named = kubeconfig or os.environ.get("SLIPWAY_KUBECONFIG") or os.environ.get("KUBECONFIG")
    default = DEFAULT.expanduser()
    if named:
        found = _first(_parts(named), context)
    elif default.is_file():
        found = _first([default], context)
    elif os.environ.get(SERVICE_ACCOUNT_HOST):
        found = KubeConfig.from_service_account().get()
    else:
        raise ConfigError("neither SLIPWAY_KUBECONFIG nor KUBECONFIG is set, and this is no pod")
    if found is None:
        raise ConfigError("no current context")
    if found.user is not None and found.user.exec is not None:
        found.user.exec = _bounded(found.user.exec)
    return found


def _parts(named: str) -> list[Path]:
    return [Path(part).expanduser() for part in named.split(os.pathsep) if part]


def _first(files: list[Path], context: str | None) -> SingleConfig | None:
    """The context from the first file that has it; as with kubectl, files of a list may be missing."""
    present = [KubeConfig.from_file(file) for file in files if file.is_file()]
    if not present:
        raise ConfigError(f"{', '.join(map(str, files))}: no such file")
    name = context or next((config.current_context for config in present if config.current_context), None)
    for config in present:
        if name in config.contexts:
            return config.get(name)
    raise ConfigError(f"context {name} is in none of {', '.join(map(str, files))}" if name else "no current context")


def _bounded(plugin: UserExec) -> UserExec:
    """The same credential plugin, told not to ask questions, and ended when it hangs.

    lightkube takes the beta versions of the protocol only; v1 differs in that the plugin must be told the version,
    which is done here for all of them, and the token lies in the same place.
    """
    told = {"apiVersion": plugin.apiVersion, "kind": "ExecCredential", "spec": {"interactive": False}}
    command, args = plugin.command, list(plugin.args or [])
    if (timeout := shutil.which("timeout")) is not None:
        command, args = timeout, [str(EXEC_SECONDS), command, *args]
    version = plugin.apiVersion
    return UserExec(
        apiVersion=f"{version}beta1" if version.endswith("/v1") else version,
        command=command,
        args=args,
        env=[*(plugin.env or []), NameValue(name="KUBERNETES_EXEC_INFO", value=json.dumps(told))],
        installHint=plugin.installHint,
    )
