"""Expressions of PromQL, parsed and type-checked before anything reads them.

One rule file with a broken expression makes every later reload of a Prometheus server fail, for all its users.
"""

from __future__ import annotations

from typing import Any

WINDOW = "{window}"
"""Stands for the length of a window inside a query: `sum(increase(orders_total[{window}]))`."""
_ANY_WINDOW = "5m"
_PER_SECOND = frozenset({"rate", "irate", "deriv", "idelta"})
_NO_VECTOR = {
    "MatrixSelector": "a range vector: apply a function such as increase or max_over_time to it",
    "SubqueryExpr": "a range vector: apply a function such as increase or max_over_time to it",
    "StringLiteral": "a text",
}


def refusal(expression: str) -> str | None:
    """Why Prometheus would refuse an expression in a rule, or could make nothing of its value; None when it is fine."""
    try:
        tree = _parsed(expression)
    except ValueError as error:
        return f"PromQL refuses it: {error}"
    what = _NO_VECTOR.get(type(_bare(tree)).__name__)
    return None if what is None else f"is {what}"


def counting_refusal(query: str) -> str | None:
    """Why a query does not count events over a window: it is neither the selector of a counter nor an expression with
    `[{window}]`, or it counts something else. None when it does."""
    if WINDOW not in query:
        try:
            kind = type(_bare(_parsed(query))).__name__
        except ValueError as error:
            return f"PromQL refuses it: {error}"
        if kind != "VectorSelector":
            return f"is neither the selector of a counter nor an expression with [{WINDOW}]"
    elif (function := _per_second(query.replace(WINDOW, _ANY_WINDOW))) is not None:
        return f"{function} is no number of events; write increase"
    return refusal(counted(query, _ANY_WINDOW))


def counted(query: str, window: str) -> str:
    """The expression for the number of events in a window such as `1h`, one number for all series together."""
    if WINDOW in query:
        return f"sum({query.strip().replace(WINDOW, window)})"
    return f"sum(increase({query.strip()}[{window}]))"


def same(first: str, second: str) -> bool:
    """Whether two expressions are one, however they are written: a server answers with its own spelling."""
    try:
        return bool(_parsed(first).prettify() == _parsed(second).prettify())
    except ValueError:
        return first == second


def _parsed(expression: str) -> Any:  # noqa: ANN401 - one of the parser's classes
    """Raises ValueError with the parser's reason."""
    import promql_parser  # only stacks with objectives or alarms need it

    return promql_parser.parse(expression)


def _bare(tree: Any) -> Any:  # noqa: ANN401 - one of the parser's classes
    while type(tree).__name__ == "ParenExpr":
        tree = tree.expr
    return tree


def _per_second(expression: str) -> str | None:
    """The first function in it whose result is a speed; None also for what does not parse."""
    import promql_parser

    found: list[str] = []

    def note(node: Any) -> None:  # noqa: ANN401 - one of the parser's classes
        if type(node).__name__ == "Call" and node.func.name in _PER_SECOND:
            found.append(node.func.name)

    try:
        promql_parser.walk(promql_parser.parse(expression), note)
    except ValueError:
        return None
    return found[0] if found else None
