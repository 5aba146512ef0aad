"""`python -m bench.fleet.server N`: an API server with N services, and a Prometheus, behind one address.

It prints its port. `/bench/counts` answers how often each kind of request came, and how many routes are split.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from urllib.parse import parse_qsl, unquote

from bench.fleet import objects
from bench.fleet.counters import Counters
from bench.fleet.store import Store

WORDS = {200: b"OK", 404: b"Not Found", 409: b"Conflict"}


class World:
    """Everything that is asked for."""

    def __init__(self, services: int) -> None:
        self.store = Store()
        self.counters = Counters(lambda: self.store.shares(objects.NAMESPACE))
        self.counts: Counter[str] = Counter()
        for index in range(services):
            for revision in (objects.OLD, objects.NEW):
                for path, content in objects.workload(objects.name_of(index), revision).items():
                    self.store.put(path, content)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """One request."""
        path, _, query = target.partition("?")
        path, values = unquote(path), dict(parse_qsl(query))
        if path == "/bench/counts":
            shares = self.store.shares(objects.NAMESPACE).values()
            split = sum(sum(percent > 0 for percent in route.values()) > 1 for route in shares)
            return 200, json.dumps({"requests": self.counts, "split": split}).encode()
        if path.startswith("/api/v1/query"):
            self.counts["PromQL"] += 1
            asked = {**values, **dict(parse_qsl(body.decode()))}
            return 200, self.counters.answer(asked.get("query", ""))
        self.counts[_kind(method, path, values)] += 1
        return self.store.answer(method, path, values, body)


def _kind(method: str, path: str, query: dict[str, str]) -> str:
    parts = path.rpartition("/namespaces/")[2].split("/")
    named = len(parts) > 2
    plural = parts[1] if len(parts) > 1 else path
    return f"{'LIST' if method == 'GET' and not named else method} {plural}"


class Http(asyncio.Protocol):
    """HTTP/1.1 with connections that stay open; no more of it than the clients use."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            lines = self._waiting[:end].split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
            if len(self._waiting) < end + 4 + length:
                return
            body, self._waiting = self._waiting[end + 4 : end + 4 + length], self._waiting[end + 4 + length :]
            method, target, _ = lines[0].decode().split(" ")
            code, content = self._world.answer(method, target, body)
            head = b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            self._transport.write(head % (code, WORDS[code], len(content)) + content)


async def main(services: int) -> None:
    """Serve until the process is ended."""
    world = World(services)
    server = await asyncio.get_running_loop().create_server(lambda: Http(world), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
