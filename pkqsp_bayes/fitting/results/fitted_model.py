"""`open_fit`: a fit with its model, its study and its draws, each made once."""

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
from pkqsp_bayes.fitting.results.metadata import FitAccount, read_account, read_options
from pkqsp_bayes.fitting.results.quantities import labelled_draws, name_groups
from pkqsp_bayes.fitting.results.store import STUDY_FILE, read_study_of
from pkqsp_bayes.program.bind import BindOptions, BoundModel, bind_model
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.toml import parse_model
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import StudyLike, as_study

__all__ = ["FittedModel", "read_spec"]

_MOST = 64
"""Things made of a fit that are kept; those used longest ago go first."""


class FittedModel:
    """A fit, and what belongs to it: each thing is made when it is first asked for, and once.

    `pkqsp_bayes.open_fit` makes it. Every analysis takes it in place of the fit; several analyses
    of one `FittedModel` share the model, the study and the predictions that they have in common.
    What is kept is bounded, and goes with the object.

    Parameters
    ----------
    tree : xarray.DataTree
        A result. It is not changed. Groups that it is given later are not seen; its numbers are
        shared, not copied: nothing may be written into them.

    Examples
    --------
    A posterior made by hand, in place of that of a fit:

    >>> import numpy as np
    >>> import pkqsp_bayes as pq
    >>> from pkqsp_bayes.spec.toml import format_model
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
        """The result as a DataTree, in the labels of this version; its arrays are read-only."""
        copied = self._tree.copy(deep=False)
        copied.encoding = dict(self._tree.encoding)
        return copied

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Attributes of the result."""
        return {str(name): value for name, value in self._tree.attrs.items()}

    @property
    def source(self) -> str:
        """File that the result was read from; ``the fit`` where it was not."""
        return str(self._tree.encoding.get("source", "the fit"))

    @property
    def folder(self) -> Path | None:
        """Folder of the fit, where it is known."""
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
            If the result does not have it, or it is damaged.
        """
        return read_spec(self._tree)

    @cached_property
    def compiled(self) -> CompiledModel:
        """The model, composed and lowered, with the occasions of the fit."""
        return compile_model(self.spec, occasions=self.occasions)

    @cached_property
    def occasions(self) -> tuple[str, ...]:
        """Labels of the occasions of the fit."""
        return self._labels("occasion")

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Subjects of the fit, as far as it has random effects of them."""
        return self._labels("subject")

    def _labels(self, dim: str) -> tuple[str, ...]:
        coords = self.posterior.coords
        return tuple(map(str, coords[dim].to_numpy())) if dim in coords else ()

    @cached_property
    def draws(self) -> Mapping[str, NDArray[Any]]:
        """Draws of each population parameter by its label, chain after chain."""
        return labelled_draws(self.posterior)

    @cached_property
    def metadata(self) -> FitAccount:
        """How the fit was made, as far as diagnostics ask."""
        return read_account(self._tree)

    @cached_property
    def options(self) -> BindOptions:
        """Options that the model was bound with."""
        return read_options(self._tree)

    @cached_property
    def own_study(self) -> Study | None:
        """The study that was fitted, from the folder of the fit; None where it is not there.

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
            If it is not at hand, or not the one that was fitted.
        """
        if self.own_study is None:
            what, remedy = "the study of the fit is not with it", "give the study: study=..."
            raise CheckError([Issue(where=self.source, what=what, remedy=remedy)])
        return self.own_study

    def resolve_study(self, study: StudyLike | None, *, own: bool = False) -> Study:
        """Return the study that an argument of an analysis means.

        Parameters
        ----------
        study : Study, str, Path, DataFrame or None
            None for that of the fit. A table is read as the model says.
        own : bool
            Whether only the study that was fitted will do.

        Raises
        ------
        CheckError
            If it cannot be read, or is not the one that was fitted though it has to be.
        """
        if study is None:
            return self.study
        found = as_study(study, self.spec)
        if own:
            self.require_own(found)
        return self.once(("study", study_fingerprint(found)), lambda: own_copy(found))

    def require_own(self, study: Study) -> None:
        """Refuse a study that is not the one that was fitted.

        What the model sees is compared: subjects, events, times, covariates, occasions; and what
        was observed. Units, the order of columns and columns that the model does not read do not
        matter. A fit that does not say of which study it is, is compared with the study in its
        folder; without that by its subjects and observations, as far as it has them.

        Raises
        ------
        CheckError
            If it is another; with every problem of the study with the model.
        """
        key = ("difference", study_fingerprint(study))
        what = self.once(key, lambda: design_difference(self._tree, self.bind_data, study))
        if what:
            remedy = "give the study of the fit, or fit this one"
            raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])

    def bind_data(self, study: Study) -> BoundData:
        """Return the model with a study as its data; censored values as in the fit."""
        blq = self.options.blq
        key = ("bound data", study_fingerprint(study))
        return self.once(key, lambda: bind_data(self.spec, study, blq=blq, centred={}))

    @cached_property
    def bound(self) -> BoundModel:
        """The Stan program of the fit and its data, made anew from model, study and options."""
        return bind_model(self.spec, self.study, options=self.options)

    @cached_property
    def _summary(self) -> pd.DataFrame:
        # Not at the top: it is an analysis, and takes a FittedModel itself.
        from pkqsp_bayes.fitting.results.summarise import summarise_parameters

        return summarise_parameters(self._tree)

    @property
    def summary(self) -> pd.DataFrame:
        """What `pkqsp_bayes.summary_table` returns."""
        table = self._summary.copy()
        table.attrs = dict(self._summary.attrs)
        return table

    @cached_property
    def _diagnostics(self) -> tuple[Issue, ...]:
        from pkqsp_bayes.fitting.diagnostics.diagnose import find_faults

        return tuple(find_faults(self._tree))

    @property
    def diagnostics(self) -> list[Issue]:
        """What `pkqsp_bayes.diagnose` returns."""
        return list(self._diagnostics)

    def once[T](self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made under a key before, or make it now.

        Parameters
        ----------
        key : hashable
            Names everything that the result depends on, besides the fit.
        make : callable
            Makes it. What it returns must not be changed by anybody.
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
        If it is not there, or damaged.
    """
    source = str(tree.encoding.get("source", "the fit"))
    text = tree.attrs.get("model")
    if not isinstance(text, str):
        what, remedy = "it does not say of which model it is", "give what pkqsp_bayes.fit returns"
        raise CheckError([Issue(where=source, what=what, remedy=remedy)])
    return parse_model(text, where=f"{source}: attribute model")


def _frozen(tree: xr.DataTree) -> xr.DataTree:
    """Return a copy of a tree whose arrays cannot be written to; the values are shared."""
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
