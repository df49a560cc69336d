"""Fixed margins of figures, which take no time to arrange."""

from matplotlib.figure import Figure, SubFigure

__all__ = ["fix_layout"]


def fix_layout(
    figure: Figure,
    *,
    left: float = 0.7,
    right: float = 0.15,
    bottom: float = 0.5,
    top: float = 0.5,
    across: float = 0.6,
    down: float = 0.6,
) -> Figure:
    """Arrange the panels of a figure with fixed margins and return it.

    Parameters
    ----------
    figure : Figure
        The figure; its panels are a regular grid.
    left, right, bottom, top : float
        Margins, inches.
    across, down : float
        Distances between panels, inches.

    Examples
    --------
    >>> figure = Figure(figsize=(4, 4))
    >>> axis = figure.subplots()
    >>> [round(float(x), 3) for x in fix_layout(figure, left=1, bottom=1).axes[0].get_position().p0]
    [0.25, 0.25]
    """
    figure.set_layout_engine(None)
    parts: list[Figure | SubFigure] = [*figure.subfigs] or [figure]
    for part in parts:
        box = part.bbox
        width, height = box.width / figure.dpi, box.height / figure.dpi
        spec = part.axes[0].get_subplotspec()
        rows, columns = spec.get_gridspec().get_geometry() if spec else (1, 1)
        panel = max(0.2, (width - left - right - across * (columns - 1)) / columns)
        tall = max(0.2, (height - bottom - top - down * (rows - 1)) / rows)
        part.subplots_adjust(
            left=left / width, right=1 - right / width, bottom=bottom / height,
            top=1 - top / height, wspace=across / panel, hspace=down / tall,
        )  # fmt: skip
    return figure
