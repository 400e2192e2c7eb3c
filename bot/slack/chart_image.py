"""Draws a chart as a PNG. Import this module only when drawing: matplotlib takes a second to load."""

from __future__ import annotations

import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bot.slack.blockkit.charts import Chart

# Okabe and Ito's palette is distinguishable with every type of colour vision; patterns work without any colour.
# https://jfly.uni-koeln.de/color/
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")
_PATTERNS = ("", "///", "...", "xxx", "\\\\\\", "++")
_INK, _GRID = "#1d1c1d", "#dddddd"
_SIZE, _DPI = (9.0, 4.2), 130
# With more categories than this, labels on the x axis are rotated so that they don't overlap.
_CROWDED = 9
_TURNED = {"rotation": 45, "horizontalalignment": "right", "rotation_mode": "anchor"}


def draw_chart(chart: Chart) -> bytes:
    """Return a PNG of the chart as stacked bars with title and labels."""
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    tops = _draw_bars(axes, chart)
    _draw_labels(axes, chart, tops)
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Title": chart.title})
    return written.getvalue()


def _draw_bars(axes: Axes, chart: Chart) -> list[float]:
    """Draw the bars and return the height of each stack."""
    places = range(len(chart.categories))
    tops = [0.0] * len(chart.categories)
    for index, series in enumerate(chart.series):
        colour, pattern = _COLOURS[index % len(_COLOURS)], _PATTERNS[index % len(_PATTERNS)]
        bars = axes.bar(places, series.values, 0.72, tops, color=colour, label=series.name, zorder=2)
        for bar in bars:
            bar.set(hatch=pattern, edgecolor="white", linewidth=0.6)
        tops = [top + value for top, value in zip(tops, series.values, strict=True)]
    return tops


def _draw_labels(axes: Axes, chart: Chart, tops: list[float]) -> None:
    axes.set_title(chart.title, loc="left", fontsize=14, fontweight="bold", color=_INK, pad=12)
    axes.set_xlabel(chart.x_label, color=_INK)
    axes.set_ylabel(chart.y_label, color=_INK)
    axes.set_xticks(range(len(tops)), chart.categories)
    for name in axes.get_xticklabels():
        name.set(color=_INK, **(_TURNED if len(tops) > _CROWDED else {}))
    axes.yaxis.set_major_locator(MaxNLocator(integer=max(tops, default=0) >= 5, nbins=6))
    axes.set_ylim(0, max(tops, default=0) * 1.12 or 1)
    axes.grid(axis="y", color=_GRID, zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    for place, top in enumerate(tops):
        if top:
            axes.annotate(f"{top:g}", (place, top), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    if len(chart.series) > 1:
        axes.legend(loc="upper right", bbox_to_anchor=(1, 1.14), ncols=len(chart.series), frameon=False)
