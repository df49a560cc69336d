"""The picture of `docs/first_order.png`: where the first-order variance budget fails.

Run ``python -m tests.analysis.first_order_picture OUT.png``.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.analysis.uncertainty.variance_budget import variance_budget
from pkqsp_bayes.plots.style import COLOURS, OBSERVED, new_figure, save_figure
from tests.analysis.test_variability import DOSE, TIMES, posterior

__all__ = ["Ratios", "closed_form", "draw", "ratios"]

FloatArray = NDArray[np.float64]

OMEGAS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
OUTER, INNER = 200, 2000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ratios:
    """First-order over Monte Carlo variance between subjects, at each omega, with its error.

    Parameters
    ----------
    omega, value, error : (n,) array
        Standard deviation of log V; the ratio of a concentration's variances; its Monte Carlo
        error.
    """

    omega: FloatArray
    value: FloatArray
    error: FloatArray


def closed_form(omega: FloatArray) -> FloatArray:
    """Return omega^2 over the variance of a log-normal variable of median 1."""
    ratio: FloatArray = omega**2 / (np.expm1(omega**2) * np.exp(omega**2))
    return ratio


def ratios(omegas: tuple[float, ...] = OMEGAS) -> Ratios:
    """Compute the budget at each omega, with parameters that are all but known."""
    found = []
    for omega in omegas:
        tree = posterior(tau=(1e-3, 1e-5), omega=(omega, 1e-6))
        budget = variance_budget(
            tree, output="cp", times=TIMES[:2], regimen=DOSE, outer=OUTER, inner=INNER, seed=5
        )
        part = budget.sel(scale="natural", view="latent", component="between_subject")
        value = float(part.first_order_ratio[0])
        found.append((value, value * float(part.error[0] / part.variance[0])))
    value, error = np.array(found).T
    return Ratios(omega=np.array(omegas), value=value, error=error)


def draw(figure: Figure, found: Ratios) -> None:
    """Draw the ratios over the closed form, and below what lies between them."""
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    fine = np.linspace(1e-3, 0.95, 200)
    above.axhline(1, color=OBSERVED, linewidth=0.8, linestyle=":")
    above.plot(fine, closed_form(fine), color=COLOURS[0], label="closed form")
    above.plot(found.omega, found.value, "o", color=COLOURS[1], label="pq.variance_budget")
    above.set_ylabel("first-order variance\n/ Monte Carlo variance")
    above.set_ylim(0, 1.1)
    above.legend(loc="lower left")
    below.axhline(0, color=COLOURS[0])
    exact = closed_form(found.omega)
    below.errorbar(
        found.omega, 100 * (found.value / exact - 1), 200 * found.error / exact,
        color=COLOURS[1], linestyle="none", marker="o", markersize=4, capsize=2,
    )  # fmt: skip
    below.set_ylabel("apart (%),\n± 2 SE")
    below.set_xlabel("omega: standard deviation of log V between subjects")
    below.set_xlim(0, 0.95)
    figure.align_ylabels()


def main(path: Path) -> None:
    """Compute and write the picture."""
    with new_figure(width=5.5, height=4.2) as figure:
        draw(figure, ratios())
    save_figure(figure, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
