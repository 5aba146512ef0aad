"""The dependencies in pyproject.toml are those that the code imports: the engine's apart from those of the sandbox and
of development."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGINE = ("slipway", "components", "policies")
OWN = {*ENGINE, "bench", "sandbox", "tests"}
COME_ALONG = {"botocore", "google", "grpc", "pydantic_core", "sigstore_models"}
"""Parts of what boto3, pulumi, pydantic and sigstore require themselves."""


OF_THE_SAMPLE = {"openfeature"}
"""What the sample behind a flag imports in its pods, from the lock in sandbox/toolchain/openfeature."""
OF_LOCAL_AWS = {"ministack", "moto", "werkzeug"}
"""What the services of the local AWS import in their own environment, from the lock in sandbox/toolchain/aws."""


def name_of(requirement: str) -> str:
    """`pulumi>=3,<4` -> `pulumi`, as names are compared."""
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = {name_of(one) for one in PROJECT["dependencies"]}
EXTRAS = {
    extra: {name_of(one) for one in requirements} for extra, requirements in PROJECT["optional-dependencies"].items()
}


def imported(*folders: str) -> set[str]:
    """Top-level modules that are imported anywhere in these packages, the standard library's and ours left out."""
    found: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - OWN - COME_ALONG - set(sys.stdlib_module_names)


def distributions(modules: set[str]) -> set[str]:
    """The packages that provide them: the declared one, where several share a module."""
    provided = packages_distributions()
    declared = RUNTIME.union(*EXTRAS.values())
    found = set()
    for module in modules:
        names = [name.lower().replace("_", "-") for name in provided.get(module, [module])]
        found.add(next((name for name in names if name in declared), names[0]))
    return found


def test_the_engine_imports_what_it_requires_and_requires_what_it_imports() -> None:
    assert distributions(imported(*ENGINE)) - EXTRAS["aws"] == RUNTIME


def test_boto3_and_the_aws_provider_are_for_those_who_release_to_aws() -> None:
    assert EXTRAS["aws"] == {"boto3", "pulumi-aws"}
    assert not EXTRAS["aws"] & RUNTIME


def test_what_the_sandbox_imports_beyond_the_engine_comes_with_its_extra() -> None:
    alone = OF_THE_SAMPLE | OF_LOCAL_AWS
    assert distributions(imported("sandbox") - alone) - RUNTIME - EXTRAS["aws"] <= EXTRAS["sandbox"]


def test_everything_that_is_locked_is_pinned_by_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^([a-z0-9_.-]+)(?:\[[^]]*\])?==", lock, re.MULTILINE)
    assert set().union(RUNTIME, *EXTRAS.values()) <= set(pinned)
    for entry in re.split(r"\n(?=[a-z0-9])", lock):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
