"""A configuration that cannot be used ends the program with one error that lists everything."""

from __future__ import annotations

from tests.integration.engine.conftest import Stack
from tests.manifests import ABSENT


def test_everything_that_is_wrong_is_said_at_once(stack: Stack) -> None:
    broken = stack.release("1.0.0", rollback=ABSENT, workload__port="http")
    stack.configure({"checkout": {"manifest": broken}}, namespace=None, colour="blue")
    result = stack.pulumi("preview", succeed=False)
    output = result.stdout + result.stderr
    assert result.returncode != 0
    for wanted in ("namespace: is missing", "colour: is not a known field", f"{broken}: workload.port", "rollback: is"):
        assert wanted in output
    assert "Traceback" not in output
    assert output.count("error: stack configuration: 4 problem(s)") <= 3, "once in the log, twice in the summary"
    assert "unhandled" not in output


def test_a_stack_without_any_configuration_is_told_what_to_write(stack: Stack) -> None:
    stack.configure(None, namespace=None, metrics=None)
    result = stack.pulumi("preview", succeed=False)
    assert result.returncode != 0
    for key in ("services", "namespace", "metrics"):
        assert f"Write releases:{key}:" in result.stdout
