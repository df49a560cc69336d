"""``make demo``: a small hierarchical ODE model of the bundled theophylline study.

``python -m pkqsp_bayes.demo FOLDER`` compiles ``stan/programs/demo_theophylline.stan``, samples
through cmdstanpy, and writes a picture of the fits and a table of the parameters.
"""

import logging
import sys
from pathlib import Path
from typing import Any

import arviz as az
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pkqsp_bayes.assets import data_folder, stan_folder
from pkqsp_bayes.engine.compile import load_program

__all__ = ["main", "run_demo"]

_LOGGER = logging.getLogger(__name__)
_PARAMETERS = ("log_CL", "log_ka", "log_ke", "omega", "sigma")
_BAND, _LINE = "#88bbdd", "#0b4f6c"


def run_demo(
    folder: Path, *, warmup: int = 400, draws: int = 500, seed: int = 20240527
) -> pd.DataFrame:
    """Fit the study; write ``fits.png``, ``parameters.csv`` and ``fit.nc``.

    Parameters
    ----------
    folder : Path
        Where the results go; made if need be.
    warmup, draws : int
        Iterations of each of four chains.
    seed : int
        Seed of the sampler.

    Returns
    -------
    pandas.DataFrame
        Summary of the population parameters: mean, sd, 90 % interval, ESS, R-hat.
    """
    table = _observations()
    code = (stan_folder() / "programs" / "demo_theophylline.stan").read_text()
    model = load_program(code, name="demo_theophylline")
    _LOGGER.warning("sampling: 4 chains of %d + %d iterations", warmup, draws)
    fit = model.sample(
        data=_stan_data(table),
        chains=4,
        iter_warmup=warmup,
        iter_sampling=draws,
        seed=seed,
        inits=0.5,
        show_progress=False,
    )
    coords = {"subject": table.ID.unique(), "effect": ["CL", "ka"]}
    dims = {"CL": ["subject"], "ka": ["subject"], "omega": ["effect"], "z": ["effect", "subject"]}
    tree = az.from_cmdstanpy(fit, coords=coords, dims=dims)
    summary: pd.DataFrame = az.summary(
        tree, var_names=list(_PARAMETERS), ci_prob=0.9, round_to="none"
    )
    folder.mkdir(parents=True, exist_ok=True)
    summary.to_csv(folder / "parameters.csv", float_format="%.5g")
    tree.to_netcdf(folder / "fit.nc", engine="h5netcdf")
    _draw_fits(table, tree, folder / "fits.png")
    return summary


def _observations() -> pd.DataFrame:
    """Return the samples after the dose; the one at time 0 was drawn before it."""
    table = pd.read_csv(data_folder() / "theophylline" / "study.csv", na_values=".")
    doses = table[table.EVID == 1].set_index("ID")
    table = table[(table.EVID == 0) & (table.TIME > 0)].reset_index(drop=True)
    return table.assign(DOSE=table.ID.map(doses.AMT / doses.WT))


def _stan_data(table: pd.DataFrame) -> dict[str, Any]:
    groups = [group.index for _, group in table.groupby("ID", sort=False)]
    return {
        "subjects": len(groups),
        "n": len(table),
        "first": [int(rows[0]) + 1 for rows in groups],
        "last": [int(rows[-1]) + 1 for rows in groups],
        "dose": table.groupby("ID", sort=False).DOSE.first().tolist(),
        "time": table.TIME.tolist(),
        "concentration": table.DV.tolist(),
    }


def _draw_fits(table: pd.DataFrame, tree: Any, path: Path) -> None:
    posterior = tree.posterior
    known = posterior["prediction"].to_numpy().reshape(-1, len(table))
    observed = posterior["replicate"].to_numpy().reshape(-1, len(table))
    figure, axes = plt.subplots(3, 4, figsize=(11, 7.5), sharex=True, sharey=True)
    for axis, (subject, group) in zip(axes.flat, table.groupby("ID", sort=False), strict=True):
        rows = group.index.to_numpy()
        low, high = np.quantile(observed[:, rows], [0.05, 0.95], axis=0)
        axis.fill_between(group.TIME, low, high, color=_BAND, alpha=0.4, linewidth=0)
        low, high = np.quantile(known[:, rows], [0.05, 0.95], axis=0)
        axis.fill_between(group.TIME, low, high, color=_BAND, linewidth=0)
        axis.plot(group.TIME, np.median(known[:, rows], axis=0), color=_LINE)
        axis.plot(group.TIME, group.DV, "o", color="black", markersize=3.5)
        axis.set_title(f"subject {subject}", fontsize=9)
    figure.supxlabel("time after the dose (h)")
    figure.supylabel("theophylline in serum (mg/L)")
    figure.suptitle("Posterior median, 90 % of the curve (dark), 90 % of samples (light)")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Run the demo into the folder that the command line names."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    # With a handler of ours cmdstanpy leaves its logger as it is.
    logging.getLogger("cmdstanpy").addHandler(logging.NullHandler())
    mpl.use("agg")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "reports/demo")
    summary = run_demo(folder)
    sys.stdout.write(f"{summary.to_string(float_format='%.3g')}\n\n{folder / 'fits.png'}\n")


if __name__ == "__main__":
    main()
