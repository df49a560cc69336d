"""What a figure shows, as numbers and texts."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

__all__ = ["band", "bars", "lines", "marks", "overlaps", "texts"]


def lines(axis: Axes, colour: str) -> list[Line2D]:
    """Return the solid, dashed or dotted lines of a colour that have more than one point."""
    return [
        line
        for line in axis.get_lines()
        if line.get_linestyle() != "None"
        and np.size(line.get_xdata()) > 1
        and to_hex(line.get_color()) == colour.lower()
    ]


def marks(axis: Axes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the marks of a name; empty if there are none."""
    for line in axis.get_lines():
        if line.get_label() == name:
            return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    return np.array([]), np.array([])


def band(axis: Axes, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, lower and upper edge of an area between two curves."""
    area = next(c for c in axis.collections if c.get_label() == name)
    corners = area.get_paths()[0].vertices
    x = np.unique(corners[:, 0])
    edges = [corners[corners[:, 0] == at, 1] for at in x]
    return x, np.array([e.min() for e in edges]), np.array([e.max() for e in edges])


def bars(axis: Axes) -> list[tuple[float, float, float, float]]:
    """Return left, bottom, width and height of each bar."""
    return [(*patch.get_xy(), patch.get_width(), patch.get_height()) for patch in axis.patches]


def texts(figure: Figure) -> list[str]:
    """Return the names in the legends of a figure."""
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def overlaps(figure: Figure) -> list[str]:
    """Return what lies on something else, or beyond the edge, when the figure is drawn.

    Looked at: titles, labels, tick labels, legends.
    """
    FigureCanvasAgg(figure).draw()
    boxes = {}
    for number, axis in enumerate(a for a in figure.axes if a.get_visible() and a.axison):
        parts = [axis.title, axis.xaxis.label, axis.yaxis.label]
        for which in (axis.xaxis, axis.yaxis):
            low, high = sorted(which.get_view_interval())
            ticks = [t for t in which.get_major_ticks() if low <= t.get_loc() <= high]
            parts += [t.label1 for t in ticks if t.label1.get_visible()]
        for part in parts:
            if part.get_text() and part.get_visible():
                boxes[f"{number}: {part.get_text()}", id(part)] = part.get_window_extent()
    for legend in figure.legends:
        boxes["legend", id(legend)] = legend.get_window_extent()
    found = []
    items = [(name, box) for (name, _), box in boxes.items() if box.width > 0]
    edge = figure.bbox
    for k, (name, box) in enumerate(items):
        inside = box.x0 > edge.x0 - 2 and box.x1 < edge.x1 + 2
        inside &= box.y0 > edge.y0 - 2 and box.y1 < edge.y1 + 2
        found += [] if inside else [f"{name} is cut"]
        for other, second in items[:k]:
            wide = min(box.x1, second.x1) - max(box.x0, second.x0)
            high = min(box.y1, second.y1) - max(box.y0, second.y0)
            if wide > 1 and high > 1:
                found.append(f"{name} on {other}")
    return found
