"""``make demo``: the theophylline PBPK model of the library, fitted to the bundled study.

``python -m examples.demo FOLDER`` writes the fit, a picture of the individual fits and a table of
the parameters, then the variance budget of a dose and the HTML report.
"""

import logging
import shutil
import sys
from pathlib import Path

import numpy as np

from pkqsp_bayes.analysis.predictive.individual_curves import individual_curves
from pkqsp_bayes.fitting.results.fit_argument import open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.summarise import summary_table
from pkqsp_bayes.fitting.sampling.fit import fit
from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.library import load_model
from pkqsp_bayes.plots.fits import plot_fits
from pkqsp_bayes.plots.style import save_figure
from pkqsp_bayes.study import load_dataset
from pkqsp_bayes.study.simulated import Dose

__all__ = ["main", "run_demo"]

_SETTINGS = FitSettings(chains=4, warmup=400, draws=750, seed=20240527, adapt_delta=0.9)


def run_demo(folder: Path, *, settings: FitSettings = _SETTINGS) -> FittedModel:
    """Fit the study, and write ``fits.png`` in addition to the files of `fit`.

    Parameters
    ----------
    folder : Path
        Folder for the results; an earlier demo in it is replaced.
    settings : FitSettings
        Chains and iterations.

    Returns
    -------
    FittedModel
        The fit, with its summary and its individual curves.
    """
    if (folder / "manifest.json").exists():
        shutil.rmtree(folder)
    model, study = load_model("theophylline"), load_dataset("theophylline")
    fit(model, study, folder, settings=settings)
    fitted = open_fit(folder)
    save_figure(plot_fits(individual_curves(fitted)), folder / "fits.png")
    return fitted


def _write_report(fitted: FittedModel, folder: Path) -> None:
    """Plot the variance budget over one day after a dose; write the report, with a filled claim."""
    # Imported here, so that these modules do not delay the picture of the fits.
    from pkqsp_bayes.analysis.uncertainty.variance_budget import variance_budget
    from pkqsp_bayes.plots.budget import plot_budget
    from pkqsp_bayes.reporting.page import report

    claim = Path(__file__).with_name("claims") / "theophylline.toml"
    shutil.copy(claim, folder / "claim.toml")
    budget = variance_budget(
        fitted, output="cp", times=np.linspace(0, 24, 41)[1:], regimen=Dose(amount=320.0)
    )
    figure = plot_budget(budget, quantity="theophylline (mg/L)")
    save_figure(figure, folder / "budget.png")
    sys.stdout.write(f"{folder / 'budget.png'}\n{report(fitted, folder)}\n")


def main() -> None:
    """Run the demo with the output folder of the command line."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    # If its logger has a handler, cmdstanpy does not change it.
    logging.getLogger("cmdstanpy").addHandler(logging.NullHandler())
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "reports/demo")
    fitted = run_demo(folder)
    summary = summary_table(fitted)
    sys.stdout.write(f"{summary.to_string(float_format='%.3g')}\n\n{folder / 'fits.png'}\n")
    sys.stdout.flush()
    _write_report(fitted, folder)


if __name__ == "__main__":
    main()
