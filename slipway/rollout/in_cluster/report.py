"""What the process of a Job reports to those who follow it: lines, how the rollout stands, and its end. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from slipway.release.errors import (
    ClusterError,
    LeaseHeld,
    LeaseLost,
    ReleaseRefused,
    RolloutAborted,
    SlipwayError,
)
from slipway.release.manifest.base import FrozenModel
from slipway.rollout.platforms.base import Document
from slipway.rollout.status import Progress

LINES_KEPT = 100
DONE = "done"
_ERRORS: dict[str, type[SlipwayError]] = {
    one.__name__: one for one in (ClusterError, LeaseHeld, LeaseLost, ReleaseRefused, SlipwayError)
}
_PROGRESS = TypeAdapter(Progress)


class RunEnd(FrozenModel):
    """How an order ended: `kind` is `done`, or the kind of the error that `text` says."""

    kind: str
    text: str = ""
    quarantined: bool = False

    @classmethod
    def of(cls, error: SlipwayError) -> RunEnd:
        """The end by an error; what is no kind of its own here is the nearest one above it."""
        if isinstance(error, RolloutAborted):
            return cls(kind=RolloutAborted.__name__, text=str(error), quarantined=error.quarantined)
        kind = next(one.__name__ for one in type(error).__mro__ if one.__name__ in _ERRORS)
        return cls(kind=kind, text=str(error))

    def raise_if_failed(self) -> None:
        """Raise the error that it was."""
        if self.kind == DONE:
            return
        if self.kind == RolloutAborted.__name__:
            raise RolloutAborted(self.text, quarantined=self.quarantined)
        raise _ERRORS.get(self.kind, SlipwayError)(self.text)


class Line(FrozenModel):
    """One line that stays; `number` counts the lines of an order from 1."""

    number: int
    text: str


class RunReport(FrozenModel):
    """`by` is the process that wrote it; `status` and `progress` are how it stands now, the latter where known."""

    by: str = ""
    changes: int = 0
    """Grows with each write, so that a process that hangs can be told from one that has nothing to say."""
    lines: tuple[Line, ...] = ()
    status: str = ""
    progress: dict[str, Any] | None = None
    end: RunEnd | None = None

    @property
    def stands(self) -> Progress | None:
        """How the rollout stands; None when it was not said, or by another version in other words."""
        try:
            return _PROGRESS.validate_python(self.progress) if self.progress is not None else None
        except ValidationError:
            return None

    def after(self, number: int) -> tuple[Line, ...]:
        """The lines that are newer than this one."""
        return tuple(line for line in self.lines if line.number > number)

    def with_line(self, text: str) -> RunReport:
        """With one line more; of many only the last stay."""
        number = self.lines[-1].number + 1 if self.lines else 1
        lines = (*self.lines, Line(number=number, text=text))[-LINES_KEPT:]
        return self.model_copy(update={"lines": lines})

    def with_status(self, line: str, progress: Progress | None = None) -> RunReport:
        """As it stands now."""
        plain = None if progress is None else _PROGRESS.dump_python(progress, mode="json")
        return self.model_copy(update={"status": line, "progress": plain})

    def to_document(self) -> Document:
        """Plain JSON values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def read_report(document: Document | None) -> RunReport | None:
    """None for what was not written, or cannot be understood: a report is for people, the journal decides."""
    try:
        return None if document is None else RunReport.model_validate(document, extra="ignore")
    except ValidationError:
        return None
