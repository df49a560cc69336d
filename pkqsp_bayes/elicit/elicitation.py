"""From a file of statements to a prior table, with a report of how well each statement is met."""

import dataclasses
import hashlib
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.arguments import SEED, checked, count, instance
from pkqsp_bayes.elicit.beliefs import Belief, contradiction, stated_beliefs
from pkqsp_bayes.elicit.expert import believed_priors, check_beliefs
from pkqsp_bayes.elicit.families import rounded
from pkqsp_bayes.elicit.predictive_statements import MOVABLE, Match, match_predictions
from pkqsp_bayes.elicit.qsp import DerivedPriors, derive_priors
from pkqsp_bayes.elicit.question import Robustness
from pkqsp_bayes.elicit.statements import MechanismStatement, PredictiveStatement, Statements
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.library import load_model
from pkqsp_bayes.spec.addresses import stated_values, with_values
from pkqsp_bayes.spec.apply_priors import replace_priors
from pkqsp_bayes.spec.check_priors import unknown_address
from pkqsp_bayes.spec.distribution import distribution
from pkqsp_bayes.spec.dose_numbers import dose_numbers
from pkqsp_bayes.spec.identifiers import nearest
from pkqsp_bayes.spec.joint import Provenance
from pkqsp_bayes.spec.labels import parse_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.model_argument import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.prior_table import PriorEntry, PriorTable, merge_tables
from pkqsp_bayes.spec.toml import format_model

__all__ = ["Elicitation", "elicit_priors"]

FloatArray = NDArray[np.float64]

UNMET = 0.03
"""A statement of which a probability is missed by more than this is not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """A row of the report."""

    statement: str
    mass: float
    reached: float
    error: float
    before: float = math.nan
    lower: float = math.nan
    upper: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Elicitation:
    """A prior table, and how well it says what was stated.

    Parameters
    ----------
    table : PriorTable
        The priors, with provenance.
    report : DataFrame
        A row each statement: ``statement``, ``mass`` stated and ``reached`` (between the outer
        values), ``error``, the largest of its probabilities; of predictions the quantiles
        ``lower`` and ``upper`` that were reached, and ``before``, the mass with the priors that
        were there.
    issues : tuple of Issue
        Warnings of statements that are not met.
    beliefs : tuple of Belief
        Statements on parameters, as probabilities.
    model : ModelSpec, str or Path
        A model, its name or its file: the model, as it was.
    statements : Statements
        What was stated.
    predictions : (K, N) array
        Of the statements on predictions: summaries of the virtual subjects.
    derived : tuple of DerivedPriors
        Of the mechanisms.
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
    """Turn statements of experts, and mechanisms, into a prior table.

    Parameters
    ----------
    model : ModelSpec, str or Path
        A model, its name or its file. Its priors are where predictions begin from; it is not
        changed.
    statements : Statements
        As `read_statements` gives them.
    subjects, seed : int
        Virtual subjects of the prior predictive, and their seed.

    Raises
    ------
    CheckError
        With every problem of the statements, and where they contradict one another.
    ToolchainError
        If a range is stated and PreliZ is not installed.

    Examples
    --------
    >>> from pkqsp_bayes.elicit.statements import parse_statements
    >>> from pkqsp_bayes.library import load_model
    >>> said = parse_statements('quantiles = [{ of = "KbMU", at = { "0.05" = 1, "0.95" = 4 } }]')
    >>> prior = elicit_priors(load_model("mavoglurant"), said).table.priors["KbMU"].prior
    >>> prior.family, [round(value, 3) for value in prior.args]
    ('lognormal', [0.693, 0.421])
    """
    model = as_model(model)
    beliefs = stated_beliefs(statements)
    issues = [*check_beliefs(model, beliefs), *_check_predictions(model, statements)]
    issues += _check_mechanisms(model, statements)
    if issues:
        raise CheckError(issues)
    entries = believed_priors(model, beliefs, date=statements.date)
    derived = tuple(_derived(said, statements.date) for said in statements.mechanism)
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
        unknown_address(model, said.parameter, f"mechanism[{k}].parameter")
        for k, said in enumerate(statements.mechanism)
        if "typical" in said.parts
    ]
    return [issue for issue in found if issue is not None]


def _derived(said: MechanismStatement, date: str) -> DerivedPriors:
    return derive_priors(
        load_model(said.model),
        factor=said.factor,
        parameter=said.parameter,
        covariate=said.covariate,
        groups=said.groups or None,
        scale=said.scale,
        parts=said.parts,
        joint=said.joint,
        robustness=Robustness(discount=said.discount, weight=said.weight, vague_sd=said.vague_sd),
        outer=said.outer,
        inner=said.inner,
        seed=said.seed,
        settle=said.settle,
        frequencies=said.frequencies or None,
        date=date,
    )


def _movable(model: ModelSpec, spoken_of: Collection[str]) -> tuple[str, ...]:
    """Return the typical values whose priors predictions may move, if nobody says which."""
    return tuple(
        name
        for name, prior in stated_values(model).items()
        if name in model.population.parameters
        and name not in spoken_of
        and isinstance(prior, PriorSpec)
        and prior.family in MOVABLE
    )


def _ready_to_move(model: ModelSpec) -> ModelSpec:
    """Let what has no prior yet (``from_qsp``) begin wide, so that it can be drawn."""
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
    for k, said in enumerate(statements.predictive):
        where = f"predictive[{k}]"
        issues += [Issue(where=where, what=w, remedy=r) for w, r in _problems(model, said)]
    for name in statements.adjust:
        prior = stated.get(name)
        spoken = any(belief.of == name for belief in stated_beliefs(statements))
        if not spoken and not (isinstance(prior, PriorSpec) and prior.family in MOVABLE):
            guess = nearest(name, stated)
            what = f"{name!r} has no prior with a location and a scale"
            remedy = f"of the families {', '.join(MOVABLE)}"
            remedy = remedy if name in stated or not guess else f"did you mean {guess}?"
            issues.append(Issue(where="adjust", what=what, remedy=remedy))
    return issues or list(_contradictions(statements.predictive))


def _problems(model: ModelSpec, said: PredictiveStatement) -> Iterator[tuple[str, str]]:
    if said.output not in model.observe:
        guess = nearest(said.output, model.observe)
        remedy = f"did you mean {guess}?" if guess else "one of " + ", ".join(model.observe)
        yield f"the model has no output {said.output!r}", remedy
    if not said.lower < said.upper:
        yield f"lower is {said.lower:g} and upper is {said.upper:g}", "lower below upper"
    if not 0 < said.mass < 1:
        yield f"the mass is {said.mass:g}", "between 0 and 1"
    if not said.times or min(said.times) < 0:
        yield "there are no times, or negative ones", "state when it is looked at"
    if said.dose < 0 or said.duration < 0 or said.interval < 0 or said.doses < 1:
        yield "a dose, duration, interval or number of doses is negative", "correct it"
    targets = dose_numbers(model)
    if said.dose and (said.to not in targets if said.to else len(targets) != 1):
        yield f"there is no dose target {said.to!r}", "one of " + ", ".join(targets)
    for name, covariate in model.covariates.items():
        if covariate.reference is None and name not in said.covariates:
            yield f"nothing says what {name} the subject has", f"covariates = {{ {name} = ... }}"
    for name in said.covariates.keys() - model.covariates.keys():
        yield f"the model has no covariate {name!r}", "remove it"


def _contradictions(said: Sequence[PredictiveStatement]) -> Iterator[Issue]:
    """Statements on one and the same quantity must allow one another."""
    groups: dict[str, list[Belief]] = {}
    for statement in said:
        about = dataclasses.replace(statement, lower=0.0, upper=1.0, mass=0.5)
        groups.setdefault(repr(about), []).append(_belief(statement))
    for group in groups.values():
        told = contradiction(group)
        if told:
            where = f"predictive statements on {group[0].of}"
            yield Issue(where=where, what=told, remedy="they contradict one another")


def _belief(said: PredictiveStatement) -> Belief:
    tail = (1 - said.mass) / 2
    return Belief(
        of=said.output,
        family="",
        words=_words(said),
        method="predictive",
        points=np.array([said.lower, said.upper]),
        probabilities=np.array([tail, 1 - tail]),
        problems=(),
    )


def _words(said: PredictiveStatement) -> str:
    after = f" after {said.dose:g}" if said.dose else ""
    return (
        f"{said.summary} of {said.output}{after} "
        f"between {said.lower:g} and {said.upper:g} with {said.mass:g}"
    )


def _belief_row(belief: Belief, prior: PriorSpec) -> _Met:
    """Compare the probabilities; of a range its mass, since the tails are left open."""
    reached = distribution(prior).cdf(belief.points)
    wanted = belief.probabilities
    mass, found = float(wanted[-1] - wanted[0]), float(reached[-1] - reached[0])
    worst = float(np.abs(reached - wanted).max())
    return _Met(
        statement=f"{belief.of}: {belief.words}",
        mass=mass,
        reached=found,
        error=abs(found - mass) if belief.method == "range" else worst,
    )


def _prediction_rows(said: Sequence[PredictiveStatement], match: Match) -> Iterator[_Met]:
    for statement, before, after in zip(said, match.before, match.after, strict=True):
        tail, reached = (1 - statement.mass) / 2, _within(statement, after)
        low, high = np.quantile(after, [tail, 1 - tail])
        yield _Met(
            statement=_words(statement),
            mass=statement.mass,
            reached=reached,
            error=abs(reached - statement.mass),
            before=_within(statement, before),
            lower=float(low),
            upper=float(high),
        )


def _within(said: PredictiveStatement, values: FloatArray) -> float:
    return float(((values >= said.lower) & (values <= said.upper)).mean())


def _matched(
    model: ModelSpec,
    match: Match,
    statements: Statements,
    rows: Sequence[_Met],
    seed: int,
    subjects: int,
) -> dict[str, PriorEntry]:
    account = Provenance(
        method="predictive",
        source="; ".join(_words(said) for said in statements.predictive),
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
            prior=rounded(prior.family, prior.args),
            provenance=dataclasses.replace(
                account, family=prior.family, note=f"moved from {before[name]}"
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
                what=f"the priors miss a probability of it by {row.error:.1%}",
                remedy="another family, or none; let more parameters move (adjust)",
            )
