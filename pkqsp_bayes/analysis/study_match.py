"""Whether a study is the one that was fitted, for analyses that mean that one."""

from pathlib import Path

import numpy as np
import xarray as xr

from pkqsp_bayes.analysis.population_draws import model_of
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.metadata import read_attribute
from pkqsp_bayes.fitting.results.store import STUDY_FILE, read_study_of
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.study_key import design_key, values_key
from pkqsp_bayes.study.study import Study

__all__ = ["require_fitted"]

_REMEDY = "give the study of the fit, or fit this one"


def require_fitted(fit: xr.DataTree, study: Study) -> None:
    """Refuse a study that is not the one that was fitted.

    What the model sees is compared: subjects, events, times, covariates, occasions; and what was
    observed. Units, the order of columns and columns that the model does not read do not matter.

    Parameters
    ----------
    fit : xarray.DataTree
        What `pkqsp_bayes.fit` or `pkqsp_bayes.approximate` returns. One that does not say of which
        study it is, is compared with the study in its folder; without that by its subjects and
        observations, as far as it has them.
    study : Study
        The study.

    Raises
    ------
    CheckError
        If it is another; with every problem of the study with the model.
    """
    frame = _frame(fit, study)
    what = _by_keys(fit, frame)
    if what is None:
        what = _by_subjects(fit, frame) or _by_values(fit, frame)
    if what:
        raise CheckError([Issue(where=study.source, what=what, remedy=_REMEDY)])


def _frame(fit: xr.DataTree, study: Study) -> BoundData:
    blq = read_attribute(fit, "options").get("blq", "M3")
    return bind_data(model_of(fit), study, blq="M1" if blq == "M1" else "M3", centred={})


def _by_keys(fit: xr.DataTree, frame: BoundData) -> str | None:
    """Return what is different, empty for nothing; None if nothing is known of the study."""
    keys = _keys(fit)
    if keys is None:
        return None
    if keys[0] != design_key(frame):
        own = _by_subjects(fit, frame)
        return own or "its doses, times, covariates or occasions are not those that were fitted"
    if keys[1] != values_key(frame):
        return "its observations are not those that were fitted"
    return ""


def _keys(fit: xr.DataTree) -> tuple[str, str] | None:
    if "design" in fit.attrs and "values" in fit.attrs:
        return str(fit.attrs["design"]), str(fit.attrs["values"])
    source = fit.encoding.get("source")
    folder = None if source is None else Path(str(source)).parent
    if folder is None or not (folder / STUDY_FILE).is_file():
        return None
    kept = _frame(fit, read_study_of(folder))
    return design_key(kept), values_key(kept)


def _by_subjects(fit: xr.DataTree, frame: BoundData) -> str:
    posterior = fit["posterior"].to_dataset()
    if "subject" not in posterior.coords:
        return ""
    same = tuple(map(str, posterior["subject"].to_numpy())) == frame.subjects
    return "" if same else "its subjects are not those that were fitted"


def _by_values(fit: xr.DataTree, frame: BoundData) -> str:
    if "observed_data" not in fit.children or "DV" not in fit["observed_data"]:
        return ""
    known, seen = fit["observed_data"]["DV"], frame.observations
    same = known.size == len(seen) and np.allclose(known.to_numpy(), seen.value, rtol=1e-9, atol=0)
    if same and "endpoint" in known.coords:
        names = [frame.ode.output_names[k] for k in seen.output]
        same = known["endpoint"].to_numpy().tolist() == names
    return "" if same else "its observations are not those that were fitted"
