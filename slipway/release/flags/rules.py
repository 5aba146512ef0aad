"""What the fields of one flag mean for each other, and the flags for each other. The evaluators of flags accept all of
this in silence."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection

from slipway.release.flags.model import FeatureFlag
from slipway.release.flags.queries import guardrails_tell_the_variants_apart
from slipway.release.flags.targeting import Names, is_fractional, problems_of_rule
from slipway.release.manifest.checks import Contradiction, Found
from slipway.release.manifest.document import Location

Rule = Callable[[FeatureFlag], Found]


def problems_of_flag(flag: FeatureFlag, evaluators: Collection[str]) -> Found:
    """Everything that the fields of a valid flag contradict each other in; places are within the flag."""
    for rule in RULES:
        yield from rule(flag)
    if flag.targeting is not None:
        yield from problems_of_rule(flag.targeting, ("targeting",), Names(list(flag.variants), evaluators))


def variants_are_of_one_type(flag: FeatureFlag) -> Found:
    first, *others = flag.variants.items()
    for name, value in others:
        if _type(value) != _type(first[1]):
            yield Contradiction(
                ("variants", name),
                f"is {_type(value)}, but {first[0]} is {_type(first[1])}: a caller asks for one type",
                f"Write all variants as {_type(first[1])}, or as {_type(value)}",
            )
    for name, value in flag.variants.items():
        if value is None or isinstance(value, list):
            yield Contradiction(("variants", name), f"is {_type(value)}, which no caller can ask for", _VALUES)


def named_variants_exist(flag: FeatureFlag) -> Found:
    known = ", ".join(flag.variants)
    named: list[tuple[Location, str]] = [(("off",), flag.off), (("default",), flag.default)]
    if flag.exposure is not None and flag.exposure.variant is not None:
        named.append((("exposure", "variant"), flag.exposure.variant))
    for at, name in named:
        if name not in flag.variants:
            yield Contradiction(at, f"{name} is no variant of this flag", f"Name one of: {known}")


def a_kill_switch_reaches_everybody(flag: FeatureFlag) -> Found:
    if flag.kind != "kill-switch":
        return
    if flag.state == "DISABLED":
        yield Contradiction(
            ("state",),
            "a kill switch that is DISABLED gives each caller the default in its own code, which may be on",
            "Leave state out; what turns it off is default: " + flag.off,
        )
    if flag.targeting is not None:
        message = "a kill switch with targeting does not reach all users"
        yield Contradiction(("targeting",), message, "Leave targeting out, or choose kind: ops")
    if flag.exposure is not None:
        message = "a kill switch has no exposure: it is for all users or for none"
        yield Contradiction(("exposure",), message, "Leave exposure out, or choose kind: release")
    if flag.expires is not None:
        message = "a kill switch does not expire: it must be there on the day when it is needed"
        yield Contradiction(("expires",), message, "Leave expires out, or choose kind: release")


def others_expire(flag: FeatureFlag) -> Found:
    if flag.kind != "kill-switch" and flag.expires is None:
        yield Contradiction(
            ("expires",),
            f"is missing for a flag of kind {flag.kind}",
            "Write the day when it shall be gone, such as expires: 2027-03-31",
        )


def a_release_flag_defaults_to_the_old_behaviour(flag: FeatureFlag) -> Found:
    if flag.kind == "release" and flag.default != flag.off and flag.default in flag.variants:
        yield Contradiction(
            ("default",),
            f"{flag.default} is the new behaviour: callers without a targeting key would get it at any exposure",
            f"Write default: {flag.off}, and let exposure say who gets the new behaviour",
        )


def an_exposure_can_grow(flag: FeatureFlag) -> Found:
    if flag.exposure is None:
        return
    at = ("exposure", "steps")
    for index, (before, step) in enumerate(itertools.pairwise(flag.exposure.steps), start=1):
        if step.percent <= before.percent:
            yield Contradiction(
                (*at, index, "percent"),
                f"percentages must grow from step to step, but {step.percent:g} comes after {before.percent:g}",
                "Write growing percentages",
            )
    if len(flag.exposure.steps) > 1 and not flag.guardrails:
        yield Contradiction(
            at, "several steps without guardrails: nothing would judge them", "Add guardrails, or write one step"
        )


def an_exposure_says_what_it_exposes(flag: FeatureFlag) -> Found:
    if flag.exposure is None:
        return
    if flag.exposed is None:
        yield Contradiction(
            ("exposure", "variant"), "is missing for a flag with several variants", "Name the variant that users get"
        )
    elif flag.exposed == flag.off:
        yield Contradiction(("exposure", "variant"), "is the off variant", "Name the new behaviour's variant")
    if flag.state == "DISABLED":
        yield Contradiction(("state",), "a flag that is DISABLED exposes nothing", "Leave state or exposure out")
    if is_fractional(flag.targeting):
        yield Contradiction(
            ("targeting",),
            "splits users by shares beside the exposure, which nothing would judge",
            "Leave fractional to the exposure",
        )


def guardrails_have_something_to_judge(flag: FeatureFlag) -> Found:
    if flag.guardrails and flag.exposure is None:
        yield Contradiction(("guardrails",), "nothing is judged without an exposure", "Add exposure: {steps: [...]}")
    names = [guardrail.name for guardrail in flag.guardrails]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Contradiction(("guardrails", index, "name"), f"{name} is there twice", "Give each its own")


RULES: tuple[Rule, ...] = (
    variants_are_of_one_type,
    named_variants_exist,
    a_kill_switch_reaches_everybody,
    others_expire,
    a_release_flag_defaults_to_the_old_behaviour,
    an_exposure_can_grow,
    an_exposure_says_what_it_exposes,
    guardrails_have_something_to_judge,
    guardrails_tell_the_variants_apart,
)

_VALUES = "Write true or false, a text, a number, or a mapping"


def _type(value: object) -> str:
    """The type as a caller of a flag names it."""
    if isinstance(value, bool):
        return "a yes or no"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "nothing"
