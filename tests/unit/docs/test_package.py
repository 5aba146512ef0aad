"""The programs in docs/package.md give what the schema of the package takes. (With SDKs that are really generated:
tests/integration/engine/test_sdks.py.)"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pytest

from slipway.plugin import schema
from slipway.release.tokens import SERVICE

TEXT = (Path(__file__).parents[3] / "docs" / "package.md").read_text()
DATABASE = {"kind": "postgresql", "url": {"env": "CHECKOUT_DATABASE_URL"}}
CONFIG = {
    "services": {"cart": {"manifest": "cart.yaml"}, "checkout": {"manifest": "checkout.yaml", "standby": "old.yaml"}},
    "namespace": "shop",
    "metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
    "gates": {"config": "policies/config/prod.json"},
    "databases": {"checkout": DATABASE},
}


class Config:
    """The stack's configuration in the place of `pulumi.Config`."""

    def __init__(self, name: str) -> None:
        assert name == "releases"

    @staticmethod
    def require(key: str) -> Any:
        return CONFIG[key]

    require_object, get_object = require, CONFIG.get


def test_the_python_program_gives_each_service_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, dict[str, Any]] = {}

    class Service:
        weights = {"new": 100.0}

        def __init__(self, name: str, **inputs: Any) -> None:
            given[name] = inputs

    sdk = ModuleType("pulumi_slipway")
    vars(sdk).update(Service=Service, MetricsSourceArgs=dict, GateSettingArgs=dict)
    exported: list[str] = []
    monkeypatch.setitem(sys.modules, "pulumi_slipway", sdk)
    monkeypatch.setattr(pulumi, "Config", Config)
    monkeypatch.setattr(pulumi, "export", lambda name, _: exported.append(name))
    (program,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.S | re.M)
    exec(compile(program, "docs/package.md", "exec"), {})  # noqa: S102 - our own documentation
    assert exported == ["cart", "checkout"]
    assert (given["cart"]["database"], given["checkout"]["database"]) == (None, DATABASE)
    inputs = schema.build()["resources"][SERVICE]["inputProperties"]
    assert {json.dumps(sorted(one.keys() - inputs.keys())) for one in given.values()} == {"[]"}


def test_the_typescript_program_gives_what_the_schema_takes() -> None:
    (program,) = re.findall(r"^```typescript\n(.*?)^```$", TEXT, re.S | re.M)
    named = set(re.findall(r"^ {8}(\w+): ", program, re.M))
    assert {"namespace", "metrics", "gates", "database"} == named
    assert named <= schema.build()["resources"][SERVICE]["inputProperties"].keys()
    types = schema.build()["types"]
    for name in re.findall(r"slipway\.types\.input\.(\w+)Args", program):
        assert any(token.endswith(f":{name}") for token in types), name
