"""What the engine is answered about a group of rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from slipway.plugin.rule_group_resource import RuleGroupResource
from slipway.plugin.structs import UNKNOWN, to_plain, to_struct
from slipway.release.errors import ClusterError, QueryRefused
from tests.unit.slipway.rollout.rules.server import RULES, MemoryServer, inputs

URN = "urn:pulumi:prod::shop::slipway:index:Slo$slipway:index:RuleGroup::slo-x"
KINDS = provider_pb2.DiffResponse


def resource(server: MemoryServer) -> RuleGroupResource:
    return RuleGroupResource(None, connect=lambda _: server)


def checked(wanted: Mapping[str, Any]) -> list[str]:
    request = provider_pb2.CheckRequest(urn=URN, news=to_struct(dict(wanted)))
    return [failure.reason for failure in resource(MemoryServer()).check(request).failures]


def wire(**changes: object) -> dict[str, Any]:
    return inputs(**changes).to_wire()


def test_sound_inputs_pass() -> None:
    assert checked(wire()) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"alert": "A", "expr": "rate(x) > 1"}, "rules[0].expr: PromQL refuses it: expected type matrix"),
        ({"record": "a:b", "expr": "x[5m]"}, "rules[0].expr: is a range vector"),
        ({"record": "a:b"}, "rules[0].expr: there is no expression"),
        (
            {"alert": "A", "expr": "x > 1", "annotations": {"summary": "{{ .Labels }"}},
            "rules[0].annotations.summary: only {{ $value }}",
        ),
    ],
)
def test_a_rule_that_would_stop_the_servers_reloads_is_refused(rule: dict[str, Any], words: str) -> None:
    (reason,) = checked({**wire(), "rules": [rule]})
    assert words in reason


def test_creating_brings_the_rules_and_removing_takes_them_away(tmp_path: Path) -> None:
    path = tmp_path / "slo-x.yaml"
    server = MemoryServer(path)
    it, wanted = resource(server), wire(file=str(path))
    made = it.create(provider_pb2.CreateRequest(urn=URN, properties=to_struct(wanted)))
    assert made.id == "slo-x"
    assert to_plain(made.properties) == {**wanted, "health": "ok"}
    it.delete(provider_pb2.DeleteRequest(urn=URN, properties=made.properties, old_inputs=to_struct(wanted)))
    assert not path.exists()


def test_a_preview_writes_nothing_and_shows_what_the_server_refuses(tmp_path: Path) -> None:
    path = tmp_path / "slo-x.yaml"
    request = provider_pb2.CreateRequest(urn=URN, properties=to_struct(wire(file=str(path))), preview=True)
    resource(MemoryServer(path)).create(request)
    assert not path.exists()
    with pytest.raises(QueryRefused, match="Burning of group slo-x"):
        resource(MemoryServer(path, refuses=frozenset({"slo:a > 1"}))).create(request)


def test_a_preview_passes_where_the_server_cannot_be_asked() -> None:
    class Away(MemoryServer):
        def check(self, promql: str) -> None:
            raise ClusterError("away")

    resource(Away()).create(provider_pb2.CreateRequest(urn=URN, properties=to_struct(wire()), preview=True))


def test_a_changed_rule_and_a_changed_file_are_differences(tmp_path: Path) -> None:
    path = tmp_path / "slo-x.yaml"
    it, wanted = resource(MemoryServer(path)), wire(file=str(path))
    it.create(provider_pb2.CreateRequest(urn=URN, properties=to_struct(wanted)))

    def diff(new: dict[str, Any]) -> provider_pb2.DiffResponse:
        return it.diff(provider_pb2.DiffRequest(urn=URN, old_inputs=to_struct(wanted), news=to_struct(new)))

    assert diff(wanted).changes == KINDS.DIFF_NONE
    found = diff({**wanted, "rules": [dict(RULES[0])]})
    assert (list(found.diffs), list(found.replaces)) == (["rules"], [])
    moved = diff({**wanted, "group": "slo-y"})
    assert (list(moved.replaces), moved.deleteBeforeReplace) == (["group"], True)
    path.unlink()
    assert list(diff(wanted).diffs) == ["file"]


def test_an_expression_that_only_the_update_knows_stands_in_no_previews_way() -> None:
    unknown = {**wire(), "rules": [{**RULES[0], "expr": UNKNOWN}, {**RULES[1], "expr": "rate(x) > 1"}]}
    (reason,) = checked(unknown)
    assert "rules[1].expr" in reason, "what is known is judged"
    unknown["rules"][1] = RULES[1]
    assert checked(unknown) == []
    request = provider_pb2.CreateRequest(urn=URN, properties=to_struct(unknown), preview=True)
    resource(MemoryServer(refuses=frozenset({UNKNOWN}))).create(request)
