"""The diagram of a model without organs: states as boxes, flows as arrows."""

from collections.abc import Mapping

from pkqsp_bayes.ode.flows import StateGraph, find_graph
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.reporting.svg import Box, Drawing

__all__ = ["draw_states"]

_WIDE, _HIGH = 130.0, 34.0
_STEP_X, _STEP_Y = 200.0, 92.0
_LEFT, _TOP = 70.0, 50.0
_COLUMNS = 4
_DRUG, _OTHER = "#e8f1f8", "#e2f3ec"
_OUT, _IN, _TIE = "#b03a00", "#00664b", "#777777"

_Boxes = Mapping[str, Box]


def draw_states(system: OdeSystem) -> str:
    """Return the diagram of a system as SVG, with one box per state.

    Parameters
    ----------
    system : OdeSystem
        The equations. Solid arrows are flows; a dashed arrow means that a rate depends on a state.
    """
    graph = find_graph(system)
    boxes = {
        state.name: _box(state.name, place, _OTHER if state.drug == 0 else _DRUG)
        for state, place in zip(system.states, _places(system, graph), strict=True)
    }
    drawing = Drawing()
    for source, target in graph.influences:
        _dependence(drawing, boxes[source], boxes[target])
    _outside(drawing, graph, boxes)
    for flow in graph.flows:
        if flow.source is not None and flow.target is not None:
            _flow(drawing, boxes[flow.source], boxes[flow.target])
    for dose in system.doses:
        box = boxes[dose.state]
        drawing.line([(box.x + 20, box.y - 26), (box.x + 20, box.y)], colour=_IN)
        drawing.text(box.x + 26, box.y - 16, f"dose {dose.name}", space=100, colour=_IN)
    for box in boxes.values():
        drawing.box(box)
    return drawing.svg(f"States of {system.title}")


def _box(name: str, place: tuple[int, int], fill: str) -> Box:
    column, row = place
    return Box(x=_LEFT + _STEP_X * column, y=_TOP + _STEP_Y * row, width=_WIDE, height=_HIGH,
               text=name, fill=fill)  # fmt: skip


def _places(system: OdeSystem, graph: StateGraph) -> list[tuple[int, int]]:
    """Place each state to the right of those that feed it; start a new line when one is full."""
    feeds: dict[str, list[str]] = {state.name: [] for state in system.states}
    for flow in graph.flows:
        if flow.source is not None and flow.target is not None:
            feeds[flow.source].append(flow.target)
    found: dict[str, tuple[int, int]] = {}
    row = 0
    for first in [*(d.state for d in system.doses), *feeds]:
        if first not in found:
            row = _walk(first, feeds, found, row)
    return [found[state.name] for state in system.states]


def _walk(
    first: str, feeds: Mapping[str, list[str]], found: dict[str, tuple[int, int]], row: int
) -> int:
    """Place the states that follow from a state, breadth first; return the next free row."""
    level, column, last = [first], 0, row
    while level:
        for place, name in enumerate(level):
            found[name] = (column, row + place)
            last = max(last, row + place)
        following = [n for name in level for n in feeds[name] if n not in found]
        level = list(dict.fromkeys(following))
        column += 1
        if column == _COLUMNS:
            column, row = 0, last + 1
    return last + 1


def _flow(drawing: Drawing, source: Box, target: Box) -> None:
    """Draw an arrow; arrows in opposite directions run side by side."""
    (x, y), (u, v) = source.middle, target.middle
    if abs(y - v) < 1 and abs(abs(x - u) - _STEP_X) < 1:
        right = u > x
        shift = -6 if right else 6
        start, end = (source.x + _WIDE, target.x) if right else (source.x, target.x + _WIDE)
        drawing.line([(start, y + shift), (end, v + shift)])
    elif abs(x - u) < 1:
        down = v > y
        shift = 8 if down else -8
        start, end = (source.y + _HIGH, target.y) if down else (source.y, target.y + _HIGH)
        drawing.line([(x + shift, start), (u + shift, end)])
    elif abs(y - v) < 1:
        drawing.curve((x, source.y), ((x + u) / 2, y - 58), (u, target.y))
    else:
        down = v > y
        start, end = (source.y + _HIGH, target.y) if down else (source.y, target.y + _HIGH)
        drawing.line([(x, start), (u, end)])


def _dependence(drawing: Drawing, source: Box, target: Box) -> None:
    (x, y), (u, v) = source.middle, target.middle
    if abs(y - v) < 1:
        under = source.y + _HIGH
        drawing.curve((x, under), ((x + u) / 2, under + 44), (u, under), colour=_TIE, dashed=True)
    else:
        down = v > y
        start, end = (source.y + _HIGH, target.y) if down else (source.y, target.y + _HIGH)
        drawing.line([(x - 14, start), (u - 14, end)], colour=_TIE, dashed=True)


def _outside(drawing: Drawing, graph: StateGraph, boxes: _Boxes) -> None:
    for flow in graph.flows:
        if flow.target is None and flow.source is not None:
            box = boxes[flow.source]
            x, y = box.x + _WIDE - 14, box.y + _HIGH
            drawing.line([(x, y), (x, y + 24)], colour=_OUT)
        elif flow.source is None and flow.target is not None:
            box = boxes[flow.target]
            drawing.line([(box.x - 30, box.middle[1]), (box.x, box.middle[1])], colour=_IN)
