"""Two pictures of the results: failed requests, and seconds from the first faulty response to safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.peers.matrix import FAULTS, HEALTHY, PROXIES, SETTINGS, SYSTEMS
from bench.peers.report import Row

COLOURS = {"slipway": "#1b6ca8", PROXIES: "#7db8de", "argo-rollouts": "#e8833a", "flagger": "#7a8b99"}
Value = Callable[[Row], float | None]


def draw(found: Sequence[Row], folder: Path, name: str = "peers") -> list[Path]:
    """Writes the pictures, whose names begin with `name`, into the folder and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _bars(
            found, lambda row: row.client_failures, "failed client requests (median)", folder / f"{name}-failures.png"
        ),
        _bars(
            found,
            lambda row: row.seconds_to_safe,
            "seconds from the first faulty response to safe (median; none: not noticed)",
            folder / f"{name}-seconds.png",
        ),
    ]


def _bars(found: Sequence[Row], value: Value, label: str, file: Path) -> Path:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    faults = [fault.name for fault in FAULTS if fault.name not in HEALTHY]
    settings = [setting for setting in SETTINGS if any(row.settings == setting.name for row in found)]
    systems = [system for system in SYSTEMS if any(row.system == system for row in found)]
    size, width = (9, 0.5 + 3 * len(settings)), 0.81 / len(systems)
    figure, found_panels = plt.subplots(
        len(settings), 1, figsize=size, layout="constrained", sharex=True, squeeze=False
    )
    panels = [row[0] for row in found_panels]
    for axes, setting in zip(panels, settings, strict=True):
        for place, system in enumerate(systems):
            rows = {row.fault: row for row in found if row.system == system and row.settings == setting.name}
            heights = [value(rows[fault]) if fault in rows else None for fault in faults]
            positions = [index + (place - (len(systems) - 1) / 2) * width for index in range(len(faults))]
            drawn = [height or 0.0 for height in heights]
            bars = axes.bar(positions, drawn, 0.93 * width, label=system, color=COLOURS[system])
            axes.bar_label(bars, [_label(height) for height in heights], fontsize=7)
        axes.set_yscale("symlog", linthresh=1.0)
        axes.set_ylim(top=axes.get_ylim()[1] * 2.5)  # room for the labels
        axes.set_ylabel(setting.name)
        axes.set_xticks(range(len(faults)), faults)
    panels[0].legend(fontsize=8, ncols=len(systems), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    figure.suptitle(label, fontsize=10)
    figure.savefig(file, dpi=100, metadata={"Software": None})
    plt.close(figure)
    return file


def _label(height: float | None) -> str:
    return "-" if height is None else f"{height:,.0f}" if height >= 10 else f"{height:.2g}"
