from __future__ import annotations

from bench.peers.report import SELDOM_SCRAPED, as_json, kept, rows, table
from bench.peers.store import Run


def run(system: str, fault: str, failures: int, *, number: int = 0, safe: float | None = 5.0, end: float = 60.0) -> Run:
    return Run(system, "documented", fault, number, safe is not None, safe, failures, end, "", 0.0)


def test_a_row_has_the_medians_of_its_runs() -> None:
    found = rows([run("slipway", "errors-5", n, number=n, safe=float(n)) for n in (1, 3, 8)])
    assert as_json(found) == [
        {
            "system": "slipway",
            "settings": "documented",
            "fault": "errors-5",
            "runs": 3,
            "seconds_to_safe": 3.0,
            "client_failures": 3.0,
            "aborted": 3,
            "seconds_to_complete": None,
        }
    ]


def test_a_fault_that_nobody_noticed_is_told_as_such() -> None:
    (row,) = rows([run("flagger", "errors-1", 400, safe=None)])
    assert row.seconds_to_safe is None
    assert "0 of 1 aborted; 400 failed until it was complete" in table([row])


def test_seconds_of_a_fault_that_only_some_runs_noticed_are_told_to_be_of_those() -> None:
    runs = [run("flagger", "errors-1", 73, safe=470.0), run("flagger", "errors-1", 112, number=1, safe=None)]
    assert "1 of 2 aborted; safe after 470 s where aborted, 92.5 failed" in table(rows(runs))


def test_a_fifth_of_the_better_peers_failures_is_what_was_promised() -> None:
    peers = [run("flagger", "errors-20", 50), run("argo-rollouts", "errors-20", 500)]
    assert kept(rows([run("slipway", "errors-20", 10), *peers])) == []
    (problem,) = kept(rows([run("slipway", "errors-20", 11), *peers]))
    assert problem == "errors-20: 11 failed requests with slipway, the better peer had 50"


def test_a_fault_that_no_peer_caught_promises_nothing() -> None:
    assert kept(rows([run("slipway", "errors-1", 90), run("flagger", "errors-1", 1, safe=None)])) == []


def test_a_healthy_release_that_only_slipway_aborts_breaks_the_promise() -> None:
    assert kept(rows([run("slipway", "healthy", 0), run("flagger", "healthy", 0, safe=None)]))


def test_a_healthy_release_with_usual_errors_is_told_and_judged_like_one_without() -> None:
    found = rows([run("slipway", "noisy-healthy", 3), run("flagger", "noisy-healthy", 2, safe=None, end=525.0)])
    assert "0 of 1 aborted; 525 s to complete" in table(found)
    assert kept(found) == ["noisy-healthy: 1 of 1 aborted with slipway"]


def test_a_fault_that_a_peer_caught_and_slipway_did_not_breaks_the_promise_however_few_failed() -> None:
    (problem,) = kept(rows([run("slipway", "late-20", 0, safe=None), run("flagger", "late-20", 900)]))
    assert problem == "late-20: a peer caught it, slipway did in 0 of 1 runs"


def test_a_fault_that_slipway_was_not_measured_with_is_no_promise_kept() -> None:
    assert kept(rows([run("flagger", "errors-20", 50)])) == ["errors-20: not measured with slipway"]


def test_with_a_slow_scrape_a_tenth_is_promised_of_either_source() -> None:
    found = rows([run("slipway", "errors-5", 8), run("slipway-proxies", "errors-5", 5), run("flagger", "errors-5", 50)])
    assert kept(found, SELDOM_SCRAPED) == ["errors-5: 8 failed requests with slipway, the better peer had 50"]


def test_with_a_slow_scrape_a_healthy_release_may_take_a_minute_more_than_the_better_peer() -> None:
    peers = [
        run("flagger", "healthy", 0, safe=None, end=500.0),
        run("argo-rollouts", "healthy", 0, safe=None, end=300.0),
    ]
    assert kept(rows([run("slipway", "healthy", 0, safe=None, end=360.0), *peers]), SELDOM_SCRAPED) == []
    (problem,) = kept(rows([run("slipway", "healthy", 0, safe=None, end=361.0), *peers]), SELDOM_SCRAPED)
    assert problem == "healthy: 361 s to complete with slipway, the better peer took 300"
