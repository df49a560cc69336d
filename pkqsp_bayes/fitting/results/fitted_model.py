"""`FittedModel`: a fit with its model, its study and its draws, each computed once."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, cast

import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fitted_study import (
    design_difference,
    own_copy,
    study_fingerprint,
)
from pkqsp_bayes.fitting.results.metadata import FitMetadata, read_metadata, read_options
from pkqsp_bayes.fitting.results.quantities import labelled_draws, name_groups
from pkqsp_bayes.fitting.results.store import STUDY_FILE, read_study_of
from pkqsp_bayes.program.bind import BindOptions, BoundModel, bind_model
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.reading.toml import parse_model
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import StudyLike, as_study

__all__ = ["FittedModel", "read_spec"]

_MOST = 64
"""Greatest number of cached results of a fit; the least recently used are removed first."""


class FittedModel:
    """A fit with its model, study and draws; each is computed at its first use, and once.

    `pkqsp_bayes.open_fit` returns it. Every analysis takes it in place of the fit. Analyses of the
    same `FittedModel` share the model, the study and common predictions. The number of cached
    results is limited; they are freed with the object.

    Parameters
    ----------
    tree : xarray.DataTree
        A result. It is not changed. Groups that are added to it later are ignored. Its arrays are
        shared, not copied; do not write into them.

    Examples
    --------
    A posterior that was constructed by hand, in place of a fit:

    >>> import numpy as np
    >>> import pkqsp_bayes as pq
    >>> from pkqsp_bayes.spec.reading.toml import format_model
    >>> posterior = xr.Dataset({"CL": (("chain", "draw"), np.array([[2.9, 3.1]]))})
    >>> tree = xr.DataTree.from_dict({"posterior": posterior})
    >>> tree.attrs["model"] = format_model(pq.load_model("one-compartment"))
    >>> fitted = pq.open_fit(tree)
    >>> fitted.spec.title, fitted.draws["CL"].tolist()
    ('One compartment, oral and intravenous', [2.9, 3.1])
    >>> fitted.spec is fitted.spec
    True
    """

    def __init__(self, tree: xr.DataTree) -> None:
        self._tree = _frozen(name_groups(tree))
        self._made: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = RLock()

    def __repr__(self) -> str:
        """Return the model and the number of draws."""
        sizes = dict(self._tree["posterior"].sizes) if "posterior" in self._tree.children else {}
        draws = f"{sizes.get('chain', 0)} chains of {sizes.get('draw', 0)} draws"
        title = self.spec.title if "model" in self._tree.attrs else "no model"
        return f"<FittedModel {title!r}: {draws}>"

    @property
    def tree(self) -> xr.DataTree:
        """The result as a DataTree with the labels of this version; its arrays are read-only."""
        copied = self._tree.copy(deep=False)
        copied.encoding = dict(self._tree.encoding)
        return copied

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Attributes of the result."""
        return {str(name): value for name, value in self._tree.attrs.items()}

    @property
    def source(self) -> str:
        """File that the result was read from; ``the fit`` if it was not read from a file."""
        return str(self._tree.encoding.get("source", "the fit"))

    @property
    def folder(self) -> Path | None:
        """Folder of the fit, if it is known."""
        source = self._tree.encoding.get("source")
        return None if source is None else Path(str(source)).parent

    @property
    def groups(self) -> frozenset[str]:
        """Names of the groups of the result."""
        return frozenset(str(name) for name in self._tree.children)

    def group(self, name: str) -> xr.Dataset:
        """Return a group of the result, such as ``posterior``."""
        return cast("xr.DataTree", self._tree[name]).to_dataset()

    @property
    def posterior(self) -> xr.Dataset:
        """Draws of the parameters and random effects (chain, draw, ...)."""
        return self.group("posterior")

    @cached_property
    def spec(self) -> ModelSpec:
        """The model that was fitted, with its priors.

        Raises
        ------
        CheckError
            If the result has no model, or a damaged one.
        """
        return read_spec(self._tree)

    @cached_property
    def compiled(self) -> CompiledModel:
        """The compiled model, with the occasions of the fit."""
        return compile_model(self.spec, occasions=self.occasions)

    @cached_property
    def occasions(self) -> tuple[str, ...]:
        """Labels of the occasions of the fit."""
        return self._labels("occasion")

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Subjects of the fit; empty if it has no random effects."""
        return self._labels("subject")

    def _labels(self, dim: str) -> tuple[str, ...]:
        coords = self.posterior.coords
        return tuple(map(str, coords[dim].to_numpy())) if dim in coords else ()

    @cached_property
    def draws(self) -> Mapping[str, NDArray[Any]]:
        """Draws of each population parameter by its label, chain after chain."""
        return labelled_draws(self.posterior)

    @cached_property
    def metadata(self) -> FitMetadata:
        """Settings of the fit that diagnostics need."""
        return read_metadata(self._tree)

    @cached_property
    def options(self) -> BindOptions:
        """Options that the model was bound with."""
        return read_options(self._tree)

    @cached_property
    def own_study(self) -> Study | None:
        """The study that was fitted, from the folder of the fit; None if the folder has none.

        Raises
        ------
        CheckError
            If the study of the folder is not the one that was fitted.
        """
        if self.folder is None or not (self.folder / STUDY_FILE).is_file():
            return None
        found = read_study_of(self.folder)
        self.require_own(found)
        return found

    @property
    def study(self) -> Study:
        """The study that was fitted.

        Raises
        ------
        CheckError
            If it is not available, or not the one that was fitted.
        """
        if self.own_study is None:
            what, remedy = "the study of the fit is not available", setting("study")
            raise CheckError([Issue(where=self.source, what=what, remedy=remedy)])
        return self.own_study

    def resolve_study(self, study: StudyLike | None, *, own: bool = False) -> Study:
        """Return the study for the argument of an analysis.

        Parameters
        ----------
        study : Study, str, Path, DataFrame or None
            None for the study of the fit. A table is read with the columns of the model.
        own : bool
            Whether it must be the study that was fitted.

        Raises
        ------
        CheckError
            If it cannot be read, or is not the one that was fitted although ``own`` is true.
        """
        if study is None:
            return self.study
        found = as_study(study, self.spec)
        if own:
            self.require_own(found)
        return self.once(("study", study_fingerprint(found)), lambda: own_copy(found))

    def require_own(self, study: Study) -> None:
        """Raise an error for a study that is not the one that was fitted.

        The comparison covers the data that the model reads (subjects, events, times, covariates,
        occasions) and the observations. Units, the order of columns and unused columns are ignored.
        A fit without a record of its study is compared with the study in its folder; if there is
        none, by its subjects and observations, as far as they are known.

        Raises
        ------
        CheckError
            If it is another study; or with every problem of the study with the model.
        """
        key = ("difference", study_fingerprint(study))
        what = self.once(key, lambda: design_difference(self._tree, self.bind_data, study))
        if what:
            remedy = "give the study of the fit, or fit the model to this study"
            raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])

    def bind_data(self, study: Study) -> BoundData:
        """Return the model with a study as its data, with the censoring method of the fit."""
        blq = self.options.blq
        key = ("bound data", study_fingerprint(study))
        return self.once(key, lambda: bind_data(self.spec, study, blq=blq, centred={}))

    @cached_property
    def bound(self) -> BoundModel:
        """The Stan program of the fit and its data, generated from model, study and options."""
        return bind_model(self.spec, self.study, options=self.options)

    @cached_property
    def _summary(self) -> pd.DataFrame:
        # Imported here, since this module takes a FittedModel.
        from pkqsp_bayes.fitting.results.summarise import summarise_parameters

        return summarise_parameters(self._tree)

    @property
    def summary(self) -> pd.DataFrame:
        """The result of `pkqsp_bayes.summary_table`."""
        table = self._summary.copy()
        table.attrs = dict(self._summary.attrs)
        return table

    @cached_property
    def _diagnostics(self) -> tuple[Issue, ...]:
        from pkqsp_bayes.fitting.diagnostics.diagnose import find_faults

        return tuple(find_faults(self._tree))

    @property
    def diagnostics(self) -> list[Issue]:
        """The result of `pkqsp_bayes.diagnose`."""
        return list(self._diagnostics)

    def once[T](self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the cached result of a key, or compute it.

        Parameters
        ----------
        key : hashable
            All inputs that the result depends on, in addition to the fit.
        make : callable
            Function that computes the result. The result must not be changed.
        """
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            self._made.move_to_end(key)
            while len(self._made) > _MOST:
                self._made.popitem(last=False)
            return cast("T", self._made[key])


def read_spec(tree: xr.DataTree) -> ModelSpec:
    """Return the model of a result, from its attributes.

    Raises
    ------
    CheckError
        If the result has no model, or a damaged one.
    """
    source = str(tree.encoding.get("source", "the fit"))
    text = tree.attrs.get("model")
    if not isinstance(text, str):
        what, remedy = "it has no model in its attributes", "give the result of pkqsp_bayes.fit"
        raise CheckError([Issue(where=source, what=what, remedy=remedy)])
    return parse_model(text, where=f"{source}: attribute model")


def _frozen(tree: xr.DataTree) -> xr.DataTree:
    """Return a copy of a tree with read-only arrays; the values are shared."""
    groups = {node.path: _read_only(node.to_dataset(inherit=False)) for node in tree.subtree}
    made = xr.DataTree.from_dict(groups)
    made.encoding = dict(tree.encoding)
    return made


def _read_only(group: xr.Dataset) -> xr.Dataset:
    made = group.copy(deep=False)
    for name in group.data_vars:
        values = group[name].to_numpy().view()
        values.flags.writeable = False
        made[name] = group[name].copy(data=values)
    return made
