"""What a JUnit test case says of its own outcome: in child elements, and in attributes where a tool uses these alone.

A word that is not known is no pass: an outcome that may be bad counts as failed, any other as not run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Outcome = Literal["errors", "failed", "skipped", "flaky", "passed"]

CHILDREN: Mapping[str, Outcome] = {
    "failure": "failed",
    "error": "errors",
    "rerunFailure": "failed",
    "rerunError": "errors",
    "flakyFailure": "flaky",
    "flakyError": "flaky",
    "skipped": "skipped",
    "disabled": "skipped",
    "ignored": "skipped",
    "pending": "skipped",
    "todo": "skipped",
}
"""Child elements that say something; others are output."""

NOT_STARTED = frozenset({"unable to find executable", "fixture dependency failed", "missing configuration"})
"""Messages of CTest for tests that it calls skipped in the report, and failed at its end."""

_WORDS = ("status", "result", "outcome", "state", "verdict")
_RAN = ("success", "passed", "executed")
"""Yes or no, where no is not a pass."""
_LEFT_OUT = ("disabled", "skipped", "ignored", "pending", "todo")
"""Yes or no, where yes is not a pass."""
_BROKE = ("failure", "error", "failed")
"""Texts or yes and no, where anything but no is a failure."""

_GOOD = frozenset(
    {
        "run",
        "ran",
        "pass",
        "passed",
        "success",
        "successful",
        "succeeded",
        "ok",
        "completed",
        "complete",
        "executed",
        "done",
        "green",
        "yes",
    }
)
_NOT_RUN = frozenset(
    {
        "skip",
        "skipped",
        "disabled",
        "notrun",
        "notexecuted",
        "ignore",
        "ignored",
        "pending",
        "todo",
        "suppressed",
        "inconclusive",
        "untested",
        "undefined",
        "blocked",
        "deselected",
        "notapplicable",
        "omitted",
        "quarantined",
        "deferred",
        "unexecuted",
        "filtered",
    }
)
_BAD = re.compile(
    r"fail|err|brok|bad|tim|crash|panic|kill|abort|interrupt|cancel|except|fatal|unexpected|nok$|notok|red$"
)
_NO = frozenset({"", "0", "false", "no", "none", "null"})


def of_attributes(attributes: Mapping[str, str]) -> set[Outcome]:
    """The outcomes that the attributes of a test case name; empty when they say nothing but good."""
    found: set[Outcome] = {of_word(attributes[name]) for name in _WORDS if attributes.get(name)}
    found |= {"skipped" for name in _RAN if name in attributes and _is_no(attributes[name])}
    found |= {"skipped" for name in _LEFT_OUT if name in attributes and not _is_no(attributes[name])}
    found |= {"failed" for name in _BROKE if name in attributes and not _is_no(attributes[name])}
    return found - {"passed"}


def of_word(word: str) -> Outcome:
    """What one word for an outcome means."""
    plain = re.sub(r"[\W\d_]", "", word.lower())
    if plain in _GOOD or not plain:
        return "passed"
    if plain in _NOT_RUN:
        return "skipped"
    return "failed" if _BAD.search(plain) else "skipped"


def took_time(attributes: Mapping[str, str]) -> bool:
    """Whether a duration above zero shows that the case was run."""
    return bool(re.search(r"[1-9]", attributes.get("time", "")))


def _is_no(value: str) -> bool:
    return value.strip().lower() in _NO
