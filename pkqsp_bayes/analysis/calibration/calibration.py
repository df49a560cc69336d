"""Tests of a simulation-based calibration: uniform ranks, data-averaged posteriors."""

import arviz_stats  # noqa: F401 - registers the accessor
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from pkqsp_bayes.arguments import LEVEL, checked
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.results.fit_argument import CALIBRATION
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.labels import PARAMETER_DIM, current_label

__all__ = ["calibration_issues", "calibration_table", "finished"]

FloatArray = NDArray[np.float64]

_BINS = 10
_LEAST = 20


def finished(result: xr.Dataset) -> xr.Dataset:
    """Return the replicates whose fits finished, with the labels of this version."""
    if "quantity" in result.dims:  # results of earlier versions
        labels = [current_label(str(name)) for name in result["quantity"].to_numpy()]
        result = result.assign_coords(quantity=labels).rename(quantity=PARAMETER_DIM)
    return result.isel(replicate=(result["status"] == "ok").to_numpy())


@checked(result=CALIBRATION, level=LEVEL)
def calibration_table(result: xr.Dataset, *, level: float = 0.05) -> pd.DataFrame:
    """Test the calibration of each quantity.

    Parameters
    ----------
    result : xarray.Dataset
        Result of `pkqsp_bayes.sbc`.
    level : float
        Probability that at least one quantity is rejected although everything is correct.

    Returns
    -------
    pandas.DataFrame
        By parameter: ``p_uniform`` (ArviZ's test of the PIT values: Tesso et al. 2026,
        arXiv:2603.02928), ``p_chi2`` (of the ranks in ten bins), ``rejected`` (whether one of the
        two is below ``level`` after Holm's correction for all tests); ``bias`` (mean of posterior
        mean minus truth, in its standard errors), ``spread`` (root mean square of this difference
        divided by the posterior sd; expected: 1), ``contraction`` (1 minus posterior over prior
        variance); mean and sd of the prior, and of the posterior averaged over the data, which must
        equal the prior (Geweke 2004, J Am Stat Assoc 99:799).
    """
    done = finished(result)
    pit = done["pit"].transpose("replicate", PARAMETER_DIM).to_numpy()
    gap = (done["mean"] - done["truth"]).to_numpy()
    sd, truth = done["sd"].to_numpy(), done["truth"].to_numpy()
    averaged = done["draws"].stack(all=("replicate", "draw")).transpose(PARAMETER_DIM, "all")
    tests = np.array([[_uniform(values), _chi2(values)] for values in pit.T])
    count = len(pit)
    return pd.DataFrame(
        {
            "p_uniform": tests[:, 0],
            "p_chi2": tests[:, 1],
            "rejected": _holm(tests.ravel(), level).reshape(tests.shape).any(axis=1),
            "bias": gap.mean(axis=0) / (gap.std(axis=0, ddof=1) / np.sqrt(count)),
            "spread": np.sqrt(np.mean((gap / sd) ** 2, axis=0)),
            "contraction": 1 - np.mean(sd**2, axis=0) / truth.var(axis=0, ddof=1),
            "prior_mean": truth.mean(axis=0),
            "averaged_mean": averaged.mean("all").to_numpy(),
            "prior_sd": truth.std(axis=0, ddof=1),
            "averaged_sd": averaged.std("all").to_numpy(),
        },
        index=pd.Index(done[PARAMETER_DIM].to_numpy(), name=PARAMETER_DIM),
    )


@checked(result=CALIBRATION, level=LEVEL)
def calibration_issues(result: xr.Dataset, *, level: float = 0.05) -> list[Issue]:
    """Return the problems of a calibration; empty if there are none.

    Parameters
    ----------
    result : xarray.Dataset
        Result of `pkqsp_bayes.sbc`.
    level : float
        As in `calibration_table`.
    """
    done = finished(result)
    total, count = result.sizes["replicate"], done.sizes["replicate"]
    issues = []
    if count < total:
        reasons = pd.Series(result["status"].to_numpy()[result["status"] != "ok"]).value_counts()
        listed = "; ".join(f"{n} x {reason}" for reason, n in reasons.items())
        issues.append(
            Issue(severity="warning", where="replicates", what=f"{total - count} failed: {listed}",
                  remedy="check the priors: the solver must succeed for all values that they allow")
        )  # fmt: skip
    if count < _LEAST:
        what = f"{count} replicates are too few (at least {_LEAST})"
        issues.append(Issue(severity="warning", where="replicates", what=what, remedy="run more"))
        return issues
    divergent = int((done["divergent"] > 0).sum())
    if divergent:
        what = f"{divergent} of {count} fits have divergent transitions"
        other = f"{setting('centred')}, {setting('non_centred')}"
        remedy = f"raise {setting('adapt_delta')}, or change the parameterisation: {other}"
        issues.append(Issue(severity="warning", where="replicates", what=what, remedy=remedy))
    few = int((done["ess"] < result.attrs["kept"]).sum())
    if few:
        kept = result.attrs["kept"]
        what = f"{few} of {count} fits have an ESS below the {kept} draws that the ranks use"
        issues.append(
            Issue(severity="warning", where="replicates", what=what, remedy="take more draws")
        )
    return issues + _rejections(calibration_table(result, level=level))


def _rejections(table: pd.DataFrame) -> list[Issue]:
    remedy = "check the program, the sampler, and whether the fitted model is the simulated one"
    return [
        Issue(
            severity="warning", where=str(name), remedy=remedy,
            what=f"ranks are not uniform (p = {min(row.p_uniform, row.p_chi2):.2g}), bias"
            f" {row.bias:+.1f} standard errors, spread {row.spread:.2f} (expected: 1)",
        )
        for name, row in table[table.rejected].iterrows()
    ]  # fmt: skip


def _uniform(pit: FloatArray) -> float:
    values = xr.Dataset({"pit": ("replicate", pit)})
    p, *_ = values.azstats.uniformity_test(dim="replicate", method="pot_c")
    return float(p["pit"])


def _chi2(pit: FloatArray) -> float:
    counts, _ = np.histogram(pit, bins=_BINS, range=(0, 1))
    return float(stats.chisquare(counts).pvalue)


def _holm(p: FloatArray, level: float) -> NDArray[np.bool_]:
    """Return which tests Holm's method rejects (1979, Scand J Stat 6:65)."""
    order = np.argsort(p)
    kept = np.flatnonzero(p[order] > level / np.arange(p.size, 0, -1))
    rejected = np.zeros(p.size, dtype=bool)
    rejected[order[: kept[0] if kept.size else p.size]] = True
    return rejected
