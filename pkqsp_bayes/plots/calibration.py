"""`plot_calibration`: ranks and data-averaged posteriors of a simulation-based calibration."""

import arviz_stats  # noqa: F401 - its submodules need the import of the package
import numpy as np
import xarray as xr
from arviz_stats.ecdf_utils import ecdf_pit
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.analysis.calibration.calibration import calibration_table, finished
from pkqsp_bayes.arguments import LEVEL, checked
from pkqsp_bayes.fitting.results.fit_argument import CALIBRATION
from pkqsp_bayes.plots.layout import finish
from pkqsp_bayes.plots.style import BAND, COLOURS, GREY, LINE, new_figure
from pkqsp_bayes.spec.labels import PARAMETER_DIM

__all__ = ["plot_calibration"]

FloatArray = NDArray[np.float64]
_COLUMNS = 3


@checked(result=CALIBRATION, level=LEVEL)
def plot_calibration(result: xr.Dataset, *, level: float = 0.05) -> Figure:
    """Plot ranks and data-averaged posteriors of all quantities.

    Parameters
    ----------
    result : xarray.Dataset
        Result of `pkqsp_bayes.sbc`.
    level : float
        Level of the tests, as in `pkqsp_bayes.calibration_table`.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels for each quantity. Left: the ECDF of the ranks minus that of uniform ranks, with
        a simultaneous band that has probability 1 - level for all quantities together (from ArviZ,
        after Säilynoja, Bürkner & Vehtari 2022, Stat Comput 32:32). Right: the ECDF of the true
        values, and of the posterior averaged over the data; the two should agree. Vermilion: a
        rejected quantity.

    Examples
    --------
    Draws from the true distribution:

    >>> import pkqsp_bayes as pq
    >>> rng = np.random.default_rng(1)
    >>> names, size = ["CL"], ("replicate", "parameter")
    >>> result = xr.Dataset(
    ...     {"pit": (size, rng.uniform(size=(50, 1))), "truth": (size, rng.normal(size=(50, 1))),
    ...      "draws": ((*size, "draw"), rng.normal(size=(50, 1, 20))),
    ...      "mean": (size, np.zeros((50, 1))), "sd": (size, np.ones((50, 1))),
    ...      "status": ("replicate", ["ok"] * 50)},
    ...     coords={"parameter": names}, attrs={"model": "normal", "given": "nothing"},
    ... )
    >>> figure = pq.plot_calibration(result)
    >>> figure.axes[0].get_title(loc="left")
    'CL'
    """
    done, table = finished(result), calibration_table(result, level=level)
    columns = min(_COLUMNS, len(table))
    rows = -(-len(table) // columns)
    kind = "posterior" if result.attrs["given"] == "data" else "prior"
    with new_figure(width=max(4.4 * columns, 5.5), height=2.1 * rows + 1.1) as figure:
        axes = figure.subplots(rows, 2 * columns, squeeze=False).ravel()
        for place in axes[2 * len(table) :]:
            place.set_visible(False)
        band = _band(done, level)
        for number, (name, rejected) in enumerate(table["rejected"].items()):
            left, right = axes[2 * number], axes[2 * number + 1]
            look = (COLOURS[1], ", rejected") if rejected else (LINE, "")
            _draw_ranks(left, done["pit"].sel({PARAMETER_DIM: name}).to_numpy(), band, look[0])
            left.set_title(f"{name}{look[1]}", loc="left")
            _draw_averaged(right, done.sel({PARAMETER_DIM: name}), look[0], kind)
            right.set_xlabel(str(name), fontsize=8)
            left.set_xlabel("rank (share)", fontsize=8)
        _name_lines(axes[0])
        finish(figure, axes[: 2 * len(table)], result.attrs, title=_title(result, done, kind))
    return figure


def _name_lines(axis: Axes) -> None:
    """Add the lines of both panels to the legend."""
    axis.plot([], [], color=LINE, label="left: ECDF of ranks minus uniform")
    axis.plot([], [], color=LINE, label="right: ECDF of the averaged posterior")
    axis.plot([], [], color=COLOURS[1], label="rejected")


def _title(result: xr.Dataset, done: xr.Dataset, kind: str) -> str:
    count = f"{done.sizes['replicate']} of {result.sizes['replicate']} replicates"
    return f"{result.attrs['model']}: {count} from the {kind}"


def _band(done: xr.Dataset, level: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return points and the simultaneous band around zero for all quantities."""
    count, quantities = done.sizes["replicate"], done.sizes[PARAMETER_DIM]
    middle = (np.arange(count) + 0.5) / count
    x, _, low, high = ecdf_pit(  # type: ignore[no-untyped-call]
        middle, 1 - level / quantities, n_simulations=4000
    )
    return x, low - x, high - x


def _draw_ranks(
    axis: Axes, pit: FloatArray, band: tuple[FloatArray, FloatArray, FloatArray], colour: str
) -> None:
    x, low, high = band
    axis.fill_between(x, low, high, color=BAND, alpha=0.5, linewidth=0, step="mid",
                      label="band of uniform ranks")  # fmt: skip
    grid = np.linspace(0, 1, 201)
    ecdf = np.searchsorted(np.sort(pit), grid, side="right") / pit.size
    axis.plot(
        grid,
        ecdf - grid,
        color=colour,
        linewidth=1.2,
    )
    axis.axhline(0, color=GREY, linewidth=0.6)
    axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axis.tick_params(labelsize=7)


def _draw_averaged(axis: Axes, one: xr.Dataset, colour: str, kind: str) -> None:
    truth = np.sort(one["truth"].to_numpy())
    pooled = np.sort(one["draws"].to_numpy().ravel())
    axis.step(truth, np.arange(1, truth.size + 1) / truth.size, color=GREY, linewidth=2.2,
              label=f"right: ECDF of the {kind}")  # fmt: skip
    axis.plot(pooled, np.arange(1, pooled.size + 1) / pooled.size, color=colour, linewidth=1.1)
    low, high = np.quantile(np.concatenate([truth, pooled]), [0.005, 0.995])
    axis.set_xlim(low, high)
    axis.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axis.locator_params(axis="x", nbins=4)
    axis.tick_params(labelsize=7)
