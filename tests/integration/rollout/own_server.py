"""A server of a test's own: a process that answers when the block begins, and is gone after it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from tests.integration.rollout.stage import eventually


class OwnServer:
    """What is made of it sets `_argv`, `_environment` where it needs one of its own, and says when it is `_ready`."""

    _argv: Sequence[str]
    _environment: Mapping[str, str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, env=self._environment)
        eventually(self._ready, bool)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(20)

    def _ready(self) -> bool:
        raise NotImplementedError
