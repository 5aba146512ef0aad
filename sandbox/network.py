"""The one wire between the host and the sandbox, and the addresses on it."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.namespace import Namespace

LINKS = ipaddress.ip_network("10.213.0.0/16")
PODS = ipaddress.ip_network("10.214.0.0/16")
SERVICES = "10.215.0.0/16"
INNER_DEVICE = "eth0"


def device_name(identity: str) -> str:
    """The host's end of the wire."""
    return f"slw{identity}"


@dataclass(frozen=True)
class Network:
    """Addresses of one sandbox: a /30 for the wire, a /24 for pods. ``node`` is where everything listens."""

    device: str
    host: str
    node: str
    pods: str

    @classmethod
    def numbered(cls, identity: str, number: int) -> Network:
        """The addresses of slot ``number`` (0 to 255)."""
        link = list(ipaddress.ip_network(f"{LINKS.network_address + number * 256}/30").hosts())
        pods = ipaddress.ip_network(f"{PODS.network_address + number * 256}/24")
        return cls(device=device_name(identity), host=str(link[0]), node=str(link[1]), pods=str(pods))

    @classmethod
    def choose(cls, identity: str, taken: Iterable[str]) -> Network:
        """The first slot, counted from one that the identity decides, that overlaps no network in ``taken``.

        So a sandbox gets the same addresses every time, unless the machine uses them for something else.
        """
        used = [ipaddress.ip_network(item, strict=False) for item in taken]
        for offset in range(256):
            candidate = cls.numbered(identity, (int(identity, 16) + offset) % 256)
            ranges = [ipaddress.ip_network(f"{candidate.node}/30", strict=False), ipaddress.ip_network(candidate.pods)]
            if not any(mine.overlaps(other) for mine in ranges for other in used if other.version == 4):
                return candidate
        raise SandboxError("network", f"no free addresses in {LINKS}", "free one of them on this machine")


@dataclass(frozen=True)
class Wire:
    """Makes and removes the wire with the ``ip`` program at ``ip``."""

    ip: Path
    network: Network
    library_path: str

    def read_taken(self) -> list[str]:
        """The networks that this machine has routes or addresses for, our own device's left out."""
        found = []
        for address in json.loads(self._ip(["-j", "-4", "addr", "show"]) or "[]"):
            if address.get("ifname") != self.network.device:
                found += [f"{info['local']}/{info['prefixlen']}" for info in address.get("addr_info", [])]
        for route in json.loads(self._ip(["-j", "-4", "route", "show", "table", "all"]) or "[]"):
            if route.get("dev") != self.network.device and route.get("dst", "default") != "default":
                found.append(route["dst"])
        return found

    def connected(self, namespace: Namespace) -> bool:
        """Whether the wire is there with its address at both ends."""
        outside = self._try(["-j", "addr", "show", "dev", self.network.device])
        inside = self._try(["-j", "addr", "show", "dev", INNER_DEVICE], namespace)
        return self.network.host in outside and self.network.node in inside

    def connect(self, namespace: Namespace) -> None:
        """Make the wire anew. Inside there is no default route: nothing in the sandbox can reach the outside."""
        self.disconnect()
        net = self.network
        peer = ["peer", "name", INNER_DEVICE, "netns", str(namespace.holder)]
        self._ip(["link", "add", net.device, "type", "veth", *peer])
        self._ip(["addr", "add", f"{net.host}/30", "dev", net.device])
        self._ip(["link", "set", net.device, "up"])
        self._ip(["link", "set", "lo", "up"], namespace)
        self._ip(["addr", "add", f"{net.node}/30", "dev", INNER_DEVICE], namespace)
        self._ip(["link", "set", INNER_DEVICE, "up"], namespace)

    def disconnect(self) -> None:
        """Remove the wire if it is there."""
        self._try(["link", "del", self.network.device])

    def _command(self, arguments: Sequence[str], namespace: Namespace | None) -> list[str]:
        command = [str(self.ip), *arguments]
        return command if namespace is None else namespace.enter(command, "net")

    def _execute(self, arguments: Sequence[str], namespace: Namespace | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(arguments, namespace),
            env={"LD_LIBRARY_PATH": self.library_path, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def _ip(self, arguments: Sequence[str], namespace: Namespace | None = None) -> str:
        result = self._execute(arguments, namespace)
        if result.returncode != 0:
            problem = f"ip {' '.join(arguments)} failed: {result.stderr.strip()}"
            raise SandboxError("network", problem, "run as root on a kernel with veth devices")
        return result.stdout

    def _try(self, arguments: Sequence[str], namespace: Namespace | None = None) -> str:
        return self._execute(arguments, namespace).stdout
