from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import GatewayReference, HeaderMatch, Match, Route
from slipway.release.manifest.strategy import Preview
from slipway.rollout.routers.base import ClientAssignment, Split
from slipway.rollout.routers.httproute import (
    acceptance,
    check_preview,
    is_behind,
    mirrored_of,
    preview_spec_of,
    settings_hash_of,
    shares_of,
    spec_of,
    wanted_hash,
)
from slipway.rollout.routers.parts import WEIGHT_SUM, duration, weights
from tests.unit.slipway.rollout.examples import ROUTE, backend

OLD, NEW = backend("old"), backend("new")
PLAIN = Route.model_validate(ROUTE)
HEADER = Preview(header=HeaderMatch(name="x-preview", value="new"))
FULL = PLAIN.model_copy(
    update={
        "gateway": GatewayReference(namespace="edge", name="public", section="http"),
        "matches": (
            Match(path="/api", method="GET", headers=(HeaderMatch(name="x-a", value="1"),)),
            Match(path="/exact", path_type="Exact"),
        ),
        "timeout": 1.5,
    }
)


def integers(*percents: float) -> list[int]:
    split = Split(tuple((backend(f"b{n}"), percent) for n, percent in enumerate(percents)))
    return [weight for _, weight in weights(split)]


def test_percents_become_integers_down_to_a_hundredth() -> None:
    assert integers(95, 5) == [9500, 500]
    assert integers(99.99, 0.01) == [9999, 1]
    assert integers(100) == [10_000]
    assert integers(33.333, 33.333, 33.334) == [3333, 3333, 3334]


def test_a_backend_without_a_share_stands_in_the_route_without_traffic() -> None:
    assert integers(0, 100) == [0, 10_000]
    assert integers(0, 50, 50) == [0, 5000, 5000]
    assert shares_of(spec_of(PLAIN, Split(((OLD, 0.0), (NEW, 100.0))))) == {OLD.entry: 0.0, NEW.entry: 100.0}


def test_a_share_that_is_too_small_to_write_is_not_rounded_to_nothing() -> None:
    assert integers(99.9999, 0.0001) == [9999, 1]


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=6))
def test_weights_always_sum_to_the_whole_and_miss_their_share_by_less_than_one_unit_each(parts: list[float]) -> None:
    percents = [100 * part / sum(parts) for part in parts]
    found = integers(*percents)
    assert sum(found) == WEIGHT_SUM
    assert all(weight >= 1 for weight in found)
    assert all(abs(w - p * WEIGHT_SUM / 100) <= len(parts) for w, p in zip(found, percents, strict=True))


@pytest.mark.parametrize(
    "shares", [(), ((OLD, 0.0),), ((OLD, 60.0), (NEW, 30.0)), ((OLD, -5.0), (NEW, 105.0)), ((OLD, 50.0), (OLD, 50.0))]
)
def test_a_split_that_is_none_is_refused(shares: Any) -> None:
    with pytest.raises(ValueError, match="sum to 100"):
        weights(Split(shares))


def test_what_is_written_is_read_back_as_shares() -> None:
    spec = spec_of(FULL, Split(((OLD, 99.95), (NEW, 0.05)), (NEW, HEADER)))
    assert shares_of(spec) == {OLD.entry: 99.95, NEW.entry: 0.05}


def test_shares_of_a_foreign_route_follow_the_apis_defaults() -> None:
    backends = [{"name": "a"}, {"name": "b", "weight": 3}, {"name": "c", "weight": 0}]
    assert shares_of({"rules": [{"backendRefs": backends}]}) == {"a": 25.0, "b": 75.0, "c": 0.0}
    assert shares_of({"rules": [{}]}) == shares_of({}) == {}
    assert shares_of({"rules": [{"backendRefs": [{"name": "a", "weight": 0}]}]}) == {"a": 0.0}


def test_the_preview_by_header_is_the_first_rule_and_repeats_every_match_with_one_header_more() -> None:
    spec = spec_of(FULL, Split(((OLD, 100.0),), (NEW, HEADER)))
    preview, users = spec["rules"]
    assert [ref["name"] for ref in preview["backendRefs"]] == [NEW.entry]
    assert [ref["name"] for ref in users["backendRefs"]] == [OLD.entry]
    extra = {"type": "Exact", "name": "x-preview", "value": "new"}
    expected = copy.deepcopy(users["matches"])
    for match in expected:
        match["headers"] = [*match.get("headers", []), extra]
    assert preview["matches"] == expected
    assert preview["timeouts"] == users["timeouts"] == {"request": "1s500ms"}


def test_a_preview_host_is_a_route_of_its_own() -> None:
    spec = preview_spec_of(FULL, (NEW, Preview(host="new.example")))
    assert spec is not None
    assert spec["hostnames"] == ["new.example"]
    assert shares_of(spec) == {NEW.entry: 100.0}
    assert preview_spec_of(FULL, (NEW, HEADER)) is None
    assert preview_spec_of(FULL, None) is None


def test_a_route_without_matches_takes_every_path() -> None:
    (rule,) = spec_of(PLAIN, Split.whole(OLD))["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert "timeouts" not in rule


def test_the_body_does_not_depend_on_the_weights_but_on_everything_else() -> None:
    preview = (NEW, HEADER)
    settings_hash = wanted_hash(FULL, preview)
    for split in (Split.whole(OLD), Split(((OLD, 1.0), (NEW, 99.0)))):
        assert settings_hash_of(spec_of(FULL, Split(split.shares, preview)), None) == settings_hash
    others = {
        wanted_hash(FULL, None),
        wanted_hash(PLAIN, preview),
        wanted_hash(FULL, (OLD, HEADER)),
        wanted_hash(FULL, (NEW, Preview(host="new.example"))),
        wanted_hash(FULL.model_copy(update={"timeout": 2.0}), preview),
        wanted_hash(FULL.model_copy(update={"hostnames": ("else.example",)}), preview),
        wanted_hash(FULL.model_copy(update={"matches": FULL.matches[:1]}), preview),
    }
    assert len(others) == 7
    assert settings_hash not in others


GOLDEN = {
    "everything": ("577e257bf36b", "577e257bf36b"),
    "weights": ("916d3d4ad793", "916d3d4ad793"),
    "preview by header": ("2b241de8f3cb", "2b241de8f3cb"),
    "preview by host": ("9772e857a2c7", "9772e857a2c7"),
    "copies": ("18dc128350bc", "e8ca45b20b1b"),
    "clients that stay": ("e371cba02001", "e371cba02001"),
}
HALVES = ((OLD, 75.0), (NEW, 25.0))
WRITTEN = {
    "everything": Split.whole(OLD),
    "weights": Split(HALVES),
    "preview by header": Split(HALVES, (NEW, HEADER)),
    "preview by host": Split(HALVES, (NEW, Preview(host="new.example"))),
    "copies": Split(((OLD, 100.0), (NEW, 0.0)), mirror=(NEW, Mirrored(50.0, ("GET",)))),
    "clients that stay": Split(HALVES, None, ClientAssignment("slipway-1", NEW.entry, (25.0, 100.0), 3600)),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_route_without_rules_is_written_byte_for_byte_as_ever(name: str) -> None:
    """A route that differs in a byte would be drift in every stack."""
    route, split = FULL.model_copy(update={"gateway": PLAIN.gateway}), WRITTEN[name]
    wanted = wanted_hash(route, split.preview, split.sticky, split.mirror)
    found = [
        json.dumps([spec_of(route, split, hold_idle=hold), preview_spec_of(route, split.preview), wanted])
        for hold in (False, True)
    ]
    assert tuple(hashlib.sha256(one.encode()).hexdigest()[:12] for one in found) == GOLDEN[name]


def test_a_rule_that_somebody_added_is_another_body() -> None:
    spec = spec_of(PLAIN, Split.whole(OLD))
    spec["rules"].insert(0, {"filters": [{"type": "RequestMirror"}]})
    assert settings_hash_of(spec, None) != wanted_hash(PLAIN, None)


def live(*entries: dict[str, Any], generation: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "generation": generation},
        "spec": spec_of(FULL, Split.whole(OLD)),
        "status": {"parents": list(entries)},
    }


def entry(accepted: str = "True", resolved: str = "True", generation: int = 2) -> dict[str, Any]:
    def condition(kind: str, status: str) -> dict[str, Any]:
        reason = "Fine" if status == "True" else "BackendNotFound"
        return {"type": kind, "status": status, "observedGeneration": generation, "reason": reason, "message": "m"}

    reference = {"namespace": "edge", "name": "public", "sectionName": "http"}
    conditions = [condition("Accepted", accepted), condition("ResolvedRefs", resolved)]
    return {"parentRef": reference, "controllerName": "example.com/c", "conditions": conditions}


def test_a_route_is_accepted_when_its_gateway_says_so_for_this_generation() -> None:
    assert acceptance(live(entry())) == ""


def test_an_older_generations_acceptance_does_not_count() -> None:
    assert "has not judged generation 2 of the route yet" in acceptance(live(entry(generation=1)))


def test_a_controller_that_writes_no_generation_is_believed_only_where_the_profile_says_so() -> None:
    silent = entry()
    for condition in silent["conditions"]:
        del condition["observedGeneration"]
    assert "has not judged" in acceptance(live(silent))
    assert acceptance(live(silent), any_generation=True) == ""
    assert "has not judged" in acceptance(live(entry(generation=1)), any_generation=True)


def test_a_controller_that_says_when_its_proxies_have_the_route_is_waited_for() -> None:
    kong = entry()
    kong["conditions"].append({"type": "Programmed", "status": "False", "reason": "Pending", "observedGeneration": 2})
    assert "Programmed is False: Pending" in acceptance(live(kong))
    kong["conditions"][-1].update(status="True", observedGeneration=1)
    assert "has not judged generation 2" in acceptance(live(kong))
    kong["conditions"][-1].update(observedGeneration=2)
    assert acceptance(live(kong)) == ""


def test_another_gateways_acceptance_does_not_count() -> None:
    for key in ("name", "namespace", "sectionName"):
        other = entry()
        other["parentRef"][key] = "else"
        assert "has not judged" in acceptance(live(other))


def test_unresolved_references_and_refusals_are_told_with_their_reason() -> None:
    problem = "Gateway edge/public: ResolvedRefs is False: BackendNotFound: m"
    assert acceptance(live(entry(resolved="False"))) == problem
    assert "Accepted is False" in acceptance(live(entry(accepted="False")))


def test_half_a_judgement_is_none() -> None:
    half = entry()
    del half["conditions"][1]
    assert "has not judged" in acceptance(live(half))


def test_without_a_status_the_text_says_what_to_check() -> None:
    content = live()
    del content["status"]
    assert "check that the Gateway exists" in acceptance(content)


def test_a_gateway_in_the_routes_own_namespace_may_leave_the_namespace_out() -> None:
    content = live(entry())
    content["spec"]["parentRefs"] = [{"name": "public"}]
    content["status"]["parents"] = [{**entry(), "parentRef": {"namespace": "shop", "name": "public"}}]
    assert acceptance(content) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5.0, "5s"), (0.3, "300ms"), (90.5, "1m30s500ms"), (3600.0, "1h"), (0.0, "0s"), (100_000.0, "27h46m40s")],
)
def test_durations_are_written_as_the_gateway_api_takes_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_preview_that_nobody_can_reach_is_an_error() -> None:
    check_preview(None)
    check_preview((NEW, HEADER))
    with pytest.raises(ClusterError, match=r"needs strategy.preview.header or strategy.preview.host"):
        check_preview((NEW, Preview()))


def test_a_gateway_that_judged_an_earlier_generation_is_behind() -> None:
    assert is_behind(live(entry(generation=1)))


@pytest.mark.parametrize(
    "status", [[], [entry()], [entry(accepted="False")], [entry(generation=3)], [entry(generation=1), entry("False")]]
)
def test_a_gateway_that_never_judged_or_has_judged_is_not_behind(status: list[dict[str, Any]]) -> None:
    assert not is_behind(live(*status))


def test_copies_are_a_rule_of_their_methods_with_the_users_backends() -> None:
    old, new = backend("aaaaaaaa"), backend("bbbbbbbb")
    split = Split(((old, 100.0), (new, 0.0)), mirror=(new, Mirrored(100.0, ("GET", "HEAD"))))
    spec = spec_of(PLAIN, split)
    copying, users = spec["rules"]
    assert [match["method"] for match in copying["matches"]] == ["GET", "HEAD"]
    assert copying["backendRefs"] == users["backendRefs"] and "filters" not in users
    told = copying["filters"][0]
    assert told["type"] == "RequestMirror" and "percent" not in told["requestMirror"]
    assert told["requestMirror"]["backendRef"] == {"group": "", "kind": "Service", "name": new.entry, "port": 8080}
    assert shares_of(spec) == {old.entry: 100.0, new.entry: 0.0} and mirrored_of(spec) == {new.entry: 100.0}
    assert settings_hash_of(spec, None) == wanted_hash(PLAIN, None, None, split.mirror) != wanted_hash(PLAIN, None)


def test_a_rule_with_copies_that_sends_elsewhere_is_another_writers() -> None:
    old, new = backend("aaaaaaaa"), backend("bbbbbbbb")
    split = Split(((old, 100.0), (new, 0.0)), mirror=(new, Mirrored(25.0, ("GET",))))
    spec = spec_of(PLAIN, split)
    assert mirrored_of(spec) == {new.entry: 25.0}
    spec["rules"][0]["backendRefs"] = spec["rules"][0]["backendRefs"][1:]
    assert settings_hash_of(spec, None) != wanted_hash(PLAIN, None, None, split.mirror)


@pytest.mark.parametrize("percent", [0.5, 12.5, 50.0, 100.0])
def test_the_percentage_of_copies_reads_back(percent: float) -> None:
    split = Split(((backend(), 100.0),), mirror=(backend("bbbbbbbb"), Mirrored(percent, ("GET",))))
    assert mirrored_of(spec_of(PLAIN, split)) == {"checkout-bbbbbbbb": percent}
