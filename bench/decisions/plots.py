"""Plots of the benchmark's results."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.decisions.cells import BAD
from bench.decisions.run import TOLD, Results
from bench.decisions.score import ALPHA, Row


def draw(results: Results, rows: dict[str, Row], folder: Path) -> list[Path]:
    """Writes two PNG files into the folder and returns their paths."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for name in (TOLD, *rows):
        cells = results.bad[name]
        means = [np.exp(np.mean([np.log(out.mean) for cell, out in cells.items() if cell.ratio == r])) for r in BAD]
        axes.plot(BAD, means, marker="o", label=name, linestyle="--" if name == TOLD else "-")
    axes.set(xscale="log", yscale="log", xlabel="candidate's bad share over the baseline's")
    axes.set(ylabel="mean seconds to abort (geometric mean of cells)", title="How soon a bad release is noticed")
    axes.set_xticks(BAD, [f"{ratio:g}x" for ratio in BAD])
    axes.set_xticks([], minor=True)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    times = folder / "decisions-time.png"
    figure.savefig(times, dpi=110, metadata={"Software": None})
    plt.close(figure)

    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for place, name in enumerate(rows):
        rates = [100.0 * out.aborted / out.runs for out in results.good[name].values()]
        axes.scatter(rates, np.full(len(rates), place) + np.linspace(-0.25, 0.25, len(rates)), s=12)
    axes.axvline(100.0 * ALPHA, color="grey", linestyle="--")
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_xlim(-0.1, 130.0)
    axes.set_xticks([0.0, 0.5, 1.0, 10.0, 100.0], ["0", "0.5", "1", "10", "100"])
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set(xlabel="healthy releases aborted, % (a dot a cell; dashed: what is promised)", title="False aborts")
    false = folder / "decisions-false-aborts.png"
    figure.savefig(false, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return [times, false]
