from __future__ import annotations

from sandbox.standins.kubernetes.readiness import READY, storage


def test_a_claim_is_ready_when_bound() -> None:
    assert storage.claim({"status": {"phase": "Bound"}}, ()) == READY
    assert not storage.claim({"status": {"phase": "Pending"}}, ()).ready
    assert storage.claim({"status": {"phase": "Lost"}}, ()).failed


def test_a_claim_of_a_class_that_binds_late_is_not_waited_for() -> None:
    late = [{"volumeBindingMode": "WaitForFirstConsumer"}]
    assert storage.claim({"status": {"phase": "Pending"}}, late) == READY
    assert not storage.claim({"status": {"phase": "Pending"}}, [{"volumeBindingMode": "Immediate"}]).ready


def test_a_volume_is_ready_to_be_bound() -> None:
    assert storage.volume({"status": {"phase": "Available"}}, ()) == READY
    assert not storage.volume({}, ()).ready
    assert storage.volume({"status": {"phase": "Failed", "message": "gone"}}, ()).reasons == ("gone",)
