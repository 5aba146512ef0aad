"""What a gate says: one `Finding` for each thing that is wrong, with the remedy and whose turn it is."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from slipway.release.manifest.base import FrozenModel

Turn = Literal["qa", "development", "owner", "platform"]
"""Who has to act next: QA, the developers of the change, the service's owner, or the platform team."""

Severity = Literal["low", "medium", "high", "critical"]
"""As in CrossGuard. `critical` is reserved for integrity: forged, altered or unbound."""

TEXT_LIMIT = 400


def plain(value: object, limit: int = TEXT_LIMIT) -> str:
    """Text that is safe to print and to store: one line, no control or format characters, at most `limit` long.

    What a file under judgement says ends up in terminals, CI logs and the stack's state; escape sequences,
    direction overrides and lone surrogates must not get there.
    """
    text = value if isinstance(value, str) else repr(value)
    start = text[: limit * 4]
    kept = start if start.isprintable() else "".join(_printable(char) for char in start)
    line = " ".join(kept.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _printable(char: str) -> str:
    if char in "\t\n\r ":
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"} else char


Text = Annotated[str, BeforeValidator(plain)]
"""A bounded, printable line."""

GateId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class Finding(FrozenModel):
    """One thing that is wrong with a release, enough of it to act without reading the code."""

    gate: GateId
    """Which gate refuses, such as `tests`; the ids are the keys of `slipway.release.gating.catalog.CATALOG`."""
    code: GateId
    """What kind of defect, such as `missing`, `stale`, `wrong-digest`: stable, for tests and for machines."""
    severity: Severity = "high"
    field: Text
    """Path in the manifest or the configuration, such as `evidence.tests[0]`."""
    found: Text
    wanted: Text
    remedy: Text
    turn: Turn

    @property
    def message(self) -> str:
        """One line: field, value found, value wanted, remedy, and whose turn it is."""
        return f"{self.field}: found {self.found}; wanted {self.wanted}. {self.remedy} [{self.turn}]"


def finding(
    gate: str,
    code: str,
    field: str,
    found: object,
    wanted: object,
    remedy: str,
    turn: Turn = "development",
    severity: Severity = "high",
) -> Finding:
    """One thing that is wrong: the only place where findings are made."""
    return Finding(
        gate=gate,
        code=code,
        severity=severity,
        field=field,
        found=plain(found),
        wanted=plain(wanted),
        remedy=remedy,
        turn=turn,
    )


def order(findings: list[Finding]) -> list[Finding]:
    """Worst first, then by gate and field: the same findings always print in the same order."""
    rank = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    return sorted(findings, key=lambda f: (rank[f.severity], f.gate, f.field, f.code, f.found))
