from __future__ import annotations

from bench.peers.matrix import FAULTS, PROXIES, RUNS, SYSTEMS, cells

BESIDE = [system for system in SYSTEMS if system != PROXIES]


def test_every_system_meets_every_fault_at_both_settings() -> None:
    found = list(cells())
    assert len({cell.name for cell in found}) == len(found) == len(BESIDE) * len(FAULTS) * 2
    assert {cell.runs for cell in found if cell.fault.begins != "never"} == {RUNS}


def test_quick_is_one_fault_and_one_healthy_release_of_each_system() -> None:
    found = list(cells(quick=True))
    assert {(cell.system, cell.fault.name) for cell in found} == {
        (system, fault) for system in BESIDE for fault in ("errors-20", "healthy")
    }
    assert all(cell.runs == 1 and cell.setting.name == "documented" for cell in found)


def test_with_a_slow_scrape_slipway_is_there_by_the_proxies_too_and_only_windows_of_a_minute_count() -> None:
    found = list(cells(scrape=15))
    assert len(found) == len(SYSTEMS) * len(FAULTS)
    assert {cell.setting.name for cell in found} == {"documented"}


def test_the_latency_fault_is_three_times_the_usual_delay() -> None:
    slow = next(fault for fault in FAULTS if fault.slow)
    assert int(slow.env["SAMPLE_DELAY_MS"]) == 3 * int(slow.usual["SAMPLE_DELAY_MS"])


def test_where_the_serving_version_fails_too_the_healthy_release_fails_as_often() -> None:
    noisy = [fault for fault in FAULTS if fault.noisy]
    assert {fault.name: fault.env for fault in noisy} == {
        "noisy-5": {"SAMPLE_ERROR_RATIO": "0.05"},
        "noisy-healthy": {},
    }
    assert {fault.usual["SAMPLE_ERROR_RATIO"] for fault in noisy} == {"0.005"}
