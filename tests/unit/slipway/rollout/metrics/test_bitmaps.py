from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ClientFailures
from slipway.rollout.analysis.clients import COARSE
from slipway.rollout.metrics.bitmaps import BUCKETS, KEPT_MOST, WORD_BITS, WORDS, BitmapReader, buckets, parse, query
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.metrics.salt import Salt
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.metrics.server import Server, result

NEW, OLD = backend("new"), backend("old")
SALT = Salt(b"one rollout")
CLIENTS = ClientFailures(
    name="clients",
    kind="client-failures",
    source="bitmap",
    seen='seen{revision="{revision}"}',
    failed='failed{revision="{revision}"}',
)


def pod(part: str, *bits: int, pod: str = "p", window: int = 7) -> list[dict[str, Any]]:
    """The series of one pod's bitmap; a sample goes through text, as in the HTTP API."""
    words = dict.fromkeys(map(str, range(WORDS)), 0)
    for bit in bits:
        words[str(bit // WORD_BITS)] |= 1 << (bit % WORD_BITS)
    values = {**words, "window": window}
    return [
        {"metric": {"slipway_part": part, "pod": pod, "word": word}, "value": [50.0, repr(float(value))]}
        for word, value in values.items()
    ]


def both(part: str, *bits: int, **more: Any) -> list[dict[str, Any]]:
    return pod(f"{part}_seen", *bits, **more) + pod(f"{part}_failed", *bits, **more)


class Reader:
    def __init__(self) -> None:
        self.server = Server()
        self.reader = BitmapReader(Prometheus("http://p.example", transport=self.server.transport), CLIENTS, SALT)

    def look(self, *rows: dict[str, Any]) -> Any:
        self.server.on("", result(*rows))
        return self.reader.look(NEW, OLD)[1]


@pytest.fixture
def reader() -> Reader:
    return Reader()


def keys(*numbers: int) -> frozenset[str]:
    return frozenset(COARSE + SALT.hashed(str(number)) for number in numbers)


@given(st.sets(st.integers(0, BUCKETS - 1)))
def test_every_bitmap_survives_the_way_through_float_samples(bits: set[int]) -> None:
    _, found = parse(both("candidate", *bits))
    (one,) = found["candidate_seen"].values()
    assert buckets(one[1]) == sorted(bits)


def test_the_words_hold_all_buckets_and_no_word_more_than_a_float_carries() -> None:
    assert WORDS * WORD_BITS >= BUCKETS > (WORDS - 1) * WORD_BITS
    assert float(2**WORD_BITS - 1) == 2**WORD_BITS - 1


def test_what_was_set_before_the_rollout_counts_for_nobody(reader: Reader) -> None:
    first = reader.look(*both("candidate", 1), *both("baseline", 2))
    assert (first.seen, first.failures) == ((frozenset(), frozenset()), ())


def test_a_bit_that_is_set_since_is_an_event_and_only_once(reader: Reader) -> None:
    reader.look(*both("candidate", 1), *both("baseline", 2))
    found = reader.look(*both("candidate", 1, 60), *both("baseline", 2, 4095))
    assert found.seen == (keys(60), keys(4095))
    assert set(found.failures) == {(key, True) for key in keys(60)} | {(key, False) for key in keys(4095)}
    assert reader.look(*both("candidate", 1, 60), *both("baseline", 2, 4095)).failures == ()


def test_in_a_new_window_everybody_who_fails_again_is_an_event_again(reader: Reader) -> None:
    reader.look(*both("baseline", 2), *both("candidate"))
    assert reader.look(*both("baseline", 2, window=8), *both("candidate")).seen[1] == keys(2)


def test_pods_are_joined_and_a_new_pod_begins_with_nothing(reader: Reader) -> None:
    reader.look(*both("candidate", 1), *both("baseline"))
    found = reader.look(*both("candidate", 1), *both("candidate", 5, pod="q"), *both("baseline"))
    assert found.seen[0] == keys(5)


def test_a_bucket_that_failed_on_both_sides_at_once_never_speaks_against_the_candidate(reader: Reader) -> None:
    reader.look(*both("candidate"), *both("baseline"))
    found = reader.look(*both("candidate", 3), *both("baseline", 3))
    assert [on_candidate for _, on_candidate in found.failures] == [False, True]


def test_a_side_is_alive_while_its_newest_window_has_somebody(reader: Reader) -> None:
    assert reader.look(*both("candidate"), *both("baseline", 1)).alive == (False, True)
    assert reader.look(*both("candidate", 1), *both("baseline")).alive == (True, False)
    idle = both("candidate", window=8) + both("candidate", 1, pod="gone")
    assert reader.look(*idle, *both("baseline", 1)).alive == (False, True)


def test_a_candidate_that_is_not_scraped_yet_is_silence_and_no_error(reader: Reader) -> None:
    reader.look(*both("baseline", 1))
    found = reader.look(*both("baseline", 1))
    assert (found.alive, found.seen[0]) == ((False, True), frozenset())


def test_all_four_parts_come_in_one_query() -> None:
    text = query(CLIENTS, [NEW, OLD])
    for part in ("candidate_seen", "candidate_failed", "baseline_seen", "baseline_failed"):
        assert f'"{part}"' in text
    assert 'seen{revision="new"}' in text


def test_half_a_bitmap_is_an_error_and_not_half_the_clients(reader: Reader) -> None:
    with pytest.raises(ClusterError, match="gave 79 words of a pod, not the 79 of a bitmap and its window"):
        reader.look(*both("candidate")[1:])
    with pytest.raises(ClusterError, match="gave no series for either side"):
        reader.look()


@pytest.mark.parametrize("what", ["seen", "failed"])
def test_one_bitmap_without_the_other_is_an_error_and_not_a_client_that_is_well(reader: Reader, what: str) -> None:
    with pytest.raises(ClusterError, match=r"of the candidate, .*; export both bitmaps in each pod"):
        reader.look(*pod(f"candidate_{what}", 1), *both("baseline", 1))


def test_a_baseline_that_exports_nothing_is_an_error_and_not_a_baseline_without_failures(reader: Reader) -> None:
    missing = r"no series of the baseline.*; check its scraping, and export the bitmaps in a release before"
    with pytest.raises(ClusterError, match=missing):
        reader.look(*both("candidate", 1))
    reader.look(*both("candidate", 1), *both("baseline", 1))
    with pytest.raises(ClusterError, match=missing):
        reader.look(*both("candidate", 1, 2))
    assert reader.look(*both("candidate", 1, 2), *both("baseline", 1, 3)).seen == (keys(2), keys(3))


def test_a_pod_that_is_missing_for_a_look_shows_nothing_old_as_new(reader: Reader) -> None:
    reader.look(*both("candidate"), *both("baseline"), *both("baseline", 1, pod="q"))
    reader.look(*both("candidate"), *both("baseline"))
    found = reader.look(*both("candidate"), *both("baseline"), *both("baseline", 1, 2, pod="q"))
    assert (found.seen[1], found.failures) == (keys(2), tuple((key, False) for key in keys(2)))


@pytest.mark.parametrize("value", ["-1", "0.5", str(2**WORD_BITS), "NaN", "+Inf"])
def test_a_value_that_is_no_word_is_an_error(reader: Reader, value: str) -> None:
    rows = both("candidate")
    rows[0]["value"][1] = value
    with pytest.raises(ClusterError, match="which is no 52 bits"):
        reader.look(*rows)


def test_a_process_that_goes_on_sees_the_bits_that_were_set_meanwhile_and_no_other(reader: Reader) -> None:
    old = both("baseline", 1)
    reader.look(*both("candidate", 1, 2), *old)
    other = Reader()
    other.reader.go_on(json.loads(json.dumps(reader.reader.reached())))
    found = other.look(*both("candidate", 1, 2, 9), *old)
    assert found.seen == (keys(9), frozenset())
    assert found.failures == ((next(iter(keys(9))), True),)


def test_the_bits_of_many_pods_are_not_kept(reader: Reader) -> None:
    rows = [row for number in range(KEPT_MOST) for row in both("candidate", 1, pod=str(number))]
    reader.look(*rows, *both("baseline", 1))
    assert reader.reader.reached() is None
