from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, provider_pb2, provider_pb2_grpc

from sandbox.standins.serving import alive, plugin_arguments

BINARIES = Path(__file__).parents[4] / "sandbox" / "standins" / "bin"
PROMPT = 60.0  # seconds


@contextmanager
def started(name: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], grpc.Channel]]:
    process = subprocess.Popen(
        [BINARIES / name, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
    )
    assert process.stdout is not None
    channel = grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}")
    try:
        yield process, channel
    finally:
        channel.close()
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("argv", "engine"),
    [
        ([], ""),
        (["127.0.0.1:5"], "127.0.0.1:5"),
        (["--logtostderr", "-v=9", "--tracing", "file:x", "127.0.0.1:5"], "127.0.0.1:5"),
    ],
)
def test_the_engines_address_is_found_among_the_flags(argv: list[str], engine: str) -> None:
    assert plugin_arguments(argv) == engine


def test_an_address_is_alive_while_something_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert alive(address)
    assert not alive(address)
    assert not alive("nonsense")


@pytest.mark.parametrize("name", ["pulumi-language-python", "pulumi-resource-kubernetes"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_plugin_without_a_word(name: str, number: signal.Signals) -> None:
    with started(name) as (process, channel):
        grpc.channel_ready_future(channel).result(PROMPT)
        process.send_signal(number)
        assert process.wait(PROMPT) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize("name", ["pulumi-language-python", "pulumi-resource-kubernetes"])
def test_a_plugin_ends_when_its_engine_is_gone(name: str) -> None:
    engine = socket.create_server(("127.0.0.1", 0))
    with started(name, f"127.0.0.1:{engine.getsockname()[1]}") as (process, channel):
        grpc.channel_ready_future(channel).result(PROMPT)
        assert process.poll() is None
        engine.close()
        assert process.wait(PROMPT) == 0


def test_what_a_stand_in_lacks_is_unimplemented_in_one_line() -> None:
    with started("pulumi-language-python") as (process, channel):
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.GenerateProgram(language_pb2.GenerateProgramRequest(), timeout=PROMPT)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert caught.value.details() == "GenerateProgram is not part of this stand-in"
        process.terminate()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_an_error_is_one_line_without_a_traceback() -> None:
    with started("pulumi-resource-kubernetes") as (process, channel):
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        urn = "urn:pulumi:dev::shop::kubernetes:core/v1:Pod::web"
        with pytest.raises(grpc.RpcError) as caught:
            stub.Delete(provider_pb2.DeleteRequest(urn=urn, id="a/b", properties=struct_pb2.Struct()), timeout=PROMPT)
        assert caught.value.details() == "the Kubernetes provider is used before it is configured"
        with pytest.raises(grpc.RpcError) as caught:
            stub.Invoke(provider_pb2.InvokeRequest(tok="kubernetes:yaml:decode"), timeout=PROMPT)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert stub.Cancel(empty_pb2.Empty(), timeout=PROMPT) == empty_pb2.Empty()
        process.terminate()
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_the_protocol_is_loaded_without_the_sdk() -> None:
    code = (
        "from sandbox.standins.protocol import skip_sdk_initialisation as skip; skip();"
        "from pulumi.runtime.proto import language_pb2; import sys; import pulumi;"
        "print(language_pb2.RunRequest.__name__, hasattr(pulumi, 'Output'), 'pulumi.output' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["RunRequest", "False", "False"]
