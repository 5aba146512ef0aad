"""One look at the metrics: counters -> counts of the tick -> decision, and the record that the journal keeps."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Guardrail, Policy
from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent
from slipway.rollout import analysis
from slipway.rollout.analysis.constants import QUIET_SECONDS
from slipway.rollout.analysis.rules import Known
from slipway.rollout.analysis.types import Decision, GuardrailCounts, Tick, Verdict
from slipway.rollout.measurement.judged import Judged
from slipway.rollout.measurement.log_ledger import LogLedger
from slipway.rollout.measurement.overdispersion import Past, weights_of
from slipway.rollout.measurement.recorded import Checkpoints, record_of
from slipway.rollout.measurement.totals import Requests, Totals
from slipway.rollout.metrics.base import Meter, Snapshot
from slipway.rollout.metrics.clients import ClientLedger
from slipway.rollout.metrics.counters import carry, deltas, is_older
from slipway.rollout.process.sharing import recent

STALE_TICKS = 3
"""Without new data for this many times the last tick, and for QUIET_SECONDS, nothing passes."""
OBSERVED = 0.5
"""Share of `dwell` for which a client is observed before it counts as good or bad. The rest is for clients that come
late."""
UNSEEN_SECONDS, UNSEEN_REQUESTS = 30.0, 100
"""A source that reports no client of a side after this many seconds and requests at the gateway is an error."""


class Measure:
    """Holds the last snapshot and the evidence of one rollout; `look` is the only thing that reads metrics."""

    def __init__(self, source: Meter, wanted: Judged, baseline: Backend | None, now: float) -> None:
        self._source = source
        self._wanted = wanted
        self._baseline = baseline
        self._began = now
        self._step_began = now
        self._taken = now
        self._before: tuple[Snapshot, float] | None = None
        self._requests = Requests()
        self._past = Past(source, wanted, baseline) if baseline is not None else None
        self._leading = _leading(wanted.guardrails)
        counting = [guardrail.name for guardrail in wanted.guardrails if guardrail.nature.counts == "clients"]
        self._clients = {name: ClientLedger(OBSERVED * wanted.analysis.dwell) for name in counting}
        of_logs = [guardrail.name for guardrail in wanted.guardrails if guardrail.nature.by_signature]
        self._logs = {name: LogLedger(now) for name in of_logs}
        self._length = 0.0
        self._checkpoints = Checkpoints()
        known = Known(baseline is None, weights_of(wanted, baseline is None))
        self.evidence = analysis.begin(wanted.guardrails, wanted.analysis, known=known)
        self.decision: Decision | None = None
        self.error: str | None = None
        self.failing: tuple[str, ...] = ()
        self.totals = Totals()

    def next_step(self, now: float) -> None:
        """The weight changes now: the promotion evidence and the sums of the step begin anew."""
        self.evidence = analysis.next_step(self.evidence)
        with suppress(ClusterError):  # the next look says what is wrong with it
            self._source.begin_afresh()
        for ledger in self._clients.values():
            ledger.next_step()
        for logs in self._logs.values():
            logs.begin_step(now)
        self._step_began = now
        self.totals = Totals()
        self.decision = None

    def counts_of_step(self) -> dict[str, Any]:
        """What the record of the current step keeps of it: the counts of both sides, and the last reason."""
        totals, decision = self.totals, self.decision
        return {
            "requests": totals.candidate,
            "errors": totals.candidate_bad,
            "baseline_requests": totals.baseline,
            "baseline_errors": totals.baseline_bad,
            "reason": decision.reason if decision is not None else "",
            "counted": totals.counted or None,
        }

    def look(self, now: float, weight: Percent, mirror: Percent = 0.0) -> dict[str, Any] | None:
        """Read, decide, and return the record of this tick; None on the first look and while requests fail. `mirror` is
        the percentage of requests whose copies the candidate gets."""
        try:
            wanted, age = self._wanted, recent(self._wanted.analysis.tick)
            copied = mirror > 0
            after = self._source.snapshot(wanted.guardrails, wanted.candidate, self._baseline, age, copied=copied)
        except ClusterError as error:
            self._blind(str(error))
            return None
        self._take_clients(after, now)
        self._take_logs(after)
        if after.traffic_error is not None:
            self._blind(after.traffic_error)
            return None
        before = self._before
        if before is not None and (after.at == before[0].at or is_older(after.at, before[0].at)) and not after.errors:
            # No later scrape than last time: no new data, which is not the same as no requests, nor mends anything.
            self._tell(self._unseen(now - self._step_began, weight))
            self._forget_a_pass(now - before[1])
            return None
        self._before = (after if before is None else carry(before[0], after), now)
        grown = self._requests.since(after)
        if before is None:
            self._tell(after.errors)
            self._learn_from_the_past(weight)
            return None
        logged = {name: self._logs[name].settle() for name in self._logs if name not in after.errors}
        counts = {**deltas(before[0], after), **self._client_counts(after, weight, now)}
        counts |= {name: found for name, (found, _) in logged.items()}
        self._add(grown, counts, copied=mirror > 0)
        # Rounded before they decide, so that the journal's ticks decide exactly the same again.
        at, in_step, length = (round(now - since, 3) for since in (self._began, self._step_began, before[1]))
        errors = {**self._unseen(in_step, weight), **after.errors}
        self._tell(errors)
        self._length = length
        tick = Tick(at, in_step, length, weight, counts, errors, mirror)
        earlier, former = self.evidence, self.decision
        self.evidence, self.decision = analysis.observe(earlier, tick)
        record = record_of(tick, self.decision)
        record |= self._checkpoints.mark(earlier, former.verdict if former else None, self.decision.verdict)
        clusters = self.evidence.settings.dispersion
        if clusters:
            record["dispersion"] = dict(clusters)
        notes = {name: ledger.note for name, ledger in self._clients.items()} | {
            "history": self._past.note if self._past else ""
        }
        if windows := {name: spans for name, (_, spans) in logged.items() if spans}:
            record["windows"] = windows
        if told := {name: note for name, note in notes.items() if note}:
            record["notes"] = told
        return record

    def _blind(self, why: str) -> None:
        """Nothing was seen of any guardrail."""
        self.error, self.failing = why, tuple(guardrail.name for guardrail in self._wanted.guardrails)

    def _forget_a_pass(self, quiet: float) -> None:
        """What was shown does not outlive its data, however long a source says that they are new enough."""
        if self.decision is None or quiet <= max(QUIET_SECONDS, STALE_TICKS * self._length):
            return
        if self.decision.verdict is Verdict.PASS:
            reason = f"no new data for {quiet:.0f}s; before: {self.decision.reason}"
            self.decision = replace(self.decision, verdict=Verdict.INCONCLUSIVE, reason=reason)

    def _tell(self, errors: Mapping[str, str]) -> None:
        self.error, self.failing = _error_of(errors), tuple(errors)

    def _take_clients(self, after: Snapshot, now: float) -> None:
        """Events of single clients are handed out once, whether or not a tick follows. What was read in one piece
        across a change of the weight is taken as of the change."""
        in_step = now - self._step_began if self._taken >= self._step_began else 0.0
        self._taken = now
        for name, ledger in self._clients.items():
            reading = after.readings.get(name)
            if reading is not None and reading.clients is not None:
                ledger.take(reading.clients, now, in_step)

    def _take_logs(self, after: Snapshot) -> None:
        """Windows of logs are handed out once, whether or not a tick follows."""
        for name, ledger in self._logs.items():
            reading = after.readings.get(name)
            if reading is not None:
                ledger.take(reading.logs)

    def _unseen(self, in_step: float, weight: Percent) -> dict[str, str]:
        """A source that reports no client of a side for which the gateway has counted requests reads the wrong thing.
        At 100% the baseline's requests may all be from before."""
        requests = {"candidate": self.totals.candidate, "baseline": self.totals.baseline if weight < 100.0 else 0}
        if in_step < UNSEEN_SECONDS:
            return {}
        return {
            name: f"the gateway counted {requests[side]:,} requests of the {side} in this step, but the source shows "
            "no client of it; check the log's fields and what it leaves out, or the queries seen and failed"
            for name, ledger in self._clients.items()
            for side, silent in zip(requests, ledger.silent, strict=True)
            if silent and requests[side] >= UNSEEN_REQUESTS
        }

    def _client_counts(self, after: Snapshot, weight: Percent, now: float) -> dict[str, GuardrailCounts]:
        states = {g.name: state for g, state in zip(self._wanted.guardrails, self.evidence.states, strict=True)}
        return {
            name: ledger.counts(states[name].clients, weight, now, states[name].betting)
            for name, ledger in self._clients.items()
            if name in after.readings and name not in after.errors
        }

    def _learn_from_the_past(self, weight: Percent) -> None:
        if self._past is None:
            return
        self.evidence = analysis.begin(self._wanted.guardrails, self._wanted.analysis, known=self._past.known())
        if self._past.again and weight <= 0.0:
            self._before = None  # While nothing depends on it, it is asked again.

    def policy(self, kind: str) -> Policy:
        """The strictest declared policy of the guardrails concerned; `kind` is `inconclusive` or `error`."""
        settings = self._wanted.analysis
        if kind == "error":
            concerned = [g.on_error or settings.on_error for g in self._wanted.guardrails if g.name in self.failing]
            return "hold" if concerned and all(policy == "hold" for policy in concerned) else "abort"
        undecided = _undecided(self.decision)
        policies = [
            g.on_inconclusive or settings.on_inconclusive
            for g in self._wanted.guardrails
            if not undecided or g.name in undecided  # Where all passed, the measured share is what is wrong.
        ]
        return "abort" if "abort" in policies else "hold"

    def _add(self, grown: Mapping[str, int], counts: Mapping[str, GuardrailCounts], *, copied: bool) -> None:
        lead = counts.get(self._leading)
        self.totals = Totals(
            self.totals.candidate + grown.get(self._wanted.candidate.revision, 0),
            self.totals.baseline + (grown.get(self._baseline.revision, 0) if self._baseline is not None else 0),
            self.totals.candidate_bad + (lead.candidate.bad if lead else 0),
            self.totals.baseline_bad + (lead.baseline.bad if lead else 0),
            "copies" if copied else "clients" if self._leading in self._clients else "",
        )


def _leading(guardrails: tuple[Guardrail, ...]) -> str:
    """The guardrail whose bad events are shown as errors: the first error ratio, else the first one."""
    return next((g.name for g in guardrails if g.nature.errors), guardrails[0].name)


def _error_of(errors: Mapping[str, str]) -> str | None:
    return "; ".join(f"{name}: {why}" for name, why in sorted(errors.items())) or None


def _undecided(decision: Decision | None) -> set[str]:
    findings = () if decision is None else decision.findings
    return {finding.guardrail for finding in findings if finding.verdict is not Verdict.PASS}
