"""The output of each observation record, by DVID or CMT."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import ObservationSpec
from pkqsp_bayes.statistics.residual_errors import USUAL_RESIDUAL_ERROR
from pkqsp_bayes.study.findings import Finding, finding_issues
from pkqsp_bayes.study.study import Study

__all__ = ["endpoint_labels", "match_endpoints"]

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

_DEFAULT = ("", "0")
"""CMT values without a name: NONMEM's default observation compartment."""


def endpoint_labels(spec: ModelSpec) -> dict[str, tuple[str, ...]]:
    """Return all labels, in lower case, that a study may use for each observed output.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> endpoint_labels(pq.load_model("one-compartment"))
    {'cp': ('cp', '1')}
    """
    observed = _observed(spec)
    taken = {(o.dvid or name).lower() for name, o in observed.items()}
    found = {}
    for place, (name, o) in enumerate(observed.items(), start=1):
        own = [(o.dvid or name).lower()]
        own += [str(place)] if str(place) not in taken else []
        found[name] = tuple(dict.fromkeys([*own, name.lower()]))
    return found


def _observed(spec: ModelSpec) -> dict[str, ObservationSpec]:
    return {name: o for name, o in spec.observe.items() if o.error is not None}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Observation records with their DVID and CMT: -1 for not stated, -2 for unknown."""

    table: pd.DataFrame
    kept: BoolArray
    names: tuple[str, ...]
    by_dvid: IntArray
    by_cmt: IntArray
    stated: Mapping[str, tuple[str, ...]]

    @property
    def cmt(self) -> NDArray[np.object_]:
        return self.table["CMT"].str.lower().to_numpy(dtype=object)


def match_endpoints(spec: ModelSpec, study: Study, kept: BoolArray) -> tuple[IntArray, list[Issue]]:
    """Return the index of each record's output among the observed ones, and all problems.

    Parameters
    ----------
    spec : ModelSpec
        The model, with names, ``dvid`` and ``cmt`` in ``[observe.*]``.
    study : Study
        The study.
    kept : (n,) array of bool
        The records that are observations.

    Returns
    -------
    (n,) array of int
        -1 if it is unknown, or if the record is not an observation.
    list of Issue
        Problems of DVID or CMT: unknown outputs, different outputs, or a CMT without a meaning.
    """
    observed = _observed(spec)
    if not observed:
        what, remedy = (
            "no output has a residual error",
            f'state one: error = "{USUAL_RESIDUAL_ERROR}"',
        )
        return np.full(kept.size, -1), [Issue(where="observe", what=what, remedy=remedy)]
    issues = _twice(observed)
    rows = _prepare(spec, observed, study, kept)
    only = 0 if len(observed) == 1 else -1
    chosen = np.where(rows.by_dvid == -1, rows.by_cmt, rows.by_dvid)
    free = np.full(kept.size, not _any_stated(rows))
    free &= (rows.by_cmt == -2) & (rows.by_dvid == -1)
    chosen = np.where((chosen == -1) | free, only, chosen)
    found = [*_unknown(rows, chosen), *_contradictions(rows)]
    found += [*_unexplained(rows, chosen, study)]
    issues += finding_issues(study.table, found, source=study.source)
    return np.where(kept & (chosen >= 0), chosen, -1).astype(np.int64), issues


def _twice(observed: Mapping[str, ObservationSpec]) -> list[Issue]:
    seen: dict[str, str] = {}
    issues = []
    for name, o in observed.items():
        for label in o.cmt:
            first = seen.setdefault(label.lower(), name)
            if first != name:
                what = f"{first} and {name} both have cmt {label}"
                remedy = "choose another number, or distinguish them by DVID"
                issues.append(Issue(where=f"observe.{name}.cmt", what=what, remedy=remedy))
    return issues


def _prepare(
    spec: ModelSpec, observed: Mapping[str, ObservationSpec], study: Study, kept: BoolArray
) -> _Rows:
    names = tuple(observed)
    by_dvid: dict[str, int] = {}
    for own, labels in zip(names, _strict_labels(spec).values(), strict=True):
        by_dvid |= dict.fromkeys(labels, names.index(own))
    stated = {name: tuple(c.lower() for c in o.cmt) for name, o in observed.items()}
    by_cmt = {
        label.lower(): i
        for i, name in enumerate(names)
        for label in (name, observed[name].dvid or "")
        if label and not label.isdigit()
    }
    by_cmt |= {label: i for i, name in enumerate(names) for label in stated[name]}
    return _Rows(
        table=study.table, kept=kept, names=names, stated=stated,
        by_dvid=_places(study.table["DVID"], by_dvid, ("",)),
        by_cmt=_places(study.table["CMT"], by_cmt, _DEFAULT),
    )  # fmt: skip


def _strict_labels(spec: ModelSpec) -> dict[str, tuple[str, ...]]:
    """Return the values of DVID for each output: its dvid or its name, or its number."""
    observed = _observed(spec)
    labels = endpoint_labels(spec)
    return {
        name: tuple(x for x in labels[name] if x != name.lower() or o.dvid in (None, name))
        for name, o in observed.items()
    }


def _places(cells: pd.Series, known: Mapping[str, int], absent: tuple[str, ...]) -> IntArray:
    places, labels = cells.str.lower().factorize()
    found = [known.get(str(x), -1 if x in absent else -2) for x in labels]
    result: IntArray = np.array([*found, -1], dtype=np.int64)[places]
    return result


def _any_stated(rows: _Rows) -> bool:
    return any(rows.stated.values())


def _unknown(rows: _Rows, chosen: IntArray) -> Iterator[Finding]:
    """Yield the records whose DVID or CMT does not name an output."""
    known = "use one of the observed outputs: " + ", ".join(rows.names)
    bad = rows.kept & (rows.by_dvid == -2)
    if bad.any():
        first = str(rows.table["DVID"].iloc[int(bad.argmax())])
        yield Finding(
            bad=bad, column="DVID", what="DVID '{value}' is not an observed output",
            remedy=suggest(first, rows.names, known),
        )  # fmt: skip
    by_number = " or ".join(f"[observe.{name}] cmt = ..." for name in rows.names[:3])
    yield Finding(
        bad=rows.kept & (rows.by_dvid == -1) & (rows.by_cmt == -2) & (chosen < 0), column="CMT",
        what="CMT '{value}' is not an observed output, and there is no DVID",
        remedy=f"state the output in the model: {by_number}; or add a column DVID ({known})",
    )  # fmt: skip
    with_cmt = any(rows.stated.values())
    yield Finding(
        bad=rows.kept & (rows.by_dvid == -1) & (rows.by_cmt == -1) & (chosen < 0),
        column="CMT" if with_cmt else "DVID",
        what="neither CMT nor DVID states which output is observed",
        remedy="state CMT as in [observe.*] cmt" if with_cmt else f"add a column DVID: {known}",
    )  # fmt: skip


def _contradictions(rows: _Rows) -> Iterator[Finding]:
    both = rows.kept & (rows.by_dvid >= 0) & (rows.by_cmt >= 0)
    yield Finding(
        bad=both & (rows.by_dvid != rows.by_cmt), column="CMT",
        what="CMT '{value}' and DVID name different outputs",
        remedy="correct one of them, or cmt in [observe.*]",
    )  # fmt: skip


def _unexplained(rows: _Rows, chosen: IntArray, study: Study) -> Iterator[Finding]:
    """Yield the records whose CMT the model does not mention, if that is ambiguous."""
    dosed = set(study.table["CMT"][study.table["EVID"].isin((1, 4)).to_numpy()].str.lower())
    for place, name in enumerate(rows.names):
        mine = rows.kept & (chosen == place) & ~np.isin(rows.cmt, _DEFAULT)
        open_ = mine & (rows.by_cmt == -2)
        labels = Counter(str(label) for label in rows.cmt[open_])
        if not labels:
            continue
        if rows.stated[name] or len({str(label) for label in rows.cmt[mine]}) > 1:
            yield _several(rows, name, open_, labels)
        elif set(labels) != dosed and (open_ & (rows.by_dvid == -1)).any():
            yield _assumed(name, open_, next(iter(labels)))


def _several(rows: _Rows, name: str, open_: BoolArray, labels: Counter[str]) -> Finding:
    common = labels.most_common(1)[0][0]
    lone = len(labels) > 1 and not rows.stated[name]
    bad = open_ & (rows.cmt != common) if lone else open_
    every = [*rows.stated[name], *labels]
    listed = ", ".join(label if label.isdigit() else f'"{label}"' for label in every)
    return Finding(
        bad=bad, column="CMT", what=f"CMT is '{{value}}' here and differs among observations of "
        f"{name}: is it the same quantity?",
        remedy=f"if so, state [observe.{name}] cmt = [{listed}]; or add another output with  "
        'its cmt; or exclude the rows: ignore = ["CMT == {value}"]',
    )  # fmt: skip


def _assumed(name: str, open_: BoolArray, label: str) -> Finding:
    first = np.zeros_like(open_)
    first[int(open_.argmax())] = True
    return Finding(
        bad=first, column="CMT", severity="warning",
        what=f"CMT '{{value}}' of the observations is assumed to be {name}, the only output",
        remedy=f"state it: [observe.{name}] cmt = {label if label.isdigit() else repr(label)}",
    )  # fmt: skip
