"""Expected precision of the population parameters by a design, level two of identifiability.

The population Fisher information follows Retout & Mentre 2003 (J Biopharm Stat 13:209-227), with
the model linearised in the random effects around zero (first order). The block of the fixed effects
is sum A' V^-1 A, that of the variances 1/2 tr(V^-1 dV V^-1 dV'). The block between them is omitted,
which is the more reliable form (Nyberg et al. 2015, Br J Clin Pharmacol 79:6-17).
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.analysis.analysis_arguments import NUMBERS
from pkqsp_bayes.analysis.calibration.replicates import planned_study
from pkqsp_bayes.analysis.identifiability.fisher_information import ExpectedInformation
from pkqsp_bayes.analysis.identifiability.linearised import (
    LinearSubject,
    linear_subjects,
    residual_spread,
)
from pkqsp_bayes.arguments import checked, instance, mapping
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.likelihood.residual import residual_of
from pkqsp_bayes.likelihood.stated_priors import stated_point, stated_priors
from pkqsp_bayes.likelihood.study_simulator import study_simulator
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.spec.effects import sampled_bounds
from pkqsp_bayes.spec.labels import (
    PARAMETER_DIM,
    corr_label,
    omega_iov_label,
    omega_label,
    parse_label,
    shape_label,
    sigma_label,
)
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import prior_support
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["compare_designs", "expected_information"]

FloatArray = NDArray[np.float64]

_RELATIVE_STEP = 1e-5
_SCALES = ("omega", "omega_iov", "sigma")


_DESIGNS = mapping(
    instance(ExpectedInformation, wanted="give the result of expected_information"),
    wanted="give a mapping of names to results of expected_information",
)


@checked(model=MODEL, design=STUDY, point=NUMBERS)
def expected_information(
    model: ModelLike, design: StudyLike, *, point: Mapping[str, float] | None = None
) -> ExpectedInformation:
    """Return the Fisher information of a design on the population parameters.

    Parameters
    ----------
    model : ModelSpec, str or Path
        A model, its name or its file.
    design : Study, str, Path or DataFrame
        A study, its name or its file, or a planned study (`pkqsp_bayes.regimen`). Observed values
        have no effect, except through default priors of residual errors.
    point : mapping of str to float, optional
        Parameter values at which it is computed, by label (``CL``, ``omega[CL]``, ``sigma[cp]``,
        ``corr[CL,V]``), in the units of the model; by default the medians of the priors,
        correlations 0.

    Returns
    -------
    ExpectedInformation
        Sum over the subjects, with standard errors, correlations, condition number and weakest
        directions.

    Raises
    ------
    CheckError
        All problems of model and design; all labels in ``point`` that the model does not have, and
        values that their parameters cannot have; or if the solver fails at the point, or if an
        observation has no residual error there.
    ToolchainError
        If the kernel cannot be compiled.

    Notes
    -----
    Retout & Mentre 2003, J Biopharm Stat 13:209-227; Nyberg et al. 2015, Br J Clin Pharmacol
    79:6-17. The first-order approximation is less accurate for large random effects and strongly
    nonlinear models. Priors are not included. Censored values count as measured.

    Examples
    --------
    Eight samples in each of 20 subjects:

    >>> import pkqsp_bayes as pq
    >>> model = pq.load_model("one-compartment")
    >>> design = pq.regimen(
    ...     pq.Dose(amount=100, to="oral"), [0.25, 0.5, 1, 2, 4, 8, 12, 24],
    ...     subjects=20, covariates={"WT": 70.0},
    ... )
    >>> point = {
    ...     "omega[CL]": 0.3, "omega[V]": 0.2, "omega[ka]": 0.4,
    ...     "sigma[cp.additive]": 0.05, "sigma[cp.proportional]": 0.1,
    ... }
    >>> found = pq.expected_information(model, design, point=point)
    >>> print(found.table().loc[["CL", "ka", "omega[CL]"]].round(2).to_string(index_names=False))
               value    se    rse
    CL           3.0  0.20   6.82
    ka           1.5  0.16  10.41
    omega[CL]    0.3  0.05  16.37
    >>> round(found.condition, 1)
    5.2
    """
    model = as_model(model)
    design = planned_study(as_study(design, model))
    bound = bind_data(model, design, blq="M3", centred={})
    values = _values(bound, point or {})
    draws = _one_draw(bound, values)
    simulator = study_simulator(model, design)
    subjects = tuple(linear_subjects(bound, simulator, draws))
    labels = tuple(_estimated(bound))
    matrix = np.zeros((len(labels), len(labels)))
    for subject in subjects:
        matrix += _information(bound, draws, subject, labels)
    return ExpectedInformation(
        labels=labels,
        values=np.array([values[label] for label in labels]),
        matrix=matrix,
        subjects=subjects,
        draws=draws,
    )


@checked(designs=_DESIGNS)
def compare_designs(designs: Mapping[str, ExpectedInformation]) -> pd.DataFrame:
    """Return the expected relative standard errors (%) of designs side by side.

    Parameters
    ----------
    designs : mapping of str to ExpectedInformation
        Results by the names of the columns.

    Returns
    -------
    DataFrame
        By label: the relative standard error in each design, in per cent, infinite if it is not
        identifiable, NaN if the value is 0 (``table()`` of a design has its standard error); the
        last row is the condition number.

    Notes
    -----
    Standard errors are proportional to 1 / sqrt(number of subjects): compare designs with the same
    number of samples. They hold at one point; a design that is good there may be poor elsewhere.

    Examples
    --------
    160 samples, in more subjects or in fewer:

    >>> import pkqsp_bayes as pq
    >>> model = pq.load_model("one-compartment")
    >>> point = {"sigma[cp.additive]": 0.05, "sigma[cp.proportional]": 0.1}
    >>> def planned(subjects, times):
    ...     dose = pq.Dose(amount=100, to="oral")
    ...     study = pq.regimen(dose, times, subjects=subjects, covariates={"WT": 70.0})
    ...     return pq.expected_information(model, study, point=point)
    >>> table = pq.compare_designs({
    ...     "20 x 8": planned(20, [0.25, 0.5, 1, 2, 4, 8, 12, 24]),
    ...     "40 x 4": planned(40, [0.5, 2, 8, 24]),
    ... })
    >>> table.loc[["CL", "ka", "tlag", "condition number"]].round(0).rename_axis(None)
                      20 x 8  40 x 4
    CL                   8.0     5.0
    ka                  12.0    18.0
    tlag                 9.0    62.0
    condition number     5.0    18.0
    """
    last = {name: pd.Series({"condition number": d.condition}) for name, d in designs.items()}
    columns = {name: pd.concat([d.table()["rse"], last[name]]) for name, d in designs.items()}
    return pd.DataFrame(columns).rename_axis(PARAMETER_DIM)


def _pairs(bound: BoundData) -> Iterator[tuple[int, int, str]]:
    """Yield each correlation of the model: two effects and its label."""
    names = [e.parameter for e in bound.effects]
    for block in bound.blocks:
        for j, b in enumerate(block):
            for a in block[:j]:
                yield a, b, corr_label(names[a], names[b])


def _estimated(bound: BoundData) -> Iterator[str]:
    shapes = {shape_label(name) for name in bound.population}
    for label, value in stated_priors(bound).items():
        # A shape has no effect where predictions are linearised: all random effects are 0.
        if isinstance(value, PriorSpec) and label not in shapes:
            yield label
    yield from (label for _, _, label in _pairs(bound))


def _values(bound: BoundData, given: Mapping[str, float]) -> dict[str, float]:
    known = stated_point(bound) | {label: 0.0 for _, _, label in _pairs(bound)}
    for a, b, label in _pairs(bound):
        names = bound.effects[a].parameter, bound.effects[b].parameter
        mirrored = corr_label(names[1], names[0])
        if mirrored in given:
            given = {(label if k == mirrored else k): value for k, value in given.items()}
    issues = [*_problems(known, given), *_out_of_bounds(bound, given)]
    if issues:
        raise CheckError(issues)
    return known | dict(given)


def _problems(known: Mapping[str, float], given: Mapping[str, float]) -> Iterator[Issue]:
    for label, value in given.items():
        where = f"point.{label}"
        if label not in known:
            what, remedy = "the model has no such parameter", "it has " + ", ".join(known)
            yield Issue(where=where, what=what, remedy=remedy)
        elif parse_label(label).kind in _SCALES and not 0 <= value < np.inf:
            yield Issue(
                where=where, what=f"{value} is not a scale", remedy="give a value of at least 0"
            )
        elif parse_label(label).kind == "corr" and not abs(value) < 1:
            remedy = "give a value between -1 and 1"
            yield Issue(where=where, what=f"{value} is not a correlation", remedy=remedy)


def _out_of_bounds(bound: BoundData, given: Mapping[str, float]) -> Iterator[Issue]:
    """Yield an issue for each typical value that its prior, or its parameter, does not allow."""
    priors = stated_priors(bound)
    for label in [k for k in given if k in bound.population and k in priors]:
        low, high = sampled_bounds(bound.population[label])
        prior, value = priors[label], given[label]
        support = prior_support(prior) if isinstance(prior, PriorSpec) else None
        if support is not None:
            low, high = max(low, support[0]), min(high, support[1])
        if not low < value < high:
            between = f"between {low:g} and {high:g}" if high < np.inf else f"above {low:g}"
            what = f"{value:g} is out of its range"
            yield Issue(where=f"point.{label}", what=what, remedy=f"give a value {between}")


def _one_draw(bound: BoundData, values: Mapping[str, float]) -> PopulationDraws:
    names = tuple(e.parameter for e in bound.effects)
    moments = tuple(e.parameter for e in bound.occasion_effects)
    read = {k: parse_label(k) for k in values}
    residuals = tuple(x.parts[0] for x in read.values() if x.kind == "sigma")
    correlation = np.eye(len(names))
    for a, b, label in _pairs(bound):
        correlation[a, b] = correlation[b, a] = values[label]
    fixed = [k for k, x in read.items() if x.kind in ("typical", "beta", "shape")]
    priors = stated_priors(bound)
    return PopulationDraws(
        shared={k: np.array([values[k]]) for k in fixed},
        sampled=tuple(k for k in fixed if isinstance(priors[k], PriorSpec)),
        effects=names,
        omega=np.array([[values[omega_label(n)] for n in names]]),
        correlation=correlation[None],
        occasion_effects=moments,
        omega_iov=np.array([[values[omega_iov_label(n)] for n in moments]]),
        residuals=residuals,
        sigma=np.array([[values[sigma_label(r)] for r in residuals]]),
        occasions=bound.occasions,
    )


def _information(
    bound: BoundData, draws: PopulationDraws, subject: LinearSubject, labels: tuple[str, ...]
) -> FloatArray:
    """Return the information of one subject, in separate blocks for fixed effects and variances."""
    size = len(labels)
    matrix = np.zeros((size, size))
    if not subject.outputs.size:
        return matrix
    inverse = np.linalg.inv(subject.variance(draws))
    fixed = [i for i, label in enumerate(labels) if label in subject.fixed]
    if fixed:
        a = np.stack([subject.fixed[labels[i]] for i in fixed], axis=1)
        matrix[np.ix_(fixed, fixed)] = a.T @ inverse @ a
    slopes = dict(_variance_slopes(bound, draws, subject))
    others = [i for i, label in enumerate(labels) if label in slopes]
    weighted = np.stack([inverse @ slopes[label] for label in slopes])
    flat, turned = (x.reshape(len(slopes), -1) for x in (weighted, weighted.transpose(0, 2, 1)))
    variances = _with_tails(bound, draws, list(slopes), 0.5 * flat @ turned.T)
    places = [list(slopes).index(labels[i]) for i in others]
    matrix[np.ix_(others, others)] = variances[np.ix_(places, places)]
    return matrix


def _with_tails(
    bound: BoundData, draws: PopulationDraws, names: list[str], information: FloatArray
) -> FloatArray:
    """Return the information on variances, corrected for residual errors that are not normal.

    A normal distribution, from which ``information`` is computed, has more information on the
    scale. The score of a second parameter (degrees of freedom) is a multiple of that of the scale
    plus an orthogonal term for the shape of the tails.
    """
    mixed, rest = np.eye(len(names)), np.zeros(len(names))
    for labels, own, scale in _not_normal(bound, draws):
        places = [names.index(label) for label in labels]
        s, normal = places[0], 2 / scale**2
        mixed[s, s] = np.sqrt(own[0, 0] / normal)
        for k, d in enumerate(places[1:], start=1):
            mixed[d] = own[0, k] / own[0, 0] * mixed[s]
            rest[d] = (own[k, k] - own[0, k] ** 2 / own[0, 0]) * information[s, s] / normal
    return mixed @ information @ mixed.T + np.diag(rest)


def _not_normal(
    bound: BoundData, draws: PopulationDraws
) -> Iterator[tuple[list[str], FloatArray, float]]:
    """Yield labels, information and scale of each residual error that is not normal."""
    for endpoint, observed in bound.spec.observe.items():
        if observed.error is None:
            continue
        residual = residual_of(bound.spec, endpoint, draws.residuals, draws.sigma)
        scales = {key: float(values[0]) for key, values in residual.scales.items()}
        own = residual.form.scale_information(scales)
        if own is not None:
            keys = residual.form.keys
            labels = [f"sigma[{endpoint}{'' if len(keys) == 1 else '.' + key}]" for key in keys]
            yield labels, own, scales[keys[0]]


def _variance_slopes(
    bound: BoundData, draws: PopulationDraws, subject: LinearSubject
) -> Iterator[tuple[str, FloatArray]]:
    """Yield the derivative of the covariance of a subject's data by each variance parameter."""
    z, omega, correlation = subject.eta, draws.omega[0], draws.correlation[0]
    for a, name in enumerate(draws.effects):
        half = np.outer(z[:, a], z @ (correlation[a] * omega))
        yield omega_label(name), half + half.T
    for a, b, label in _pairs(bound):
        half = omega[a] * omega[b] * np.outer(z[:, a], z[:, b])
        yield label, half + half.T
    for q, name in enumerate(draws.occasion_effects):
        moved = subject.kappa[:, :, q]
        yield omega_iov_label(name), 2 * draws.omega_iov[0, q] * moved @ moved.T
    sigma = draws.sigma[0]
    for i, name in enumerate(draws.residuals):
        step = _RELATIVE_STEP * max(abs(sigma[i]), 1e-3)
        up, down = sigma.copy(), sigma.copy()
        up[i], down[i] = up[i] + step, down[i] - step
        change = residual_spread(bound, draws, subject.outputs, subject.predicted, up)
        change = change - residual_spread(bound, draws, subject.outputs, subject.predicted, down)
        yield sigma_label(name), np.diag(change / (2 * step))
