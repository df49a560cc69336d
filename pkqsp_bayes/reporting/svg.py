"""Boxes, arrows and labels as SVG. Labels are made smaller where they would not fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

__all__ = ["Box", "Drawing"]

_INK, _FAINT = "#333333", "#777777"
_TEXT = 12.0
_CHARACTER = 0.6
"""Greatest ratio of the width of a character to its height, in a sans-serif font."""
_INSET = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle with a text in it.

    Parameters
    ----------
    x, y, width, height : float
        Upper left corner, and size.
    text : str
        Label in its middle; it is made smaller where it would not fit.
    fill : str
        Colour.
    round : float
        Radius of the corners.
    """

    x: float
    y: float
    width: float
    height: float
    text: str
    fill: str = "#e8f1f8"
    round: float = 4.0

    @property
    def middle(self) -> tuple[float, float]:
        """The centre of the box."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(slots=True, kw_only=True)
class Drawing:
    """A drawing that grows to contain all of its elements."""

    parts: list[str] = field(default_factory=list)
    right: float = 0.0
    bottom: float = 0.0

    def box(self, box: Box) -> None:
        """Draw a box."""
        self._reach(box.x + box.width, box.y + box.height)
        x, y = box.middle
        self.parts.append(
            f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
            f'height="{box.height:.1f}" rx="{box.round:g}" fill="{box.fill}" stroke="{_INK}"/>'
        )
        upright = box.height > 3 * box.width
        space = (box.height if upright else box.width) - _INSET
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if upright else ""
        self._write(x, y + 4, box.text, space, f'text-anchor="middle" fill="{_INK}"{turn}')

    def text(self, x: float, y: float, text: str, *, space: float, colour: str = _FAINT,
             anchor: str = "start") -> None:  # fmt: skip
        """Write a text that starts, ends or is centred at a point."""
        self._reach(x + (space if anchor == "start" else 0), y + 4)
        self._write(x, y, text, space, f'text-anchor="{anchor}" fill="{colour}"')

    def _write(self, x: float, y: float, text: str, space: float, style: str) -> None:
        size = min(_TEXT, space / max(1.0, _CHARACTER * len(text)))
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" {style}>{escape(text)}</text>'
        )

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        colour: str = _INK,
        head: bool = True,
        dashed: bool = False,
    ) -> None:
        """Draw a line through points, with an arrowhead at its end."""
        for x, y in points:
            self._reach(x, y)
        path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self._path(path, colour, dashed=dashed)
        if head:
            self._head(points[-2], points[-1], colour)

    def curve(
        self,
        start: tuple[float, float],
        bend: tuple[float, float],
        end: tuple[float, float],
        *,
        colour: str = _INK,
        dashed: bool = False,
    ) -> None:
        """Draw a curve that is pulled towards a point, with an arrowhead at its end."""
        for x, y in (start, bend, end):
            self._reach(x, y)
        path = "M{:.1f} {:.1f} Q{:.1f} {:.1f} {:.1f} {:.1f}".format(*start, *bend, *end)
        self._path(path, colour, dashed=dashed)
        self._head(bend, end, colour)

    def _path(self, path: str, colour: str, *, dashed: bool) -> None:
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}"{dash}/>')

    def _head(self, before: tuple[float, float], tip: tuple[float, float], colour: str) -> None:
        dx, dy = tip[0] - before[0], tip[1] - before[1]
        length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
        ux, uy = dx / length, dy / length
        left = (tip[0] - 8 * ux + 4 * uy, tip[1] - 8 * uy - 4 * ux)
        right = (tip[0] - 8 * ux - 4 * uy, tip[1] - 8 * uy + 4 * ux)
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (tip, left, right))
        self.parts.append(f'<polygon points="{corners}" fill="{colour}"/>')

    def _reach(self, x: float, y: float) -> None:
        self.right, self.bottom = max(self.right, x), max(self.bottom, y)

    def svg(self, title: str) -> str:
        """Return the picture as an ``svg`` element.

        Parameters
        ----------
        title : str
            Text that describes the drawing to screen readers.
        """
        width, height = self.right + 8, self.bottom + 8
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" font-family="sans-serif" '
            f'stroke-width="1.2"><title>{escape(title)}</title>{"".join(self.parts)}</svg>'
        ).replace("<text", '<text stroke="none"')
