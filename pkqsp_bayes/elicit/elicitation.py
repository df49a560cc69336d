"""Conversion of a file of statements to a prior table, with a report on the agreement."""

import dataclasses
import hashlib
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.arguments import SEED, checked, count, instance
from pkqsp_bayes.elicit.beliefs import Belief, convert_statements, find_contradiction
from pkqsp_bayes.elicit.expert import check_beliefs, fit_belief_priors
from pkqsp_bayes.elicit.families import round_prior
from pkqsp_bayes.elicit.predictive_statements import MOVABLE, Match, match_predictions
from pkqsp_bayes.elicit.qsp import DerivedPriors, derive_priors
from pkqsp_bayes.elicit.question import Robustness
from pkqsp_bayes.elicit.statements import MechanismStatement, PredictiveStatement, Statements
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.library import load_model
from pkqsp_bayes.spec.identifiers import nearest, suggest
from pkqsp_bayes.spec.labels import parse_label
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.model import ModelSpec, dose_numbers
from pkqsp_bayes.spec.prior_table import PriorEntry, PriorTable, merge_tables
from pkqsp_bayes.spec.priors.addresses import stated_values, with_values
from pkqsp_bayes.spec.priors.apply_priors import replace_priors
from pkqsp_bayes.spec.priors.check_priors import unknown_address
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec, Provenance
from pkqsp_bayes.spec.reading.toml import format_model

__all__ = ["Elicitation", "elicit_priors"]

FloatArray = NDArray[np.float64]

UNMET = 0.03
"""Largest error of a probability at which a statement counts as met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """One row of the report."""

    statement: str
    mass: float
    reached: float
    error: float
    before: float = math.nan
    lower: float = math.nan
    upper: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Elicitation:
    """A prior table, and its agreement with the statements.

    Parameters
    ----------
    table : PriorTable
        The priors, with provenance.
    report : DataFrame
        One row per statement: ``statement``, the stated ``mass`` and the mass ``reached`` (between
        the outer values), ``error``, the largest error of its probabilities. For predictions also
        the quantiles ``lower`` and ``upper`` that were reached, and ``before``, the mass under the
        original priors.
    issues : tuple of Issue
        Warnings about statements that are not met.
    beliefs : tuple of Belief
        Statements on parameters, as cumulative probabilities.
    model : ModelSpec, str or Path
        The original model, its name or its file.
    statements : Statements
        The statements.
    predictions : (K, N) array
        For statements on predictions: summaries of the virtual subjects.
    derived : tuple of DerivedPriors
        Derived priors of the mechanisms.
    """

    table: PriorTable
    report: pd.DataFrame
    issues: tuple[Issue, ...]
    beliefs: tuple[Belief, ...]
    model: ModelSpec
    statements: Statements
    predictions: FloatArray
    derived: tuple[DerivedPriors, ...]


_STATEMENTS = instance(
    Statements, wanted="give Statements, such as pkqsp_bayes.read_statements returns"
)


@checked(model=MODEL, statements=_STATEMENTS, subjects=count(), seed=SEED)
def elicit_priors(
    model: ModelLike, statements: Statements, *, subjects: int = 512, seed: int = 1
) -> Elicitation:
    """Convert statements of experts, and mechanisms, to a prior table.

    Parameters
    ----------
    model : ModelSpec, str or Path
        Model, its name or its file. Its priors are the initial priors for statements on
        predictions; the model is not changed.
    statements : Statements
        Statements, as from `read_statements`.
    subjects, seed : int
        Number of virtual subjects of the prior predictive distribution, and their seed.

    Raises
    ------
    CheckError
        With all problems of the statements, including contradictions between them.
    ToolchainError
        If a range is stated and PreliZ is not installed.

    Examples
    --------
    >>> from pkqsp_bayes.elicit.statements import parse_statements
    >>> from pkqsp_bayes.library import load_model
    >>> stated = parse_statements('quantiles = [{ of = "KbMU", at = { "0.05" = 1, "0.95" = 4 } }]')
    >>> prior = elicit_priors(load_model("mavoglurant"), stated).table.priors["KbMU"].prior
    >>> prior.family, [round(value, 3) for value in prior.args]
    ('lognormal', [0.693, 0.421])
    """
    model = as_model(model)
    beliefs = convert_statements(statements)
    issues = [*check_beliefs(model, beliefs), *_check_predictions(model, statements)]
    issues += _check_mechanisms(model, statements)
    if issues:
        raise CheckError(issues)
    entries = fit_belief_priors(model, beliefs, date=statements.date)
    derived = tuple(_derived(statement, statements.date) for statement in statements.mechanism)
    table = merge_tables(*(found.table for found in derived), PriorTable(priors=entries))
    informed = replace_priors(model, table)
    rows = [_belief_row(belief, entries[belief.of].prior) for belief in beliefs]
    predictions = np.zeros((0, subjects))
    if statements.predictive:
        informed = _ready_to_move(informed)
        adjust = statements.adjust or _movable(informed, entries)
        match = match_predictions(
            informed, statements.predictive, adjust, subjects=subjects, seed=seed
        )
        found = list(_prediction_rows(statements.predictive, match))
        moved = _matched(informed, match, statements, found, seed, subjects)
        table = merge_tables(table, PriorTable(priors=moved))
        rows, predictions = rows + found, match.after
    return Elicitation(
        table=dataclasses.replace(table, title=statements.title),
        report=pd.DataFrame([dataclasses.asdict(row) for row in rows]),
        issues=tuple(_unmet(rows)),
        beliefs=tuple(beliefs),
        model=model,
        statements=statements,
        predictions=predictions,
        derived=derived,
    )


def _check_mechanisms(model: ModelSpec, statements: Statements) -> list[Issue]:
    found = [
        unknown_address(model, statement.parameter, f"mechanism[{k}].parameter")
        for k, statement in enumerate(statements.mechanism)
        if "typical" in statement.parts
    ]
    return [issue for issue in found if issue is not None]


def _derived(statement: MechanismStatement, date: str) -> DerivedPriors:
    return derive_priors(
        load_model(statement.model),
        factor=statement.factor,
        parameter=statement.parameter,
        covariate=statement.covariate,
        groups=statement.groups or None,
        scale=statement.scale,
        parts=statement.parts,
        joint=statement.joint,
        robustness=Robustness(
            discount=statement.discount, weight=statement.weight, vague_sd=statement.vague_sd
        ),
        outer=statement.outer,
        inner=statement.inner,
        seed=statement.seed,
        settle=statement.settle,
        frequencies=statement.frequencies or None,
        date=date,
    )


def _movable(model: ModelSpec, spoken_of: Collection[str]) -> tuple[str, ...]:
    """Return the typical values whose priors may be adjusted by default."""
    return tuple(
        name
        for name, prior in stated_values(model).items()
        if name in model.population.parameters
        and name not in spoken_of
        and isinstance(prior, PriorSpec)
        and prior.family in MOVABLE
    )


def _ready_to_move(model: ModelSpec) -> ModelSpec:
    """Replace undefined priors (``from_qsp``) by vague ones, so that parameters can be drawn."""
    wide = {
        name: PriorSpec(family="half_normal", args=(0.5,))
        for name, prior in stated_values(model).items()
        if parse_label(name).kind in ("omega", "omega_iov")
        and isinstance(prior, PriorSpec)
        and prior.family == "from_qsp"
    }
    return with_values(model, wide)


def _check_predictions(model: ModelSpec, statements: Statements) -> list[Issue]:
    issues = []
    stated = stated_values(model)
    for k, statement in enumerate(statements.predictive):
        where = f"predictive[{k}]"
        issues += [Issue(where=where, what=w, remedy=r) for w, r in _problems(model, statement)]
    for name in statements.adjust:
        prior = stated.get(name)
        spoken = any(belief.of == name for belief in convert_statements(statements))
        if not spoken and not (isinstance(prior, PriorSpec) and prior.family in MOVABLE):
            guess = nearest(name, stated)
            what = f"the prior of {name!r} does not have a location and a scale"
            remedy = f"use one of the families {', '.join(MOVABLE)}"
            remedy = remedy if name in stated or not guess else f"did you mean {guess}?"
            issues.append(Issue(where="adjust", what=what, remedy=remedy))
    return issues or list(_contradictions(statements.predictive))


def _problems(model: ModelSpec, statement: PredictiveStatement) -> Iterator[tuple[str, str]]:
    if statement.output not in model.observe:
        remedy = suggest(statement.output, model.observe)
        yield f"the model does not have an output {statement.output!r}", remedy
    if not statement.lower < statement.upper:
        yield (
            f"lower is {statement.lower:g} and upper is {statement.upper:g}",
            "lower must be below upper",
        )
    if not 0 < statement.mass < 1:
        yield f"the mass is {statement.mass:g}", "it must be between 0 and 1"
    if not statement.times or min(statement.times) < 0:
        yield "there are no times, or negative ones", "state the times of the prediction"
    if (
        statement.dose < 0
        or statement.duration < 0
        or statement.interval < 0
        or statement.doses < 1
    ):
        yield "a dose, duration, interval or number of doses is negative", "correct it"
    targets = dose_numbers(model)
    if statement.dose and (statement.to not in targets if statement.to else len(targets) != 1):
        yield f"{statement.to!r} is not a dosing compartment", "use one of " + ", ".join(targets)
    for name, covariate in model.covariates.items():
        if covariate.reference is None and name not in statement.covariates:
            yield (
                f"the covariate {name} of the subject has no value",
                f"state covariates = {{ {name} = ... }}",
            )
    for name in statement.covariates.keys() - model.covariates.keys():
        yield f"the model does not have a covariate {name!r}", "remove it"


def _contradictions(statements: Sequence[PredictiveStatement]) -> Iterator[Issue]:
    """Return contradictions between statements on the same prediction."""
    groups: dict[str, list[Belief]] = {}
    for statement in statements:
        about = dataclasses.replace(statement, lower=0.0, upper=1.0, mass=0.5)
        groups.setdefault(repr(about), []).append(_belief(statement))
    for group in groups.values():
        what = find_contradiction(group)
        if what:
            where = f"predictive statements on {group[0].of}"
            yield Issue(
                where=where, what=what, remedy="correct one of the contradictory statements"
            )


def _belief(statement: PredictiveStatement) -> Belief:
    tail = (1 - statement.mass) / 2
    return Belief(
        of=statement.output,
        family="",
        text=_describe_prediction(statement),
        method="predictive",
        points=np.array([statement.lower, statement.upper]),
        probabilities=np.array([tail, 1 - tail]),
        problems=(),
    )


def _describe_prediction(statement: PredictiveStatement) -> str:
    after = f" after {statement.dose:g}" if statement.dose else ""
    return (
        f"{statement.summary} of {statement.output}{after} "
        f"between {statement.lower:g} and {statement.upper:g} with {statement.mass:g}"
    )


def _belief_row(belief: Belief, prior: PriorSpec) -> _Met:
    """Compare the probabilities; of a range only its mass, because its tails are not stated."""
    reached = distribution(prior).cdf(belief.points)
    wanted = belief.probabilities
    mass, found = float(wanted[-1] - wanted[0]), float(reached[-1] - reached[0])
    worst = float(np.abs(reached - wanted).max())
    return _Met(
        statement=f"{belief.of}: {belief.text}",
        mass=mass,
        reached=found,
        error=abs(found - mass) if belief.method == "range" else worst,
    )


def _prediction_rows(statements: Sequence[PredictiveStatement], match: Match) -> Iterator[_Met]:
    for statement, before, after in zip(statements, match.before, match.after, strict=True):
        tail, reached = (1 - statement.mass) / 2, _within(statement, after)
        low, high = np.quantile(after, [tail, 1 - tail])
        yield _Met(
            statement=_describe_prediction(statement),
            mass=statement.mass,
            reached=reached,
            error=abs(reached - statement.mass),
            before=_within(statement, before),
            lower=float(low),
            upper=float(high),
        )


def _within(statement: PredictiveStatement, values: FloatArray) -> float:
    return float(((values >= statement.lower) & (values <= statement.upper)).mean())


def _matched(
    model: ModelSpec,
    match: Match,
    statements: Statements,
    rows: Sequence[_Met],
    seed: int,
    subjects: int,
) -> dict[str, PriorEntry]:
    provenance = Provenance(
        method="predictive",
        source="; ".join(_describe_prediction(statement) for statement in statements.predictive),
        model_hash=hashlib.sha256(format_model(model).encode()).hexdigest(),
        seed=seed,
        outer=subjects,
        inner=1,
        date=statements.date,
        fit={f"{row.statement}: reached": round(row.reached, 4) for row in rows},
    )
    before = stated_values(model)
    return {
        name: PriorEntry(
            prior=round_prior(prior.family, prior.args),
            provenance=dataclasses.replace(
                provenance, family=prior.family, note=f"moved from {before[name]}"
            ),
        )
        for name, prior in match.priors.items()
    }


def _unmet(rows: Sequence[_Met]) -> Iterator[Issue]:
    for row in rows:
        if row.error > UNMET:
            yield Issue(
                severity="warning",
                where=row.statement,
                what=f"the priors differ from a stated probability by {row.error:.1%}",
                remedy="state another family, or none; adjust more parameters (adjust)",
            )
