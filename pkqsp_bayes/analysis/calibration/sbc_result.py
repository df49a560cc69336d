"""Conversion of the outcomes of replicates to one Dataset of ranks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.calibration.sbc_task import with_quantities
from pkqsp_bayes.spec.labels import PARAMETER_DIM

__all__ = ["collect_result"]

_NO_DATA = "no data were simulated: the solver failed, or a prediction has no residual error"


def collect_result(
    truth: xr.DataArray,
    misfits: Mapping[str, np.ndarray],
    outcomes: Sequence[Mapping[str, Any] | None],
    *,
    kept: int,
    seed: int,
) -> xr.Dataset:
    """Rank the true parameters of each replicate among the draws of its fit.

    Parameters
    ----------
    truth : xarray.DataArray
        True parameters (replicate, parameter).
    misfits : mapping of str to (replicates,) array
        Further quantities.
    outcomes : sequence of mapping or None
        Files of `run_task`; None where there were no data.
    kept : int
        Number of draws of each fit.
    seed : int
        Seed for ties: the position of a rank within its bin is random, so that ``pit`` is
        continuous.

    Returns
    -------
    xarray.Dataset
        Result as `pkqsp_bayes.sbc` describes it, with the quantities that are both in truth and
        fits and that are not constant.
    """
    true = with_quantities(truth, misfits)
    fitted: list[str] = next((o["quantities"] for o in outcomes if o and o["status"] == "ok"), [])
    names = [n for n in true[PARAMETER_DIM].to_numpy().tolist() if n in fitted]
    blank = {"draws": np.nan, "mean": np.nan, "sd": np.nan, "quantities": names}
    rows = [o if o and o["status"] == "ok" else blank for o in outcomes]
    draws = np.stack([_of(o, "draws", names, (kept, len(names))) for o in rows])
    values = true.sel({PARAMETER_DIM: names}).transpose("replicate", PARAMETER_DIM).to_numpy()
    failed = np.isnan(draws).all(axis=1)
    rank = np.where(failed, np.nan, (draws < values[:, None, :]).sum(axis=1))
    spread = np.random.default_rng(seed).uniform(size=rank.shape)
    by_both, by_one = ("replicate", PARAMETER_DIM), ("replicate",)
    made = xr.Dataset(
        {
            "rank": (by_both, rank),
            "pit": (by_both, (rank + spread) / (kept + 1)),
            "truth": (by_both, values),
            "mean": (by_both, np.stack([_of(o, "mean", names, (len(names),)) for o in rows])),
            "sd": (by_both, np.stack([_of(o, "sd", names, (len(names),)) for o in rows])),
            "draws": (("replicate", "draw", PARAMETER_DIM), draws),
            "status": (by_one, [o["status"] if o else _NO_DATA for o in outcomes]),
            "divergent": (by_one, [_number(o, "divergent") for o in outcomes]),
            "ess": (by_one, [_number(o, "ess") for o in outcomes]),
            "leapfrogs": (by_one, [_number(o, "leapfrogs") for o in outcomes]),
            "seconds": (by_one, [_number(o, "seconds") for o in outcomes]),
        },
        coords={PARAMETER_DIM: names, "replicate": np.arange(len(outcomes))},
        attrs={"kept": kept, "seed": seed},
    )
    return made.isel({PARAMETER_DIM: np.nanstd(values, axis=0) > 0})


def _of(
    outcome: Mapping[str, Any], field: str, names: Sequence[str], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return a field with its quantities in order; NaN if the fit failed."""
    if not isinstance(outcome[field], list):
        return np.full(shape, np.nan)
    places = [outcome["quantities"].index(name) for name in names]
    chosen: NDArray[np.float64] = np.array(outcome[field])[..., places]
    return chosen


def _number(outcome: Mapping[str, Any] | None, field: str) -> float:
    return float(outcome.get(field, np.nan)) if outcome else np.nan
