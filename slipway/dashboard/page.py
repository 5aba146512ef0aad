"""The page: what was read of each target -> HTML, in parts that are sent anew when they change. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from slipway.dashboard.flights import card
from slipway.dashboard.html import Cell, Html, joined, moment, pill, safe, table
from slipway.dashboard.news import flights_in
from slipway.dashboard.watches import watches
from slipway.release.flags.effective import EffectiveFlag, effective
from slipway.release.flags.words import reach_of
from slipway.release.records.rows import ReleaseRow, rows_of
from slipway.release.report.words import lasting
from slipway.release.rollout_inputs import Backend
from slipway.rollout.inspection import FlagsInspection, Inspection
from slipway.rollout.overview import Seen, ServiceRecords, TargetView

STALE = 30.0
"""Seconds after which what is shown is called old, whatever the reason."""
PAST = 15
"""Past releases of each target."""
ENDINGS = {"committed": "good", "rolled-back": "warn", "aborted": "bad", "interrupted": "warn", "refused": "bad"}


def parts(views: Sequence[TargetView], now: float, *, actions: bool = False) -> dict[str, Html]:
    """The parts of the page by their ids."""
    made = {"summary": _summary(views, now)}
    for number, view in enumerate(views):
        made[f"target-{number}"] = _target(view, number, now, actions=actions)
    return made


def page(views: Sequence[TargetView], now: float, *, actions: bool = False) -> Html:
    """The whole page as it is now; without its script it is loaded anew every ten seconds."""
    made = parts(views, now, actions=actions)
    summary = made.pop("summary")
    mode = "Orders need the address that `slipway dashboard` printed." if actions else "This page only reads."
    return joined(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<title>Slipway</title><link rel="stylesheet" href="/page.css"><link rel="icon" href="/icon.svg">',
        '<noscript><meta http-equiv="refresh" content="10"></noscript><script src="/page.js" defer></script></head>',
        '<body><a class="skip" href="#main">Skip to the rollouts</a>',
        f'<header class="top"><h1>Slipway</h1>{summary}<p id="link" class="pill plain">not live</p></header>',
        '<p id="news" class="hidden" role="status" aria-live="polite"></p>',
        f'<main id="main">{"".join(made.values())}</main>',
        f"<footer>{mode} Times are UTC.</footer>",
        _dialog() if actions else "",
        "</body></html>\n",
    )


def _dialog() -> str:
    return (
        '<dialog id="ask" aria-labelledby="ask-title"><form method="dialog"><h2 id="ask-title"></h2>'
        '<label for="ask-why">Why? It goes on record.</label><input id="ask-why" name="why" required maxlength="300">'
        '<p id="ask-answer" role="status"></p><p class="buttons"><button type="submit" value="go" id="ask-go"></button>'
        '<button type="button" id="ask-close">Close</button></p></form></dialog>'
    )


def _summary(views: Sequence[TargetView], now: float) -> Html:
    flying = [flight for view in views for flight in flights_in(view, now) if flight.running]
    services = sum(len(view.services.value or ()) for view in views)
    away = [view.name for view in views if view.services.problem]
    words = f"{_count(len(flying), 'rollout')} in flight · {_count(services, 'service')}"
    lost = f" · does not answer: {', '.join(away)}" if away else ""
    return joined(f'<p id="summary">{safe(words + lost)}</p>')


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _target(view: TargetView, number: int, now: float, *, actions: bool) -> Html:
    flights = flights_in(view, now)
    cards = [card(one, f"rollout-{number}-{one.service.replace('/', '-')}", actions=actions) for one in flights]
    return joined(
        f'<section class="target" id="target-{number}" aria-labelledby="name-{number}">',
        f'<h2 id="name-{number}">{safe(view.name)} <span class="soft">{safe(view.target)}</span></h2>',
        *_freshness(view, now),
        *(cards or _nothing_flies(view)),
        *_services(view, now),
        *watches(view),
        *_flags(view.flags, now, actions=actions),
        *_unread_exposures(view),
        *_past(view, number),
        "</section>",
    )


def _nothing_flies(view: TargetView) -> Iterator[str]:
    if view.services.value is not None:
        yield '<p class="calm">No rollout is in flight.</p>'


def _freshness(view: TargetView, now: float) -> Iterator[str]:
    seen = view.services
    if seen.problem:
        yield f'<p class="banner bad" role="alert">It does not answer: {safe(seen.problem)}. {_as_of(seen.at)}</p>'
    elif seen.value is None:
        yield '<p class="calm">Not read yet.</p>'
    elif now - seen.at > STALE:
        yield f'<p class="banner warn">This is old. {_as_of(seen.at)}</p>'
    else:
        yield f'<p class="soft fresh">Read at {moment(seen.at)}</p>'


def _as_of(at: float) -> str:
    return f"What is shown is from {moment(at)}." if at > 0 else "Nothing was read yet."


# -- services --------------------------------------------------------------------------------------------------------


def _services(view: TargetView, now: float) -> Iterator[str]:
    if not view.inspections:
        return
    columns = ("Service", "Serves", "Traffic", "Replicas", "State")
    rows = [_service(service, seen, now) for service, seen in view.inspections.items()]
    yield f"<h3>Services</h3>{table('Services', columns, rows)}"


def _service(service: str, seen: Seen[Inspection], now: float) -> tuple[Cell, ...]:
    found = seen.value
    if found is None:
        return (Cell(safe(service), head=True), *(Cell("-") for _ in range(3)), Cell(_state(seen, now)))
    serving = found.head.serving.backend if found.head is not None and found.head.serving is not None else None
    ready = found.readiness
    return (
        Cell(safe(service), head=True),
        Cell(f'{safe(serving.version)} <span class="soft">{safe(serving.revision[:12])}</span>' if serving else "-"),
        Cell(safe(_traffic(found, serving))),
        Cell(safe(f"{ready.ready} of {ready.desired} ready" if ready is not None else "-")),
        Cell(_state(seen, now)),
    )


def _traffic(found: Inspection, serving: Backend | None) -> str:
    if found.live is None:
        return "-"
    head = found.head
    attempt, watch = (None, None) if head is None else (head.attempt, head.watch)
    known = (watch.standby if watch else None, attempt.candidate if attempt else None, serving)
    names = {one.entry: one.version for one in known if one is not None}
    shares = sorted(found.live.shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{share:.4g}% {names.get(entry, entry)}" for entry, share in shares if share > 0) or "none"


def _state(seen: Seen[Inspection], now: float) -> str:
    if seen.problem:
        return f"{pill('not read', 'bad')} {safe(seen.problem)} {_as_of(seen.at)}"
    found = seen.value
    if found is None:
        return pill("not read yet", "plain")
    old = f" {_as_of(seen.at)}" if now - seen.at > STALE else ""
    if found.problem is not None:
        return f"{pill('look', 'warn')} {safe(found.problem)}{old}"
    flying = found.head is not None and found.head.unfinished
    return f"{pill('rollout' if flying else 'as released', 'plain' if flying else 'good')}{old}"


# -- flags -----------------------------------------------------------------------------------------------------------


def _flags(seen: Seen[tuple[FlagsInspection, ...]], now: float, *, actions: bool) -> Iterator[str]:
    if seen.problem:
        yield f'<p class="banner warn">The flags could not be read: {safe(seen.problem)}. {_as_of(seen.at)}</p>'
    for one in seen.value or ():
        flags = effective(one.head).flags
        if not flags:
            continue
        columns = ("Flag", "Who gets what", "Since", "Owner", "Expires", *(("Act",) if actions else ()))
        rows = [_flag(one, flag, actions=actions) for _, flag in sorted(flags.items())]
        yield f'<h3>Flags <span class="soft">{safe(one.name)}</span></h3>{table(f"Flags of {one.name}", columns, rows)}'
        if one.problem is not None:
            yield f'<p class="banner warn">{safe(one.problem)}; `pulumi up` puts it right</p>'


def _unread_exposures(view: TargetView) -> Iterator[str]:
    for name, seen in sorted(view.exposures.items()):
        if seen.problem:
            yield f'<p class="banner warn">The exposure of {safe(name)} could not be read: {safe(seen.problem)}</p>'


def _flag(one: FlagsInspection, flag: EffectiveFlag, *, actions: bool) -> tuple[Cell, ...]:
    since = one.head.changed_last(flag.key)
    expires = flag.flag.expires
    cells = (
        Cell(f'{safe(flag.key)} <span class="soft">{safe(flag.flag.kind)}</span>', head=True),
        Cell(_reach(flag)),
        Cell(f"{moment(since.at, day=True)} by {safe(since.by)}" if since is not None else "-"),
        Cell(safe(flag.flag.owner)),
        Cell(f"<time>{safe(expires.isoformat())}</time>" if expires is not None else "-"),
    )
    if not actions:
        return cells
    action, label = ("resume-flag", "Resume") if flag.killed is not None else ("kill", "Kill")
    button = f'<button type="button" data-action="{action}" data-about="{safe(flag.key)}">{label}</button>'
    return (*cells, Cell(button))


def _reach(flag: EffectiveFlag) -> str:
    if flag.killed is None:
        return safe(reach_of(flag))
    why = f"{flag.default}, by {flag.killed.by}: {flag.killed.reason}"
    return f"{pill('killed', 'bad')} {safe(why)}"


# -- past releases ---------------------------------------------------------------------------------------------------


def _past(view: TargetView, number: int) -> Iterator[str]:
    """Rollouts, drills, refusals by the gates and watches."""
    found = [(service, row) for service in view.records for row in _rows(view.kept(service))]
    broken: Mapping[str, str] = {name: seen.problem for name, seen in view.records.items() if seen.problem}
    newest = sorted(found, key=lambda one: -one[1].began)[:PAST]
    if newest:
        columns = ("Release", "Outcome", "Began", "Took", "By", "Report")
        rows = [_release(view, service, row, number) for service, row in newest]
        yield f"<h3>Past releases</h3>{table('Past releases', columns, rows)}"
    for name, problem in sorted(broken.items()):
        yield f'<p class="banner warn">The records of {safe(name)} could not be read: {safe(problem)}</p>'


def _rows(records: ServiceRecords) -> Sequence[ReleaseRow]:
    return rows_of(records.rollouts, (), records.lines)


def _release(view: TargetView, service: str, row: ReleaseRow, number: int) -> tuple[Cell, ...]:
    reason = f'<span class="reason">{safe(row.reason)}</span>' if row.reason else ""
    what = f"{safe(service)} {safe(row.version)}"
    link = "-"
    if any(one.anchor.seq == row.number for one in view.kept(service).rollouts):
        address = f"/report/{number}/{quote(service, safe='')}/{row.number}"
        link = f'<a href="{safe(address)}">Report<span class="hidden"> of {what}</span></a>'
    return (
        Cell(what, head=True),
        Cell(f"{pill(row.outcome, ENDINGS.get(row.outcome, 'plain'))} {reason}"),
        Cell(moment(row.began, day=True)),
        Cell(safe(lasting(row.seconds) if row.seconds is not None else "-")),
        Cell(safe(row.by)),
        Cell(link),
    )
