"""Simulated studies, fits, and the results in ``docs/models``.

``python -m examples.gallery [NAME ...]`` simulates 24 subjects with known parameters, fits the
model, and writes pictures and a section of the model's page.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from examples.gallery.designs import DESIGNS, planned_study
from pkqsp_bayes.analysis.predictive.individual_curves import individual_curves
from pkqsp_bayes.analysis.predictive.vpc import vpc
from pkqsp_bayes.engine.simulate import simulate
from pkqsp_bayes.fitting.results.fit_argument import open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.summarise import summary_table
from pkqsp_bayes.fitting.sampling.fit import fit
from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.library import load_model
from pkqsp_bayes.plots.fits import plot_fits
from pkqsp_bayes.plots.style import save_figure
from pkqsp_bayes.plots.vpc import plot_vpc
from pkqsp_bayes.reporting.section import span
from pkqsp_bayes.spec.effects import typical_value
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

__all__ = [
    "OMEGA",
    "SIGMA",
    "SimulatedStudy",
    "main",
    "simulated_study",
    "stated_values",
    "write_entry",
]

OMEGA, SIGMA, _SEED = 0.3, 0.1, 20260115
PAGES = Path(__file__).parents[2] / "docs" / "models"
_SETTINGS = {
    "priors": "The fit has the default settings",
    "estimate": "The chains begin at the population estimates (`--begin estimate`), because some "
    "of those that begin at the priors stay at a false mode of one subject's random effects",
}
_SECTION = re.compile(r"<!-- fit -->\n.*?<!-- end of fit -->\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SimulatedStudy:
    """A study and what was drawn for it.

    Parameters
    ----------
    study : Study
        The study with its observations.
    drawn : mapping of str to float
        By label of the parameter: root mean square of the drawn random effects or errors.
    """

    study: Study
    drawn: Mapping[str, float]


def simulated_study(name: str) -> SimulatedStudy:
    """Return a study with random effects and residual errors of a fixed seed.

    The random effects are log-normal with SD 0.3, and the errors are proportional with SD 0.1
    (log-normal for IL-6).

    Parameters
    ----------
    name : str
        Name of a library model.
    """
    model, plan, rng = load_model(name), planned_study(name), np.random.default_rng(_SEED)
    typical = simulate(model, plan).individual
    values, drawn = typical.to_pandas(), {}
    for parameter, stated in model.population.parameters.items():
        if stated.iiv is not None:
            effects = OMEGA * rng.normal(size=len(values))
            values[parameter] *= np.exp(effects)
            drawn[f"omega[{parameter}]"] = _root_mean_square(effects)
    solved = simulate(model, plan, parameters=values.rename_axis("ID").reset_index())
    study, errors = _observed(model, plan, solved, rng)
    return SimulatedStudy(study, drawn | errors)


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _observed(
    model: ModelSpec, plan: Study, solved: xr.Dataset, rng: np.random.Generator
) -> tuple[Study, dict[str, float]]:
    table, drawn = plan.table.copy(), {}
    outputs = [key for key, observed in model.observe.items() if observed.error is not None]
    for output in outputs:
        rows = (table["EVID"] == 0) & ((table["DVID"] == output) | (len(outputs) == 1))
        exact = solved[output].to_numpy()[rows.to_numpy()]
        error = model.observe[output].error
        noise = SIGMA * rng.normal(size=exact.size)
        is_log = error is not None and error.form == "lognormal"
        table.loc[rows, "DV"] = exact * (np.exp(noise) if is_log else 1 + noise)
        table.loc[rows, "MDV"] = 0
        drawn[f"sigma[{output}]"] = _root_mean_square(noise)
    study = Study(table=table, source=f"simulated from {model.title}", units=plan.units,
                  covariates=plan.covariates)  # fmt: skip
    return study, drawn


def stated_values(model: ModelSpec) -> Mapping[str, float]:
    """Return the values of the simulation by label of the parameter.

    Parameters
    ----------
    model : ModelSpec
        A library model.
    """
    found = {}
    for name, stated in model.population.parameters.items():
        found[name] = typical_value(stated) or 0.0
        if stated.iiv is not None:
            found[f"omega[{name}]"] = OMEGA
    found |= {f"sigma[{n}]": SIGMA for n, o in model.observe.items() if o.error is not None}
    return found


def write_entry(name: str, folder: Path) -> FittedModel:
    """Fit a model, and write its pictures and the section of its page.

    Parameters
    ----------
    name : str
        Name of a library model.
    folder : Path
        Folder of the fit.
    """
    model, simulated = load_model(name), simulated_study(name)
    settings = FitSettings(begin=DESIGNS[name].begin)
    resume = (folder / "manifest.json").exists()
    fit(model, simulated.study, folder, settings=settings, resume=resume)
    fitted = open_fit(folder)
    images = PAGES / "img"
    images.mkdir(exist_ok=True)
    endpoints = [key for key, observed in model.observe.items() if observed.error is not None]
    curves = individual_curves(fitted, subjects=6)
    for endpoint in endpoints:
        log = name != "myelosuppression"  # baseline, nadir and recovery on a linear axis
        place = f"{name}_{endpoint}"
        save_figure(plot_fits(curves, endpoint=endpoint, log=log), images / f"{place}_fits.png")
        by = DESIGNS[name].stratify
        check = vpc(fitted, simulated.study, endpoint=endpoint, stratify=by)
        save_figure(plot_vpc(check, log=log), images / f"{place}_vpc.png")
    page = PAGES / f"{name}.md"
    section = _section(name, fitted, endpoints, simulated.drawn)
    page.write_text(_with_section(page.read_text(), section))
    return fitted


def _section(
    name: str, fitted: FittedModel, endpoints: list[str], drawn: Mapping[str, float]
) -> str:
    model, design = fitted.spec, DESIGNS[name]
    table = summary_table(fitted)
    table = table[table["sd"] > 0]
    true = stated_values(model)
    inside = sum(one["q5"] <= true[str(n)] <= one["q95"] for n, one in table.iterrows())
    rows = [
        f"| {label} | {true[str(label)]:.3g} | {_shown(drawn.get(str(label)))} "
        f"| {one['mean']:.3g} | {span(one['q5'], one['q95'])} |"
        for label, one in table.iterrows()
    ]
    diverging = int(fitted.tree["sample_stats"]["diverging"].sum())
    pictures = [
        f"![{what} of {endpoint}](img/{name}_{endpoint}_{kind}.png)"
        for endpoint in endpoints
        for kind, what in (("fits", "Individual fits"), ("vpc", "Visual predictive check"))
    ]
    return "\n".join(
        [
            "## A fit",
            "",
            f"{design.subjects} subjects are simulated with the typical values of the file, random "
            f"effects of SD {OMEGA} and residual errors of SD {SIGMA}: {design.text}. "
            f"{_SETTINGS[design.begin]}: R-hat at most {table['r_hat'].max():.3f}, "
            f"{diverging} divergences. "
            f"{inside} of {len(rows)} intervals of 90 % contain the value of the simulation. "
            "The column *drawn* has the SD of the random effects and of the errors that chance "
            "gave to this study.",
            "",
            f"`python -m examples.gallery {name}` makes the study, the fit and this section.",
            "",
            "| parameter | simulated | drawn | mean | 90 % interval |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *pictures,
            "",
        ]
    )


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _with_section(text: str, section: str) -> str:
    """Return a page with the section in its place, or before the code."""
    marked = f"<!-- fit -->\n{section}<!-- end of fit -->\n"
    if _SECTION.search(text):
        return _SECTION.sub(lambda _: marked, text)
    return text.replace("## Code\n", f"{marked}\n## Code\n", 1)


def main() -> None:
    """Fit the models that the command line names; all by default."""
    for name in sys.argv[1:] or DESIGNS:
        fitted = write_entry(name, Path("reports") / "gallery" / name / "fit")
        worst = float(summary_table(fitted)["r_hat"].max())
        sys.stdout.write(f"{name}: R-hat at most {worst:.3f}\n")


if __name__ == "__main__":
    main()
