"""Fits of the library's models to their studies, with tables, pictures and report of each.

``python -m examples.case_studies [NAME ...]`` writes ``reports/<NAME>``. An existing fit with the
same model, study and settings is used again.
"""

import logging
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from examples.case_studies.cases import CASES, Budget, Case, Quantity, published_estimates
from examples.case_studies.estimates import plot_estimates, secondary_values
from pkqsp_bayes.analysis.predictive.individual_curves import individual_curves
from pkqsp_bayes.analysis.predictive.vpc import vpc
from pkqsp_bayes.analysis.uncertainty.variance_budget import variance_budget
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.fitting.results.quantities import population_quantities
from pkqsp_bayes.fitting.results.summarise import summary_table
from pkqsp_bayes.fitting.sampling.chains import seconds_of
from pkqsp_bayes.fitting.sampling.fit import fit
from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.library import load_model
from pkqsp_bayes.plots.fits import plot_fits
from pkqsp_bayes.plots.style import save_figure
from pkqsp_bayes.plots.vpc import plot_vpc
from pkqsp_bayes.reporting import page
from pkqsp_bayes.reporting.budget import write_budget
from pkqsp_bayes.reporting.report_context import ReportOptions
from pkqsp_bayes.spec.labels import PARAMETER_DIM
from pkqsp_bayes.study import load_dataset
from pkqsp_bayes.study.simulated import Dose
from pkqsp_bayes.study.study import Study

__all__ = ["compare_estimates", "run_case", "write_case"]

_REFERENCE_WEIGHT = 70.0
_OURS = "this model"


def run_case(name: str, folder: Path) -> xr.DataTree:
    """Fit one of `examples.case_studies.cases.CASES` and write its report.

    Parameters
    ----------
    name : str
        Name of the case.
    folder : Path
        Folder of the report; the fit is in its subfolder ``fit``.
    """
    case = CASES[name]
    study = load_dataset(case.study)
    tree = _fit(case, study, folder / "fit")
    claim = Path(__file__).parents[1] / "claims" / f"{name}.toml"
    if claim.exists():
        shutil.copy(claim, folder / "fit" / "claim.toml")
    write_case(case, tree, study, folder)
    return tree


def _fit(case: Case, study: Study, folder: Path) -> xr.DataTree:
    model = load_model(case.model)
    try:
        return fit(model, study, folder, resume=True)
    except CheckError:  # the existing fit has another model, study or setting
        shutil.rmtree(folder)
        return fit(model, study, folder)


def write_case(
    case: Case,
    tree: xr.DataTree,
    study: Study,
    folder: Path,
    *,
    report: ReportOptions | None = None,
) -> None:
    """Write the tables and pictures of a fit.

    ``summary.csv``, ``comparison.csv``, ``fits_<endpoint>.png``, ``check_<endpoint>.png``,
    ``estimates.png``, ``budget_<output>.csv`` and ``.png`` if the case has budgets, ``README.md``
    with all of them, and the HTML report ``report.html``.

    Parameters
    ----------
    case : Case
        The case study.
    tree : xarray.DataTree
        The fit.
    study : Study
        The study.
    folder : Path
        Folder for the files.
    report : ReportOptions, optional
        Numbers of draws and subjects of the report.
    """
    summary, comparison = summary_table(tree), compare_estimates(case, tree)
    summary.to_csv(folder / "summary.csv", float_format="%.5g")
    comparison.to_csv(folder / "comparison.csv", index=False, float_format="%.5g")
    save_figure(plot_estimates(comparison), folder / "estimates.png")
    curves = individual_curves(tree, study, subjects=len(study.subjects))
    p_values = {}
    for name, endpoint in case.endpoints.items():
        save_figure(plot_fits(curves, endpoint=name, log=endpoint.log), folder / f"fits_{name}.png")
        check = vpc(tree, study, endpoint=name, bins=endpoint.bins)
        save_figure(plot_vpc(check, log=endpoint.log), folder / f"check_{name}.png")
        p_values[name] = float(check["p_value"].item())
    for name, budget in case.budgets.items():
        _write_budget(case, tree, name, budget, folder)
    text = _page(case, tree, study, folder, summary, comparison, p_values)
    (folder / "README.md").write_text(text)
    page.report(tree, folder, fitted_in=folder / "fit", study=study, options=report)


def _write_budget(case: Case, tree: xr.DataTree, name: str, chosen: Budget, folder: Path) -> None:
    first, last, step = chosen.hours
    budget = variance_budget(
        tree,
        output=name,
        times=np.arange(first, last + step / 2, step),
        regimen=Dose(amount=chosen.amount),
        covariates=case.covariates,
        outer=chosen.outer,
    )
    write_budget(budget, folder, quantity=case.endpoints[name].quantity)


def compare_estimates(case: Case, tree: xr.DataTree) -> pd.DataFrame:
    """Compare the posterior of some quantities with published estimates.

    Parameters
    ----------
    case : Case
        The case study, with its quantities and its published study.
    tree : xarray.DataTree
        The fit.

    Returns
    -------
    pandas.DataFrame
        ``quantity``, ``unit``, ``source``, ``value`` (of this package: posterior mean), ``low``,
        ``high`` (90 % interval), ``sd``, ``ess``. If the source reports a posterior, ``z`` is the
        difference in combined Monte Carlo standard errors, and ``sd_ratio`` is the SD of this
        package divided by that of the source.
    """
    ours = summary_table(xr.DataTree.from_dict({"posterior": _quantities(case, tree)}))
    ours = ours.rename(columns={"mean": "value", "q5": "low", "q95": "high", "ess_bulk": "ess"})
    ours = ours.rename_axis("quantity").reset_index().assign(source=_OURS)
    table = pd.concat([ours, published_estimates(case.study)], ignore_index=True)
    table = table[table["quantity"].isin(case.quantities)]
    table["unit"] = [case.quantities[q].unit for q in table["quantity"]]
    mine = ours.set_index("quantity").reindex(table["quantity"])
    theirs = table["source"] != _OURS
    error = np.hypot(_error(mine), _error(table))
    difference = np.abs(mine["value"].to_numpy() - table["value"].to_numpy())
    known = theirs & (error > 0)
    table["z"] = np.where(known, difference / np.where(known, error, 1.0), np.nan)
    table["sd_ratio"] = mine["sd"].to_numpy() / table["sd"].where(theirs)
    order = {name: i for i, name in enumerate(case.quantities)}
    table = table.sort_values("quantity", key=lambda column: column.map(order), kind="stable")
    names = ["quantity", "unit", "source", "value", "low", "high", "sd", "ess", "z", "sd_ratio"]
    return table[names].reset_index(drop=True)


def _error(table: pd.DataFrame) -> np.ndarray:
    error: np.ndarray = (table["sd"] / np.sqrt(table["ess"])).to_numpy()
    return error


def _quantities(case: Case, tree: xr.DataTree) -> xr.Dataset:
    posterior = tree["posterior"].to_dataset()
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    stated = population_quantities(posterior, ["chain", "draw"])
    names = stated[PARAMETER_DIM].to_numpy()
    values = {str(name): stated.sel({PARAMETER_DIM: name}).to_numpy() for name in names}
    secondary = secondary_values(tree, dict(case.covariates))
    values |= {name: draws.reshape(shape) for name, draws in secondary.items()}
    return xr.Dataset(
        {name: (("chain", "draw"), _in_form(values[q.of], q)) for name, q in
         case.quantities.items()}
    )  # fmt: skip


def _in_form(values: np.ndarray, quantity: Quantity) -> np.ndarray:
    match quantity.form:
        case "cv":
            return 100 * np.sqrt(np.expm1(values**2))
        case "per_kg":
            return values / _REFERENCE_WEIGHT
        case _:
            return values


def _page(
    case: Case,
    tree: xr.DataTree,
    study: Study,
    folder: Path,
    summary: pd.DataFrame,
    comparison: pd.DataFrame,
    p_values: dict[str, float],
) -> str:
    model, stats = load_model(case.model), tree["sample_stats"]
    settings, varying = FitSettings(), summary[summary["sd"] > 0]
    pictures = [
        f"![{kind} of {name}]({kind}_{name}.png)"
        for name in case.endpoints
        for kind in ("fits", "check")
    ]
    budgets = [f"![variance budget of {name}](budget_{name}.png)" for name in case.budgets]
    checks = "; ".join(f"{name} {p:.2f}" for name, p in p_values.items())
    return "\n\n".join([
        f"# {model.title}",
        f"Model `{case.model}`, study `{case.study}` ({len(study.subjects)} subjects, "
        f"{tree['observed_data'].sizes['observation']} observations). Made by "
        "`make reports`; interpretation: "
        f"[docs/models/{case.model}.md](../../docs/models/{case.model}.md).",
        f"Default settings: {settings.chains} chains of {settings.warmup} warm-up iterations and "
        f"{settings.draws} draws; {_chain_seconds(folder / 'fit'):.0f} s of sampling per chain; "
        f"{float(stats['n_steps'].mean()):.0f} leapfrog steps per draw; "
        f"{int(stats['diverging'].sum())} divergences; R-hat at most "
        f"{varying['r_hat'].max():.4f}; ESS at least {varying['ess_bulk'].min():.0f} (bulk), "
        f"{varying['ess_tail'].min():.0f} (tail). Predictive check, p: {checks} (in the bins of "
        "the picture below; the report has its own bins and replicates).",
        "The HTML report: [report.html](report.html).",
        "## Comparison with published estimates",
        _markdown(_wide(comparison)),
        "![estimates](estimates.png)",
        "## Parameters",
        _markdown(summary.reset_index()),
        "## Fits and predictive checks",
        *pictures,
        *(["## Variance budget of one dose", *budgets] if budgets else []),
    ]) + "\n"  # fmt: skip


def _chain_seconds(folder: Path) -> float:
    """Return the mean wall time of the chains."""
    found = [seconds_of(file) for file in folder.glob("chain_*.csv")]
    return float(np.mean(found)) if found else float("nan")


def _wide(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return one row per quantity and one column per source."""
    rows = []
    for quantity, group in comparison.groupby("quantity", sort=False):
        unit = f" ({group['unit'].iloc[0]})" if group["unit"].iloc[0] else ""
        row = {"quantity": f"{quantity}{unit}"}
        for one in group.to_dict("records"):
            has_interval = not np.isnan(one["low"])
            interval = f" ({_short(one['low'])} to {_short(one['high'])})" if has_interval else ""
            row[str(one["source"])] = f"{_short(one['value'])}{interval}"
        known = group["z"].notna()
        if known.any():
            row["z"] = f"{group.loc[known, 'z'].iloc[0]:.1f}"
            row["SD ratio"] = f"{group.loc[known, 'sd_ratio'].iloc[0]:.2f}"
        rows.append(row)
    return pd.DataFrame(rows).fillna("")


def _short(value: float) -> str:
    """Return three significant digits, without an exponent."""
    return f"{float(f'{value:.3g}'):g}"


def _markdown(table: pd.DataFrame) -> str:
    def text(value: object) -> str:
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    lines = [list(map(str, table.columns)), ["---"] * table.shape[1]]
    lines += [[text(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Run the cases that are named on the command line, or all."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    for name in sys.argv[1:] or CASES:
        run_case(name, Path("reports") / name)
        sys.stdout.write(f"reports/{name}\n")


if __name__ == "__main__":
    main()
