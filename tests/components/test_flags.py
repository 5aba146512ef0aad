from __future__ import annotations

from components.flags import declare as declare_flags
from components.flags import expose
from slipway.release.flags.exposure_inputs import ExposureInputs
from slipway.release.flags.flag_set_inputs import FlagSetInputs
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.tokens import FEATURE_FLAG, FLAG_EXPOSURE, FLAG_SET, KILL_SWITCH
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


def test_a_guarded_flag_is_exposed_after_the_set_and_the_services() -> None:
    inputs = FlagSetInputs(namespace="shop", flags=declared().flags)
    metrics = MetricsSource(kind="prometheus", url="http://prometheus.example:9090")

    def program() -> None:
        expose(inputs, declare_flags(inputs), metrics)

    record = declare(program, {FLAG_SET: {"effective": IN_FORCE}})
    exposure = record.one(FLAG_EXPOSURE)
    assert exposure.name == "new-cart"
    assert exposure.parent == record.one(FLAG_SET).urn
    assert record.one(FLAG_SET).urn in exposure.depends_on
    names = {info.alias or name for name, info in ExposureInputs.model_fields.items()}
    given = ExposureInputs.model_validate({key: exposure.properties[key] for key in names & set(exposure.properties)})
    assert given.definition == inputs.flags["new-cart"]
