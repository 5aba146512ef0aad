"""What an `up` may declare of flags: never that a killed flag is on, and never the end of one that is on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.release.errors import ReleaseRefused
from slipway.release.flags.journal import Author, Change, DocumentKind, Head, Reached, recorded
from slipway.release.flags.model import DeclaredFlags, FeatureFlag


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What an `up` of a stack declares. `salt` is for exposures that begin with it."""

    flags: DeclaredFlags
    stack: str
    salt: str
    document: DocumentKind = "config-map"


def after_declaration(head: Head, wanted: Declaration, author: Author) -> Head:
    """With what an `up` declares. Exposures of flags that are gone, or that declare a smaller one, end or shrink; those
    that nothing judges are set at once. Raises ReleaseRefused with everything that may not be declared now."""
    if refused := refusals(head, wanted):
        raise ReleaseRefused("; ".join(refused.values()))
    reached = _reached(head, wanted, author)
    placed = {"declared": wanted.flags, "stack": wanted.stack, "document": wanted.document}
    changed = head.model_copy(update={**placed, "reached": reached})
    if changed == head:
        return head
    before, after = _difference(head, changed)
    return recorded(changed, "declare", author, None, before, after)


def after_end(head: Head, author: Author) -> Head:
    """With the set no longer declared. Raises ReleaseRefused while one of its flags is on."""
    on = ((key, _still_on(head, key, flag)) for key, flag in head.declared.flags.items())
    if refused := [why for _, why in on if why is not None]:
        raise ReleaseRefused("; ".join(refused))
    if head.stack is None and not head.declared.flags:
        return head
    ended = head.model_copy(update={"declared": DeclaredFlags(), "stack": None, "reached": {}})
    return recorded(ended, "delete", author, None, head.declared.flags_to_wire())


def _exposes_another(old: FeatureFlag | None, new: FeatureFlag) -> bool:
    """Whether users would get another behaviour than the one that was judged up to now: its exposure begins anew."""
    return old is not None and _exposed(old) != _exposed(new)


def _exposed(flag: FeatureFlag) -> tuple[str | None, Any]:
    return flag.exposed, flag.variants.get(flag.exposed or "")


def refusals(head: Head, wanted: Declaration) -> dict[str, str]:
    """What may not be declared now, by flag, each with the remedy: a killed flag that would be turned on, and the end
    of a flag that is not off."""
    if head.stack not in (None, wanted.stack):
        other = f"the flags {head.name} are declared by the stack {head.stack}; give this stack's another name"
        return {"": other}
    old, new = head.declared.flags, wanted.flags.flags
    gone = {key: why for key, flag in old.items() if key not in new and (why := _still_on(head, key, flag)) is not None}
    turned = {
        key: _kept_off(killed, what)
        for key, killed in _killed(head, new)
        if (what := _turns_on(old.get(key), new[key]))
    }
    return {**gone, **turned}


def _killed(head: Head, flags: Mapping[str, FeatureFlag]) -> list[tuple[str, Change]]:
    """Where the journal was lost, what was declared before is unknown: the kill alone keeps the flag off then."""
    if head.number == 0:
        return []
    return [(key, killed) for key in flags if (killed := head.killed(key)) is not None]


def _still_on(head: Head, key: str, flag: FeatureFlag) -> str | None:
    if head.killed(key) is not None or (flag.is_off_by_default and key not in head.reached):
        return None
    return (
        f"{key} is on for some callers: without it each of them gets the default in its own code, whatever that is. "
        f"Release code that no longer reads it, declare it off (default: {flag.off}, neither targeting nor exposure), "
        f"run `pulumi up`, and remove it after that; `slipway kill {key}` turns it off as well"
    )


def _turns_on(old: FeatureFlag | None, new: FeatureFlag) -> str | None:
    """By what a declaration would turn a killed flag on, compared with the one that it was killed under."""
    if old is not None and (new.off, new.variants.get(new.off)) != (old.off, old.variants.get(old.off)):
        return "another off variant"
    if new.reach > (old.reach if old is not None else 0.0):
        return f"an exposure of {new.reach:g}%"
    if new.default != new.off and (old is None or new.default != old.default):
        return f"default: {new.default}"
    if new.targeting is not None and (old is None or new.targeting != old.targeting):
        return "its targeting"
    return None


def _kept_off(killed: Change, what: str) -> str:
    return (
        f"{killed.flag} was killed by {killed.by} ({killed.reason}), and {what} would turn it on. "
        f"Run `slipway resume {killed.flag} --reason ...` first, or declare it as it was"
    )


def _reached(head: Head, wanted: Declaration, author: Author) -> dict[str, Reached]:
    found: dict[str, Reached] = {}
    for key, flag in wanted.flags.flags.items():
        now = head.reached.get(key)
        if flag.reach <= 0 or head.killed(key) is not None:
            continue
        if not flag.is_guarded and (now is None or now.percent != flag.reach):
            salt = now.salt if now is not None else wanted.salt
            found[key] = Reached(percent=flag.reach, salt=salt, **author.said)
        elif now is not None and not _exposes_another(head.declared.flags.get(key), flag):
            found[key] = now.model_copy(update={"percent": min(now.percent, flag.reach)})
    return found


def _difference(old: Head, new: Head) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each says where they differ, by flag: its definition, or else how far its exposure has come."""
    before, after = old.declared.flags_to_wire(), new.declared.flags_to_wire()
    changed = {key for key in (*before, *after) if before.get(key) != after.get(key)}
    moved = {key for key in (*old.reached, *new.reached) if _percent(old, key) != _percent(new, key)} - changed
    said = ({key: side[key] for key in side if key in changed} for side in (before, after))
    told = ({key: {"percent": _percent(head, key)} for key in sorted(moved)} for head in (old, new))
    first, second = (side | reached for side, reached in zip(said, told, strict=True))
    return first, second


def _percent(head: Head, key: str) -> float:
    reached = head.reached.get(key)
    return reached.percent if reached is not None else 0.0
