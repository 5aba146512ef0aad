"""Routes with several rules, as users may write them: one example, and a strategy for any."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from slipway.release.manifest.route import Route
from tests.unit.slipway.rollout.examples import ROUTE

Json = dict[str, Any]
LEGACY: Json = {"group": "", "kind": "Service", "name": "legacy", "port": 80, "weight": 1}
EXAMPLE: Json = {
    **ROUTE,
    "rules": [
        {
            "name": "api",
            "matches": [{"path": {"value": "/api"}, "queryParams": [{"name": "v", "value": "2"}]}, {"method": "POST"}],
            "filters": [
                {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-a", "value": "1"}]}},
                {"type": "CORS", "cors": {"allowOrigins": ["https://shop.example"], "allowMethods": ["GET"]}},
            ],
            "backendRefs": [{"weight": 90}, {"name": "legacy", "port": 80, "weight": 10}],
            "timeouts": {"request": "5s", "backendRequest": "2s"},
            "retry": {"codes": [503], "attempts": 2},
        },
        {"matches": [{"path": {"value": "/old"}}], "backendRefs": [{"name": "legacy", "port": 80}]},
        {
            "matches": [{"path": {"value": "/away"}}],
            "filters": [{"type": "RequestRedirect", "requestRedirect": {"hostname": "else.example"}}],
        },
        {"matches": [{"path": {"type": "RegularExpression", "value": "/v[0-9]+/.*"}}]},
    ],
}


def ruled(*rules: Json, **changes: Any) -> Route:
    """A route with these rules."""
    return Route.model_validate({**ROUTE, "rules": list(rules), **changes})


@st.composite
def _filters(draw: st.DrawFn) -> list[Json]:
    header = st.fixed_dictionaries({"name": st.sampled_from(["x-a", "x-b"]), "value": st.sampled_from(["1", "two"])})
    any_of: dict[str, Json] = {
        "RequestHeaderModifier": {"requestHeaderModifier": {"set": [draw(header)], "remove": ["x-c"]}},
        "ResponseHeaderModifier": {"responseHeaderModifier": {"add": [draw(header)]}},
        "URLRewrite": {"urlRewrite": {"hostname": "inner.example"}},
        "CORS": {"cors": {"allowOrigins": ["*"], "maxAge": draw(st.integers(1, 600))}},
        "ExtensionRef": {"extensionRef": {"group": "example.com", "kind": "Policy", "name": "limits"}},
        "RequestMirror": {"requestMirror": {"backendRef": {"name": "shadow", "port": 80}, "percent": 10}},
    }
    names = draw(st.lists(st.sampled_from(sorted(any_of)), unique=True, max_size=3))
    return [{"type": name, **any_of[name]} for name in names]


_CONDITION = {"name": st.sampled_from(["x-a", "x-b"]), "value": st.sampled_from(["1", "2"])}
_MATCH = st.fixed_dictionaries(
    {"path": st.fixed_dictionaries({"type": st.sampled_from(["Exact", "PathPrefix"]), "value": st.just("/a")})},
    optional={
        "headers": st.lists(st.fixed_dictionaries(_CONDITION), max_size=1),
        "queryParams": st.lists(st.fixed_dictionaries(_CONDITION), max_size=1),
        "method": st.sampled_from(["GET", "POST"]),
    },
)
_OTHERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["legacy", "cart"]), "port": st.just(80), "weight": st.integers(0, 100)},
        optional={"namespace": st.just("billing"), "filters": _filters()},
    ),
    max_size=2,
)


@st.composite
def _rule(draw: st.DrawFn) -> Json:
    found: Json = {"matches": draw(st.lists(_MATCH, min_size=1, max_size=2)), "filters": draw(_filters())}
    backends = draw(_OTHERS)
    if draw(st.booleans()) or not backends:
        own: Json = {"weight": draw(st.integers(1, 100)), "filters": draw(_filters())}
        backends.insert(draw(st.integers(0, len(backends))), own)
    found["backendRefs"] = backends
    if draw(st.booleans()):
        found["timeouts"] = {"request": draw(st.sampled_from(["5s", "1m30s", "0s"]))}
    if draw(st.booleans()):
        found["retry"] = {"codes": [503], "backoff": "10ms"}
    return found


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Any route with rules, of which one at least sends to the service."""
    rules = [*draw(st.lists(_rule(), max_size=3)), {"matches": [draw(_MATCH)]}]
    return ruled(*draw(st.permutations(rules)))
