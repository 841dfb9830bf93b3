"""Draws the pictures of docs/measurements.md, for light and for dark pages. Run by render.py, with matplotlib."""

import matplotlib
from matplotlib.figure import Figure

import render
from plotted import PICTURES, digest

INK = {"light": ("#1f2328", "#d0d7de", "#0969da", "#8c959f"), "dark": ("#e6edf3", "#30363d", "#4493f8", "#6e7681")}


def draw(name, panels, theme):
    ink, grid, ours, others = INK[theme]
    matplotlib.rcParams |= {"svg.hashsalt": name, "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}
    bars = max(len(values) for _, values in panels)
    figure = Figure(figsize=(1.6 + 3.8 * len(panels), 0.32 * bars + 0.9), layout="constrained")
    figure.patch.set_alpha(0)
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    all_axes[0].invert_yaxis()
    for axes, (title, values) in zip(all_axes, panels):
        names = list(values)
        colours = [ours if name.startswith("serverless-auth") else others for name in names]
        drawn = axes.barh(names, list(values.values()), color=colours, height=0.62)
        axes.bar_label(drawn, [render.number(value) for value in values.values()], padding=4, color=ink)
        axes.set_xlim(0, max(values.values()) * 1.15)
        axes.set_title(title, color=ink, loc="left")
        axes.set_facecolor("none")
        axes.tick_params(colors=ink, which="both", length=0)
        axes.grid(axis="x", color=grid, linewidth=0.6)
        axes.set_axisbelow(True)
        for spine in axes.spines.values():
            spine.set_visible(False)
    metadata = {"Date": None, "Creator": None, "Description": digest(panels)}
    figure.savefig(render.DOCS / f"{name}-{theme}.svg", metadata=metadata)


def main():
    results = render.read()
    for name, of in PICTURES.items():
        for theme in INK:
            draw(name, of(results), theme)


if __name__ == "__main__":
    main()
