"""The acts: how fast a change is, what a bad feature costs, whether `up` keeps it off, what dying writers leave."""

from __future__ import annotations

import random
import time
from pathlib import Path

from sandbox.chaos.flag_writers import strike
from sandbox.chaos.processes import kill_but_watchdogs
from sandbox.demo.flags.summary import FlagsSummary, Guarded
from sandbox.demo.narrator import Narrator
from sandbox.sample.load import Load
from sandbox.sample.records import Counts
from sandbox.stage.shop import FLAG, Shop

BOUNDED = 25.0
"""Percent of the users at which these bounds hold."""
MOST_SECONDS = 30.0
MOST_FAILURES = 15
QUIET = 5.0
"""Seconds without a response by the feature after which it counts as off."""
SETTLE = 60.0
SEEN = 50
"""Requests that get the feature before the guard is killed."""


def change_to_effect(shop: Shop, narrator: Narrator, summary: FlagsSummary, times: int) -> None:
    """From the beginning of a kill's write to the last pod whose provider gives the old behaviour."""
    pods = shop.running.pods()
    for _ in range(times):
        began = time.monotonic()
        shop.expose(100)
        shop.running.await_effect(pods, "on", began)
        began = time.monotonic()
        shop.kill()
        summary.effects_ms.append((shop.running.await_effect(pods, "off", began) - began) * 1000)
        shop.resume()
    found = summary.to_json()["change_to_effect_ms"]
    narrator.say(f"{times} kills: in force at all pods after {found['median']} ms (median), {found['p99']} ms (p99)")


def guarded(shop: Shop, narrator: Narrator, summary: FlagsSummary, exposure: float, fault: float) -> None:
    """`pulumi up` exposes a feature that fails a share of its requests; the guard has to kill it."""
    shop.place(fault)
    shop.end_exposure()
    shop.declare(exposure, f"exposed to {exposure:g}%")
    with shop.load(shop.stage.folder.parent / f"load-{exposure:g}-{fault:g}.jsonl") as load:
        result = shop.stage.up()
        narrator.quote(result.output, (f"warning: {FLAG}", f"{FLAG}:", "error:"))
        name = f"{exposure:g}% of the users, {100 * fault:g}% of their requests fail"
        if result.code == 0 or shop.writer.load().killed(FLAG) is None:
            summary.problems.append(f"{name}: not killed, exit code {result.code}: {result.output[-2000:]}")
            return
        counts = _quiet(load)
    first, last = counts.first_failure("on"), counts.last_response("on")
    seconds = round(last - first, 2) if first is not None and last is not None else 0.0
    done = Guarded(exposure, 100 * fault, seconds, counts.failed("on"))
    summary.guarded.append(done)
    narrator.say(f"{name}: off {seconds:.1f}s after the first failure, {done.failed_requests} failed requests")
    if others := len(counts.failures) - done.failed_requests:
        summary.problems.append(f"{name}: {others} requests of others failed")
    if exposure == BOUNDED and (seconds > MOST_SECONDS or done.failed_requests > MOST_FAILURES):
        summary.problems.append(f"{name}: {seconds} s and {done.failed_requests} failed requests")


def _quiet(load: Load) -> Counts:
    """Wait until the last seconds of the responses hold none of the feature."""

    def silent(seen: Counts) -> bool:
        last = seen.last_response("on")
        return last is not None and bool(seen.intervals) and seen.intervals[-1].end - last > QUIET

    return load.await_counts(silent, SETTLE, "the end of the feature")


def kept_off(shop: Shop, narrator: Narrator, summary: FlagsSummary, out: Path) -> None:
    """A killed flag, and a program that goes on to declare its exposure: `preview` says so, `up` keeps it off."""
    killed = shop.slipway("kill", FLAG, "--reason", "the demo wants to see that it stays off")
    shop.declare(BOUNDED, "declared again after the kill")
    preview = shop.stage.preview()
    with shop.load(out) as load:
        before = load.snapshot().count("on")
        result = shop.stage.up()
        sent = load.snapshot().sent
        counts = load.await_counts(lambda seen: seen.sent - sent > 3 * 100, SETTLE, "3 s of requests")
    narrator.quote(preview.output, (f"warning: {FLAG}",))
    on = counts.count("on") - before
    said = "killed" in preview.output
    summary.kept_off_by_up = on == 0 and shop.writer.load().killed(FLAG) is not None
    narrator.say(f"up ended with {result.code}; {on} requests got the feature")
    if not (summary.kept_off_by_up and said) or killed.code != 0 or result.code != 0:
        summary.problems.append(f"kept off: {on} requests, said {said}: {killed.output}{preview.output}{result.output}")


def survive(shop: Shop, narrator: Narrator, summary: FlagsSummary, times: int, seed: int) -> None:
    """Writers of a kill die at random instants. Each kill is repeated until it is acknowledged, as a person would."""
    dice, told = random.Random(seed), 0  # noqa: S311 - no secret
    pods = shop.running.pods()
    shop.resume()
    for number in range(times):
        began = time.monotonic()
        shop.expose(100)
        shop.running.await_effect(pods, "on", began)
        began = time.monotonic()
        acknowledged = strike(shop.flags, FLAG, dice)
        told += acknowledged
        if not acknowledged:
            shop.kill()
        shop.running.await_effect(pods, "off", began)
        if shop.writer.load().killed(FLAG) is None:
            summary.problems.append(f"kill {number}: lost")
        else:
            summary.kills_survived += 1
        shop.resume()
    narrator.say(f"{summary.kills_survived} of {times} kills stand; {told} were acknowledged before their writer died")


def guard_dies(shop: Shop, narrator: Narrator, summary: FlagsSummary, log: Path) -> None:
    """`kill -9` of `pulumi up` while it exposes the feature: the watchdog turns it back."""
    shop.end_exposure()
    shop.declare(BOUNDED, "exposed by a guard that dies")
    with shop.load(log.with_suffix(".jsonl")) as load:
        process = shop.stage.start_up(log)
        load.await_counts(lambda seen: seen.count("on") > SEEN, SETTLE, "requests that get the feature")
        kill_but_watchdogs(shop.processes)
        killed = time.monotonic()
        process.wait(SETTLE)
        counts = _quiet(load)
    last = counts.last_response("on") or killed
    narrator.say(f"the last request that got the feature ended {max(0.0, last - killed):.2f}s after the kill")
    recovered = shop.slipway("recover", "--yes")
    if FLAG in shop.writer.load().reached or counts.failures or recovered.code != 0:
        summary.problems.append(f"the guard's death: {len(counts.failures)} failures, {recovered.output}")
    else:
        summary.kills_survived += 1
