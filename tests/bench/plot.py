# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Draws the rows of a run, with matplotlib."""

import textwrap

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot, ticker  # noqa: E402  pylint: disable=wrong-import-position

# The same operation has the same look in every panel.
MARKERS = "os^vD<>pX*"


def _axes(titles, panels, title):
    """Axes in a grid: a row for each panel, a column for each title."""
    figure, axes = pyplot.subplots(
        len(panels), len(titles), squeeze=False, sharex="col", sharey="row",
        figsize=(6.5 * len(titles), 4.2 * len(panels)), constrained_layout=True)
    figure.suptitle("\n".join(textwrap.wrap(title, 70 * len(titles))), fontsize=9)
    for column, name in enumerate(titles):
        axes[0][column].set_title(name)
    for line, (_, label) in enumerate(panels):
        axes[line][0].set_ylabel(label)
    return figure, axes


def _lines(axis, rows, x, y):
    names = list(dict.fromkeys(row["operation"] for row in rows))
    for name, marker in zip(names, MARKERS):
        # The echo stands twice for each number in flight: before and after.
        points = {}
        for row in rows:
            if row["operation"] == name:
                points.setdefault(row[x], []).append(row[y])
        places = sorted(points)
        axis.plot(places, [sum(points[p]) / len(points[p]) for p in places],
                  marker=marker, label=name)
    axis.set_xscale("log")
    axis.set_xticks(sorted({row[x] for row in rows}))
    axis.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    axis.xaxis.set_minor_locator(ticker.NullLocator())
    axis.grid(alpha=0.3)


def _table(rows, title, path):
    panels = (("ratio_to_echo", "calls/s, of the echo's"),
              ("p50_us", "p50, µs"), ("p99_us", "p99, µs"))
    forms = list(dict.fromkeys(row["deployment"] for row in rows))
    figure, axes = _axes(forms, panels, title)
    for column, form in enumerate(forms):
        of_form = [row for row in rows if row["deployment"] == form]
        for line, (field, _) in enumerate(panels):
            axis = axes[line][column]
            _lines(axis, of_form, "in_flight", field)
            axis.set_yscale("log")
        axes[0][column].legend(fontsize=6, loc="lower right", ncol=2)
        axes[-1][column].set_xlabel("calls in flight")
    figure.savefig(path)


def _growth(rows, title, path):
    panels = (("ratio_to_echo", "calls/s, of the echo's"),
              ("rss_mib", "RSS, MiB"), ("start_s", "start, s"))
    kinds = list(dict.fromkeys(
        (row["deployment"], row["growth"]) for row in rows))
    figure, axes = _axes([f"{form}: {kind}" for form, kind in kinds], panels,
                         title)
    for column, (form, kind) in enumerate(kinds):
        found = [row for row in rows
                 if (row["deployment"], row["growth"]) == (form, kind)]
        for line, (field, _) in enumerate(panels):
            axis = axes[line][column]
            _lines(axis, found, "size", field)
            axis.set_ylim(bottom=0)
        axes[0][column].legend(fontsize=7)
        axes[-1][column].set_xlabel(kind)
    figure.savefig(path)


def draw(rows, title, path):
    """Writes the plot of a table, or of a growth, to `path`."""
    draw_rows = _growth if "growth" in rows[0] else _table
    draw_rows(rows, title, path)
    pyplot.close("all")
