"""A Prometheus that answers as it is told, behind a real HTTP client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2

Answer = httpx2.Response | Exception


class Server:
    """`answers` maps a piece of the query or the path to what is answered; the first that fits is taken."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Callable[[httpx2.Request], Answer]]] = []
        self.asked: list[httpx2.Request] = []
        self.transport = httpx2.MockTransport(self._answer)

    def on(self, piece: str, answer: Answer) -> None:
        """Later answers come before earlier ones."""
        self.answers.insert(0, (piece, lambda _: answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        text = f"{request.url.path} {request.url.params.get('query', '')}"
        found = next(answer(request) for piece, answer in self.answers if piece in text)
        if isinstance(found, Exception):
            raise found
        return found


def result(*rows: dict[str, Any], **more: Any) -> httpx2.Response:
    """A successful query."""
    return httpx2.Response(200, json={"status": "success", "data": {"resultType": "x", "result": list(rows)}, **more})
