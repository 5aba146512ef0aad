from __future__ import annotations

from pathlib import Path

from sandbox.sample.load import LoadOptions


def command(options: LoadOptions) -> list[str]:
    return options.command(Path("/bin/loadgen"), "http://127.0.0.1:80/", "checkout.example", 300, Path("/tmp/o"))


def test_load_runs_in_this_namespace_unless_another_is_named() -> None:
    assert command(LoadOptions())[0] == "/bin/loadgen"
    assert command(LoadOptions(netns="box"))[:3] == ["nsenter", "--net=/run/netns/box", "--"]
    assert command(LoadOptions(netns=Path("/proc/7/ns/net")))[1] == "--net=/proc/7/ns/net"


def test_every_setting_reaches_the_generator() -> None:
    options = LoadOptions(duration=12.5, headers=["x-preview: yes"], clients=3, client_cookie="client")
    assert {
        "-with-stdin",
        "-url=http://127.0.0.1:80/",
        "-host=checkout.example",
        "-rate=300",
        "-duration=12.500000s",
        "-header=x-preview: yes",
        "-clients=3",
        "-client-cookie=client",
        "-client-header=",
        "-out=/tmp/o",
    } <= set(command(options))


def test_clients_may_be_unequal_and_keep_their_cookies() -> None:
    options = LoadOptions(clients=3, client_header="x-client", client_skew=1.1, keep_cookies=True)
    assert {"-client-skew=1.1", "-keep-cookies=true"} <= set(command(options))
    assert "-keep-cookies=false" in command(LoadOptions(clients=3, client_header="x-client"))
