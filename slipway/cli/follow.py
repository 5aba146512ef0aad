"""`slipway status --follow`: the same again and again, until Ctrl-C."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import click

from slipway.cli import follow_view
from slipway.dashboard.hub import Hub, State
from slipway.rollout.overview import Overview

REDRAWN = 1.0
"""Seconds after which the screen is drawn anew although nothing was read, as times pass."""

NARROWEST = 40


def follow(overviews: Sequence[Overview], every: float, *, as_json: bool) -> None:
    """Show targets on the terminal as they change; where stdout is none, or with `as_json`, one line a change. Ctrl-C
    ends it without an error."""
    hub = Hub(overviews, every=every)
    show = _draw if sys.stdout.isatty() and not as_json else _lines_of(as_json=as_json)
    hub.start()
    try:
        with suppress(KeyboardInterrupt):
            show(hub)
    finally:
        hub.close()


def _draw(hub: Hub) -> None:
    """Two columns stay free: what the terminal shows of Ctrl-C must not begin a new line."""
    from rich.console import Console, Group
    from rich.live import Live

    console = Console()
    with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        state = hub.state()
        while not hub.closed:
            console.width = max(NARROWEST, shutil.get_terminal_size().columns - len("^C"))
            live.update(
                Group(*(follow_view.screen(view, hub.now(), console.width) for view in state.views)), refresh=True
            )
            state = hub.await_news(state.number, REDRAWN)


def _lines_of(*, as_json: bool) -> Callable[[Hub], None]:
    def show(hub: Hub) -> None:
        number = 0
        while not hub.closed:
            state = hub.await_news(number, REDRAWN)
            for line in _news(state, number, as_json=as_json):
                click.echo(line)
            number = state.number

    return show


def _news(state: State, after: int, *, as_json: bool) -> list[str]:
    new = [change for number, change in state.news if number > after]
    if as_json:
        views = {view.name: view for view in state.views}
        return [json.dumps(follow_view.as_json(change, views[change.target])) for change in new]
    return [follow_view.line_of(change) for change in new]
