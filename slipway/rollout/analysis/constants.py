"""The numbers of the sequential analysis that are not in the manifest. Why each has its value: docs/decisions."""

from __future__ import annotations

from math import log

MULTIPLES = (1.0, 1.6, 2.5, 4.0, 8.0, 20.0)
"""Alternatives of the abort test: multiples of the tolerated ratio, or of the odds of the share that is still
acceptable. The first is the null itself: wealth that does not bet, so that evidence cannot be ruined."""
GAINS = tuple(log(multiple) for multiple in MULTIPLES)
PRIOR = (0.05, 0.19, 0.19, 0.19, 0.19, 0.19)
"""Their weights in the mixture, also where fixed share leads back to."""
RESTARTS = 4.0
"""Expected restarts of the mixture within the horizon (fixed share)."""
MIXTURE_COST = 0.8
"""Nats that not knowing the ratio costs on average (measured: bench/decisions/calibrate.py)."""

WITHOUT_ERRORS = 3.0
"""A service without any errors passes beside its baseline after about ln(3 / beta) / f requests of the candidate: what
the prior of the promotion test (`promote.BESIDE_PRIOR`) gives to the bet on no errors at all."""
PROMOTE_COST = 0.7
"""The same for promotion, where a service has errors at all."""

WARM_UP_RATIO = 20.0
"""Tolerated ratio during the warm-up: only gross faults abort."""
FINAL_RATIO = 2.0
HARM = 0.5
"""Ramp rule: weight w (a fraction) may be left once `ratio >= max(FINAL_RATIO, 1 + HARM / w)` is rejected."""
REACTION_SECONDS = 5.0
"""Within this time a fault that fails some requests a second is noticed and the traffic put back: what it fails
meanwhile is the harm that a step before the last one bounds."""
RAMP_SLACK = 1.5
"""A step never asks for a ratio nearer than this multiple of what is tolerated anyway."""

DRIFT = 1.5
"""The recorded baseline is minutes old: its bad share may have drifted by this factor since."""
RECORDED_Z = 3.09
"""Normal quantile of the upper bound of the recorded baseline's bad share (one in a thousand is above)."""
GROSS_SHARE = 0.5
"""With nothing to compare with, only a bad share shown to be above this aborts."""
CHANGE = 3.0
"""The baseline's record begins anew when its bad share has changed by more than this factor"""
CHANGE_NATS = 12.0
"""and the log likelihood ratio of two shares against one is above this (by luck less than once in 100,000 looks)."""
BATCH = 16.0
"""Expected bad events of a batch in which a change is looked for: with none at all in it the change shows."""
PENDING_SECONDS = 90.0
"""How long counts of one side wait for the other side's: longer than the time between two scrapes, at most a minute."""

BOOST_SHARE = 0.1
"""Overshoot is removed only where the error share of a tick is below this: there the binomial is near enough."""
BOOST_ROOM = 5.5
"""And only when less than this many nats are missed: further away it cost time and gained nothing measurable."""
BOOST_EVENTS = 128
"""And only up to this many bad events in a tick: more was tried and gained nothing."""

QUASI_EVENTS = 10.0
"""With clustered errors, where bad events are common, a quasi-likelihood is bet on only in ticks that are expected to
have this many times phi of them: with fewer clusters its expectation under the null exceeds 1."""
QUASI_SAFETY = 1.2
"""phi is an estimate: it counts for this many times as much."""

PROMOTE_CAP = 100.0
"""Promotion evidence is capped at this multiple of its threshold, so that a late change for the worse shows."""
EVIDENCE_FLOOR = -27.6
"""Log of the least evidence (1e-12) that is kept, so that a long bad stretch is not remembered for ever."""

BUCKET_SHARES = (1e-4, 0.5)
"""A histogram bucket takes part while its baseline share lies within these."""
BUCKET_FROM = 0.25
"""Buckets below this multiple of the latency threshold take no part: no harm was declared there."""
BUCKETS_MOST = 3
THRESHOLD_PRIOR = 0.5
"""Weight of the threshold's own bucket; the others share the rest."""

CLIENTS_MOST = 4096
"""Failing clients that are remembered. With more of them only a sample bets, which costs power, never validity."""
MISSED = 20.0
"""A step counts as one without a baseline when by its weight the chance that nothing reached it is below e^-20."""
QUIET_SECONDS = 30.0
"""Without candidate traffic for this long nothing passes, whatever was shown before."""
