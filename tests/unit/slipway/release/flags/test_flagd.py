from __future__ import annotations

import json

import pytest

from slipway.release.flags.effective import effective
from slipway.release.flags.flagd import PARTS, document_of, feature_flag_resource, flagd_document
from slipway.release.flags.journal import after_change, after_exposure
from tests.flags import BATCH, BY, declared, head, kill

STAFF = {"ends_with": [{"var": "email"}, "@example.com"]}


def test_an_exposure_is_a_salted_share_with_the_new_behaviour_first() -> None:
    now = after_exposure(head(), "new-cart", 5.0, "r7", BY)
    rule = flagd_document(effective(now))["flags"]["new-cart"]["targeting"]
    key = {"var": "targetingKey"}
    salted = {"cat": ["new-cart-r7-", key]}
    assert rule == {"if": [key, {"fractional": [salted, ["on", 500], ["off", PARTS - 500]]}]}


def test_targeting_decides_before_the_exposure() -> None:
    rule = {"if": [{"$ref": "staff"}, "on"]}
    found = declared({"f": {**BATCH, "targeting": rule}}, evaluators={"staff": STAFF, "unused": STAFF})
    now = head().model_copy(update={"declared": found})
    document = flagd_document(effective(after_exposure(now, "f", 50.0, "r7", BY)))
    assert document["flags"]["f"]["targeting"]["or"][0] == rule
    assert document["$evaluators"] == {"staff": STAFF}


def test_a_flag_carries_its_owner_and_its_expiry() -> None:
    found = flagd_document(effective(head()))["flags"]
    assert found["new-cart"]["metadata"] == {"kind": "release", "owner": "payments", "expiry": "2027-03-31"}
    assert found["pay"] == {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "on",
        "metadata": {"kind": "kill-switch", "owner": "payments"},
    }


def test_a_killed_flag_names_its_kill() -> None:
    found = flagd_document(effective(after_change(head(), kill("theme"))))["flags"]["theme"]
    assert found["metadata"]["killed"] == "k1"
    assert found["defaultVariant"] == "plain"
    assert "targeting" not in found


def test_the_resource_holds_the_document_and_says_owner_and_expiry_in_an_annotation_too() -> None:
    document = flagd_document(effective(head()))
    resource = feature_flag_resource(document, "shop", "flags")
    assert (resource["apiVersion"], resource["kind"]) == ("core.openfeature.dev/v1beta1", "FeatureFlag")
    about = json.loads(resource["metadata"]["annotations"]["slipway.dev/flags"])
    assert about["new-cart"] == {"kind": "release", "owner": "payments", "expiry": "2027-03-31"}
    assert document_of(resource) == document


def test_a_resource_whose_version_drops_metadata_is_read_as_it_was_written() -> None:
    document = flagd_document(effective(head()))
    resource = json.loads(json.dumps(feature_flag_resource(document, "shop", "flags")))
    for flag in resource["spec"]["flagSpec"]["flags"].values():
        del flag["metadata"]
    assert document_of(resource) == document
    with pytest.raises(ValueError, match="holds no flags"):
        document_of({"spec": {}})
