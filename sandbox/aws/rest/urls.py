"""Function URLs: a proxy from a host name to the container of the version that an alias leads to.

ministack serves them too, in 3 ms of a processor for each request; a release under 300 requests a second needs less.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple

from sandbox.aws.rest import adapter
from sandbox.aws.rest.counts import Counters, Way

REFUSED = {
    HTTPStatus.BAD_REQUEST: b'{"Message":"this is no request of HTTP/1.1"}',
    HTTPStatus.NOT_FOUND: b'{"Message":"no function has this URL"}',
    HTTPStatus.BAD_GATEWAY: b"Internal Server Error",
}
"""By status; the last is what users get when a function failed."""
END = b"\r\n\r\n"
Json = dict[str, Any]


class Led(NamedTuple):
    """Where a request goes. There is no `place` while the version has no container that runs."""

    way: Way
    config: Mapping[str, Any]
    place: tuple[str, int] | None


class Message(NamedTuple):
    """A request or an answer of HTTP/1.1. `head` is all that stands before the body, with the empty line."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.head.split(b" ", 2)[1])


@dataclass
class Urls:
    """`find` tells where a request to a host name goes; None where that is the URL of no function."""

    find: Callable[[str], Led | None]
    counters: Counters
    _free: dict[tuple[str, int], list[_Connection]] = field(default_factory=dict)
    """Connections to containers that have no request under way."""

    def run(self, port: int) -> None:
        """Serve until the process is ended."""
        asyncio.run(self._serve(port))

    async def start(self, port: int) -> asyncio.Server:
        """Listen, on any port for 0."""
        return await asyncio.start_server(self._clients, "0.0.0.0", port)  # noqa: S104 - of the sandbox's own namespace

    async def _serve(self, port: int) -> None:
        async with await self.start(port) as server:
            await server.serve_forever()

    async def _clients(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client after another request of its own."""
        try:
            while (asked := await _read(reader)) is not None:
                answer = await self._answer(asked)
                writer.write(answer.head + answer.body)
                await writer.drain()
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            if not isinstance(error, OSError):
                writer.write(b"".join(_own(HTTPStatus.BAD_REQUEST)))
        finally:
            writer.close()

    async def _answer(self, asked: Message) -> Message:
        led = self.find(_header(asked.head, b"host").partition(":")[0])
        if led is None:
            return _own(HTTPStatus.NOT_FOUND)
        self.counters.begin(led.way)
        failed = True
        try:
            async with asyncio.timeout(float(led.config.get("Timeout") or 3)):
                answer = await self._forward(led.place, asked)
            failed = adapter.is_error(answer.status, adapter.variables(led.config).get(adapter.ERRORS, ""))
            return _own(HTTPStatus.BAD_GATEWAY) if failed else answer
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            sys.stderr.write(f"{led.way.function}:{led.way.version}: {type(error).__name__}: {error}\n")
            return _own(HTTPStatus.BAD_GATEWAY)
        finally:
            self.counters.end(led.way, failed=failed)

    async def _forward(self, place: tuple[str, int] | None, asked: Message) -> Message:
        """The answer of a container. A connection that was kept may have ended meanwhile: then by a new one."""
        if place is None:
            raise ConnectionError("the version has no container that runs")
        kept = self._free.setdefault(place, [])
        while kept:
            connection = kept.pop()
            try:
                answer = await connection.ask(asked)
            except (ConnectionError, asyncio.IncompleteReadError):
                continue
            kept.append(connection)
            return answer
        connection = _Connection(*await asyncio.open_connection(*place))
        answer = await connection.ask(asked)
        kept.append(connection)
        return answer


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, asked: Message) -> Message:
        """One request and its answer; whatever goes wrong in it ends the connection."""
        try:
            self.writer.write(asked.head + asked.body)
            answer = await _read(self.reader, to=asked)
            if answer is None:
                raise ConnectionResetError("the container closed the connection")
        except BaseException:
            self.writer.close()
            raise
        return answer


async def _read(reader: asyncio.StreamReader, to: Message | None = None) -> Message | None:
    """The next message, or the answer to one; None where there is none."""
    try:
        head = await reader.readuntil(END)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    if to is not None and to.head.startswith(b"HEAD "):
        return Message(head, b"")
    if _header(head, b"transfer-encoding"):
        return Message(head, await _chunks(reader))
    return Message(head, await reader.readexactly(int(_header(head, b"content-length") or 0)))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """A body without a length, as it comes."""
    found, size = b"", 1
    while size:
        line = await reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        found += line + await reader.readexactly(size + 2)
    return found


def _header(head: bytes, name: bytes) -> str:
    """The value of a header; empty where there is none."""
    _, found, rest = head.lower().partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip().decode("latin-1") if found else ""


def _own(status: HTTPStatus) -> Message:
    """An answer of no function."""
    body = REFUSED[status]
    said = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return Message(said.encode() + END, body)
