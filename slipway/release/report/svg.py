"""A plot as SVG without scripts: it grows with the page, prints, and says its values in words as well. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from slipway.release.report.document import Column, Curve, Plot, show_value
from slipway.release.report.words import lasting

WIDTH, HEIGHT = 400, 170
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 14, 30
TICKS = 4
SMALLEST = 1e-3
"""Below this a logarithmic axis says nothing more."""
NOTHING = {"share": 0.01, "seconds": 0.1, "number": 1.0}
"""How far an axis goes whose values are all 0, by unit."""
NICE = (1, 2, 2.5, 5, 10)
SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def as_svg(plot: Plot) -> str:
    """One figure with its legend."""
    x, y = _Time(plot), _Axis(plot)
    body = [*_grid(x, y), *_marks(plot, x), *(_curve(plot, curve, x, y) for curve in plot.curves)]
    legend = "".join(
        f'<span class="key {escape(curve.role)}">{escape(curve.name)}</span>' for curve in plot.curves
    )  # fmt: skip
    label = escape(_words(plot), quote=True)
    return (
        f'<figure><figcaption>{escape(plot.title)} <span class="keys">{legend}</span></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(body)}</svg></figure>'
    )


class _Time:
    """Seconds to the right; the first stretch begins at 0."""

    def __init__(self, plot: Plot) -> None:
        self.most = max((*plot.at, 1.0))

    def place(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at / self.most

    def ticks(self) -> list[float]:
        step = next((size for size in SECONDS if self.most / size <= 6), SECONDS[-1])
        step = max(step, math.ceil(self.most / 6 / SECONDS[-1]) * SECONDS[-1] if self.most > 6 * SECONDS[-1] else step)
        return [float(step * number) for number in range(int(self.most // step) + 1)]


class _Axis:
    """Values upwards, from 0 or, logarithmic, from a power of ten."""

    def __init__(self, plot: Plot) -> None:
        values = [value for curve in plot.curves for value in curve.values if value is not None]
        self._log, self._unit = plot.log, plot.unit
        most = max(values, default=0.0)
        if plot.log:
            low = min((value for value in values if value > 0), default=SMALLEST)
            self.low = 10.0 ** math.floor(math.log10(max(SMALLEST, low)))
            self.high = 10.0 ** math.ceil(math.log10(max(self.low * 10, most * 1.05)))
        else:
            self.low, self.high = 0.0, 100.0 if plot.unit == "percent" else _nice(most * 1.1 or NOTHING[plot.unit])

    def place(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        if self._log:
            span = math.log10(self.high) - math.log10(self.low)
            part = (math.log10(max(self.low, value)) - math.log10(self.low)) / span
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(1.0, max(0.0, part)))

    def ticks(self) -> list[float]:
        if not self._log:
            return [self.high * number / TICKS for number in range(TICKS + 1)]
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        return [10.0**power for power in range(first, last + 1, max(1, (last - first) // TICKS))]

    def show(self, value: float) -> str:
        return show_value(value, self._unit)


def _nice(value: float) -> float:
    size = 10.0 ** math.floor(math.log10(value))
    return float(next(size * step for step in NICE if size * step >= value))


def _grid(x: _Time, y: _Axis) -> Iterator[str]:
    for value in y.ticks():
        at = _n(y.place(value))
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
        yield f'<text class="tick" x="{LEFT - 6}" y="{at}" dy="4" text-anchor="end">{escape(y.show(value))}</text>'
    for seconds in x.ticks():
        at = _n(x.place(seconds))
        yield f'<text class="tick" x="{at}" y="{HEIGHT - 10}" text-anchor="middle">{escape(lasting(seconds))}</text>'


def _marks(plot: Plot, x: _Time) -> Iterator[str]:
    for seconds, name in plot.marks:
        at = _n(x.place(seconds))
        yield f'<line class="mark" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text class="tick" x="{at}" y="{TOP - 3}" text-anchor="middle">{escape(name)}</text>'


def _curve(plot: Plot, curve: Curve, x: _Time, y: _Axis) -> str:
    runs = _runs(plot.at, curve.values)
    path = " ".join(_path(run, x, y, steps=plot.steps) for run in runs)
    dots = "".join(
        f'<circle class="{escape(curve.role)}" cx="{_n(x.place(at))}" cy="{_n(y.place(value))}" r="2"/>'
        for run in runs
        for _, at, value in run
        if len(run) == 1 and not plot.steps
    )
    return f'<path class="{escape(curve.role)}" d="{path}"/>{dots}' if path or dots else ""


Point = tuple[float, float, float]
"""Begin and end of a stretch, and the value in it."""


def _runs(at: Sequence[float], values: Column) -> list[list[Point]]:
    """Stretches without a gap: where nothing is known there is no line."""
    runs: list[list[Point]] = [[]]
    before = 0.0
    for end, value in zip(at, values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((before, end, value))
        before = end
    return [run for run in runs if run]


def _path(run: Sequence[Point], x: _Time, y: _Axis, *, steps: bool) -> str:
    if steps:
        corners = [f"{_n(x.place(at))} {_n(y.place(value))}" for begin, end, value in run for at in (begin, end)]
    else:
        corners = [f"{_n(x.place(end))} {_n(y.place(value))}" for _, end, value in run]
    return f"M{' L'.join(corners)}" if len(corners) > 1 else ""


def _words(plot: Plot) -> str:
    """What the plot shows, for those who do not see it."""
    told = []
    for curve in plot.curves:
        known = [value for value in curve.values if value is not None]
        if known:
            low, high, last = (show_value(value, plot.unit) for value in (min(known), max(known), known[-1]))
            told.append(f"{curve.name} from {low} to {high}, at the end {last}")
    return f"{plot.title}, over {lasting(max((*plot.at, 0.0)))}: {'; '.join(told) or 'nothing measured'}"


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
