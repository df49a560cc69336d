"""``make demo``: the theophylline PBPK model of the library, fitted to the bundled study.

``python -m examples.demo FOLDER`` writes a picture of the fits and a table of the parameters
beside the fit itself, then the variance budget of a dose and the page for a reviewer.
"""

import logging
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pkqsp_bayes.analysis.predictive.individual_curves import individual_curves
from pkqsp_bayes.fitting.results.fit_argument import open_fit
from pkqsp_bayes.fitting.results.summarise import summary_table
from pkqsp_bayes.fitting.sampling.fit import fit
from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.library import load_model
from pkqsp_bayes.plots.fits import plot_fits
from pkqsp_bayes.plots.style import save_figure
from pkqsp_bayes.program.bind import BindOptions
from pkqsp_bayes.study import load_dataset
from pkqsp_bayes.study.simulated import Dose

__all__ = ["main", "run_demo"]

_SETTINGS = FitSettings(chains=4, warmup=300, draws=500, seed=20240527, adapt_delta=0.9)
# Eleven concentrations a subject say little of how Kp differs between subjects: its SD reaches down
# to 0, where a centred effect has a funnel that no step size suits.
_OPTIONS = BindOptions(centred={"Kp": False})


def run_demo(folder: Path, *, settings: FitSettings = _SETTINGS) -> pd.DataFrame:
    """Fit the study; write ``fits.png`` beside what `fit` writes.

    Parameters
    ----------
    folder : Path
        Where the results go; a demo that is there already is replaced.
    settings : FitSettings
        Chains and iterations.

    Returns
    -------
    pandas.DataFrame
        Summary of the population parameters: mean, sd, 90 % interval, ESS, R-hat.
    """
    if (folder / "manifest.json").exists():
        shutil.rmtree(folder)
    model, study = load_model("theophylline"), load_dataset("theophylline")
    tree = fit(model, study, folder, settings=settings, options=_OPTIONS)
    curves = individual_curves(tree, study)
    save_figure(plot_fits(curves), folder / "fits.png")
    return summary_table(tree)


def _answer(folder: Path) -> None:
    """Draw who carries how much of a concentration over the day of a dose; write the page."""
    # Not at the top: they take as long to import as the picture of fits, which shall not wait.
    from pkqsp_bayes.analysis.uncertainty.variance_budget import variance_budget
    from pkqsp_bayes.plots.budget import plot_budget
    from pkqsp_bayes.reporting.page import report

    fitted = open_fit(folder)
    budget = variance_budget(
        fitted, output="cp", times=np.linspace(0, 24, 41)[1:], regimen=Dose(amount=320.0)
    )
    figure = plot_budget(budget, quantity="theophylline (mg/L)")
    save_figure(figure, folder / "budget.png")
    sys.stdout.write(f"{folder / 'budget.png'}\n{report(fitted, folder)}\n")


def main() -> None:
    """Run the demo into the folder that the command line names."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    # With a handler of ours cmdstanpy leaves its logger as it is.
    logging.getLogger("cmdstanpy").addHandler(logging.NullHandler())
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "reports/demo")
    summary = run_demo(folder)
    sys.stdout.write(f"{summary.to_string(float_format='%.3g')}\n\n{folder / 'fits.png'}\n")
    sys.stdout.flush()
    _answer(folder)


if __name__ == "__main__":
    main()
