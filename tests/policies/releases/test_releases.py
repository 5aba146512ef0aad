"""Every broken release is refused by exactly the rule that it should be, in the pack without the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.gates import RULES
from policies.pack import Pack
from policies.rule import ReleaseRule, Resource, ResourceRule
from slipway.release.tokens import RELEASE
from tests.policies.releases.broken import RELEASES, Broken
from tests.policies.releases.scene import UNKNOWN, Scene


def judged(scene: Scene, name: str, **props: Any) -> dict[str, list[str]]:
    """What each rule says of a service's Release, rules that say nothing left out."""
    pack = Pack(scene.root, scene.root / "policies", now=lambda: scene.now)
    pack.configure(pack.configured_for("prod"))
    content = {**scene.inputs(name), **props}
    known = {key: UNKNOWN_STRING_VALUE if value == UNKNOWN else value for key, value in content.items()}
    resource = Resource(RELEASE, name, scene.urn(name), unknown_checking_proxy(known))
    judgement = pack.judgement(resource)
    said: dict[str, list[str]] = {}
    for rule in RULES.values():
        if isinstance(rule, ReleaseRule):
            lines = list(pack.messages(rule, resource, judgement))
        elif isinstance(rule, ResourceRule) and RELEASE in rule.types:
            lines = list(pack.of_resource(rule, resource))
        else:
            continue
        if lines:
            said[rule.gate.name] = lines
    return said


def test_a_complete_release_passes(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.service("checkout")
    scene.write()
    assert judged(scene, "checkout") == {}


def test_there_are_enough_of_them_and_none_twice() -> None:
    names = [one.name for one in RELEASES]
    assert len(names) == len(set(names)) >= 40


@pytest.mark.parametrize("one", RELEASES, ids=lambda one: one.name)
def test_a_broken_release_is_refused_by_the_rule_that_is_for_it(tmp_path: Path, one: Broken) -> None:
    scene = Scene(tmp_path)
    one.add(scene)
    scene.write()

    said = judged(scene, one.name)

    assert set(said) == {one.rule}, said
    text = "\n".join(said[one.rule])
    assert f"<{one.rule}/{one.code}>" in text
    assert one.shows in text
    for line in said[one.rule]:
        for part in (": found ", "; wanted ", ". ", "["):
            assert part in line
