"""Comparison of a study with the one that was fitted."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.fitting.results.store import STUDY_FILE, read_study_of
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.data.study_data import design_key, values_key
from pkqsp_bayes.study.study import Study

__all__ = ["design_difference", "own_copy", "study_fingerprint"]

_Bind = Callable[[Study], BoundData]


def study_fingerprint(study: Study) -> str:
    """Return a digest of the contents of a study; equal studies have equal digests.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> study = pq.load_dataset("theophylline")
    >>> study_fingerprint(study) == study_fingerprint(study.only(study.subjects))
    True
    >>> study_fingerprint(study) == study_fingerprint(study.only(["1"]))
    False
    """
    about = repr((list(study.table.columns), sorted(study.units.items()), study.covariates))
    digest = hashlib.sha256(about.encode())
    for name in study.table.columns:
        hashes = pd.util.hash_pandas_object(study.table[name], index=False)
        digest.update(hashes.to_numpy().tobytes())
    return digest.hexdigest()


def own_copy(study: Study) -> Study:
    """Return a copy of a study that changes of the original do not affect."""
    return dataclasses.replace(study, table=study.table.copy())


def design_difference(tree: xr.DataTree, bind: _Bind, study: Study) -> str:
    """Return the difference between a study and the fitted one; empty if there is none.

    Parameters
    ----------
    tree : xarray.DataTree
        The fit.
    bind : callable
        Function that binds a study to the model of the fit.
    study : Study
        The study.

    Raises
    ------
    CheckError
        With every problem of the study with the model.
    """
    data = bind(study)
    what = _by_keys(tree, bind, data)
    return _by_subjects(tree, data) or _by_values(tree, data) if what is None else what


def _by_keys(tree: xr.DataTree, bind: _Bind, data: BoundData) -> str | None:
    """Return the difference, empty if there is none; None if the fit has no record of its study."""
    keys = _keys(tree, bind)
    if keys is None:
        return None
    if keys[0] != design_key(data):
        own = _by_subjects(tree, data)
        return own or "its doses, times, covariates or occasions are not those that were fitted"
    if keys[1] != values_key(data):
        return "its observations are not those that were fitted"
    return ""


def _keys(tree: xr.DataTree, bind: _Bind) -> tuple[str, str] | None:
    if "design" in tree.attrs and "values" in tree.attrs:
        return str(tree.attrs["design"]), str(tree.attrs["values"])
    source = tree.encoding.get("source")
    folder = None if source is None else Path(str(source)).parent
    if folder is None or not (folder / STUDY_FILE).is_file():
        return None
    kept = bind(read_study_of(folder))
    return design_key(kept), values_key(kept)


def _by_subjects(tree: xr.DataTree, data: BoundData) -> str:
    if "posterior" not in tree.children:
        return ""
    posterior = tree["posterior"].to_dataset()
    if "subject" not in posterior.coords:
        return ""
    same = tuple(map(str, posterior["subject"].to_numpy())) == data.subjects
    return "" if same else "its subjects are not those that were fitted"


def _by_values(tree: xr.DataTree, data: BoundData) -> str:
    if "observed_data" not in tree.children or "DV" not in tree["observed_data"]:
        return ""
    known, seen = tree["observed_data"]["DV"], data.observations
    same = known.size == len(seen) and np.allclose(known.to_numpy(), seen.value, rtol=1e-9, atol=0)
    if same and "endpoint" in known.coords:
        names = [data.ode.output_names[k] for k in seen.output]
        same = known["endpoint"].to_numpy().tolist() == names
    return "" if same else "its observations are not those that were fitted"
