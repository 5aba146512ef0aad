"""Whether rules can be loaded: one that cannot stops every later reload of its server. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from slipway.release.slo.promql import refusal

_VALUE = re.compile(r"\{\{ *\$(value|labels\.[a-zA-Z_]\w*) *(\| *humanize(1024|Duration|Percentage|Timestamp)? *)?\}\}")


class Unsound(NamedTuple):
    """One thing that is wrong: its path below the list of rules, such as `[0].expr`, and what it is."""

    path: str
    problem: str


def template_refusal(text: str) -> str | None:
    """Why a text may be no template that Prometheus can read; None when it is one, or plain text."""
    rest = _VALUE.sub("", text)
    if "{{" in rest or "}}" in rest:
        return "only {{ $value }} and {{ $labels.name }} may stand in it, with | humanize after them"
    return None


def unsound(rules: Sequence[object]) -> Iterator[Unsound]:
    """Everything that is wrong with the expressions of rules, as a rule file or a PrometheusRule holds them."""
    for number, rule in enumerate(rules):
        content: Mapping[str, Any] = rule if isinstance(rule, Mapping) else {}
        expression = content.get("expr")
        if not isinstance(expression, str | int | float):
            yield Unsound(f"[{number}].expr", "there is no expression")
        elif (problem := refusal(str(expression))) is not None and isinstance(expression, str):
            yield Unsound(f"[{number}].expr", problem)


def unsound_texts(rules: Sequence[Mapping[str, Any]]) -> Iterator[Unsound]:
    """Everything that is wrong with the annotations of alarms."""
    for number, rule in enumerate(rules):
        for name, text in sorted((rule.get("annotations") or {}).items()):
            if (problem := template_refusal(str(text))) is not None:
                yield Unsound(f"[{number}].annotations.{name}", problem)
