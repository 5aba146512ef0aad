from __future__ import annotations

from components.flags import declare as declare_flags
from slipway.release.flags.flag_set_inputs import FlagSetInputs
from slipway.release.tokens import FEATURE_FLAG, FLAG_SET, KILL_SWITCH
from tests.components.recorder import Record, declare
from tests.flags import declared

IN_FORCE = {"pay": {"default": "on", "percent": 0, "targeting": False}}


def flags() -> Record:
    inputs = FlagSetInputs(namespace="shop", flags=declared().flags)
    return declare(lambda: declare_flags(inputs) and None, {FLAG_SET: {"effective": IN_FORCE}})


def test_one_resource_writes_all_flags() -> None:
    properties = flags().one(FLAG_SET, "flags").properties
    assert set(properties["flags"]) == {"new-cart", "pay", "theme", "batch"}
    assert properties["flags"]["pay"] == {"kind": "kill-switch", "owner": "payments", "default": "on"}
    assert (properties["namespace"], properties["document"]) == ("shop", "config-map")


def test_each_flag_is_seen_in_the_plan_below_the_set() -> None:
    record = flags()
    parent = record.one(FLAG_SET).urn
    found = {(each.type, each.name) for each in record if each.parent == parent}
    assert found == {(FEATURE_FLAG, "batch"), (FEATURE_FLAG, "new-cart"), (FEATURE_FLAG, "theme"), (KILL_SWITCH, "pay")}
