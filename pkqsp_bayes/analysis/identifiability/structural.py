"""The first rung: which individual parameters any data of a design could tell, however many.

The sensitivities of the Taylor coefficients of all observed outputs, after a dose by each of the
design's routes, are computed at random points in ball arithmetic. Their rank is proven from below
(a pivot that is not zero is not zero), and from above with probability one: at random points all
else vanishes to tens of digits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, ctx

from pkqsp_bayes.analysis.identifiability.nullspace import (
    NullSpace,
    PrecisionError,
    invariants,
    null_space,
    product_text,
    sum_text,
)
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.engine.typical_individual import typical_values
from pkqsp_bayes.ode.chain import needed_links
from pkqsp_bayes.ode.jets import NotAnalyticError
from pkqsp_bayes.ode.series import Experiment, series_rows
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import Timeline

__all__ = ["Ambiguity", "Structural", "experiments_of", "structural_rank"]

_BITS = 384
_MOST_BITS = 6000
_SPREAD = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """Parameters that can change together without any output to show it.

    Parameters
    ----------
    parameters : tuple of str
        Those that change.
    dimension : int
        In how many ways.
    identified : tuple of str
        Products of powers, or sums, that do not change: what the outputs tell. Empty if nothing
        is told, or what is told is neither.
    text : str
        The same in a sentence.
    products : bool
        Whether what is told are products: factors common to all subjects are lost then, but not
        how subjects differ by factors.
    """

    parameters: tuple[str, ...]
    dimension: int
    identified: tuple[str, ...]
    text: str
    products: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Structural:
    """Local structural identifiability of the individual parameters.

    Parameters
    ----------
    parameters : tuple of str
        All of them.
    rank : int
        Dimension of what the outputs tell; -1 if it could not be decided.
    ambiguities : tuple of Ambiguity
        What they do not tell.
    order, bits : int
        Coefficients of each output; precision of the decision.
    problem : str
        Why it could not be decided.
    """

    parameters: tuple[str, ...]
    rank: int
    ambiguities: tuple[Ambiguity, ...] = ()
    order: int = 0
    bits: int = 0
    problem: str = ""

    def ambiguity_of(self, parameter: str) -> Ambiguity | None:
        """Return the ambiguity that a parameter is part of, or None."""
        return next((a for a in self.ambiguities if parameter in a.parameters), None)


def structural_rank(
    model: CompiledModel, study: Study, *, outputs: Sequence[str] = (), seed: int = 1
) -> Structural:
    """Decide which individual parameters the outputs of a design tell.

    Parameters
    ----------
    model : CompiledModel
        Without occasions.
    study : Study
        Gives routes, doses and covariates; sampling times play no part.
    outputs : sequence of str
        Which are observed; by default all that have a residual error.
    seed : int
        Of the random points.

    Returns
    -------
    Structural
        Local: another, distant set of values with the same outputs (as in flip-flop kinetics) is
        not found. Typical values are moved at random, so that the result is that of almost all
        values, not of special ones.

    Notes
    -----
    Pohjanpalo 1978, Math Biosci 41:21-33; Sedoglavic 2002, J Symb Comput 33:735-755. Each dose is
    watched on its own from a start without drug: what a nonlinear system tells by superposition
    of doses, or after the end of an infusion, is not looked at.
    """
    lowered = model.lowered
    names = lowered.parameters
    if not names:
        return Structural(parameters=(), rank=0)
    rng = np.random.default_rng(seed)
    order = 2 * len(names) + 10
    longest = max(order, len(lowered.states) + len(names) + 1)
    try:
        problem = _Problem.of(model, study, outputs, rng)
        found, bits = problem.decide(order)
        if found[0].rank < len(names) and longest > order:
            order = longest
            found, bits = problem.decide(order)
    except (NotAnalyticError, PrecisionError) as error:
        why = str(error) or "the numbers cancel beyond the greatest precision"
        return Structural(parameters=names, rank=-1, problem=f"no decision: {why}")
    return Structural(
        parameters=names,
        rank=found[0].rank,
        ambiguities=tuple(_ambiguities(problem, found)),
        order=order,
        bits=bits,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Problem:
    """What is computed: experiments at covariates, at two random points."""

    model: CompiledModel
    experiments: tuple[tuple[Experiment, Mapping[str, float]], ...]
    outputs: tuple[int, ...]
    points: tuple[tuple[float, ...], ...]
    columns: tuple[int, ...]

    @classmethod
    def of(
        cls, model: CompiledModel, study: Study, outputs: Sequence[str], rng: np.random.Generator
    ) -> "_Problem":
        ode = model.lowered
        observed = [n for n, o in model.spec.observe.items() if o.error is not None]
        typical = typical_values(model, {})
        size = len(typical)
        centre = np.where(typical == 0.0, rng.uniform(0.5, 1.5, size), typical)
        points = tuple(tuple(centre * np.exp(_SPREAD * rng.normal(size=size))) for _ in range(2))
        return cls(
            model=model,
            experiments=tuple(experiments_of(model, study)),
            outputs=tuple(ode.output_names.index(n) for n in (outputs or observed)),
            points=points,
            columns=_columns(model),
        )

    def decide(self, order: int) -> tuple[list[NullSpace], int]:
        """Return the null space at each point, at the precision that it takes."""
        bits = _BITS
        while True:
            try:
                return [self._null_space(point, order, bits) for point in self.points], bits
            except PrecisionError:
                bits *= 2
                if bits > _MOST_BITS:
                    raise

    def _null_space(self, point: tuple[float, ...], order: int, bits: int) -> NullSpace:
        rows: list[list[arb]] = []
        for experiment, covariates in self.experiments:
            found = series_rows(
                self.model.lowered, experiment, point, covariates, self.outputs,
                order=order, bits=bits,
            )  # fmt: skip
            rows += found.slopes
        with ctx.workprec(bits):
            scaled = [[x * p for x, p in zip(row, point, strict=True)] for row in rows]
            return null_space(scaled, self.columns)


def _columns(model: CompiledModel) -> tuple[int, ...]:
    """Order in which columns become pivots: those of doses alone last."""
    names = model.ode.parameters
    dynamic = {
        j for c in model.lowered.coefficients if c.symbol in _used(model) for j, _ in c.gradient
    }
    return tuple(sorted(range(len(names)), key=lambda j: (j not in dynamic, j)))


def _used(model: CompiledModel) -> set[object]:
    """Coefficients of equations and outputs."""
    ode = model.lowered
    rows = (*ode.rhs.values, *ode.outputs.values)
    links = needed_links(rows, ode.links).values()
    return {s for e in (*rows, *links) for s in e.free_symbols}


def experiments_of(
    model: CompiledModel, study: Study
) -> Iterator[tuple[Experiment, dict[str, float]]]:
    """Yield each way in which the study doses, at one or two sets of covariates.

    Parameters
    ----------
    model : CompiledModel
        Without occasions.
    study : Study
        Its doses.
    """
    lines = subject_timelines(model, study)
    kinds: dict[tuple[str, int], Experiment] = {}
    for line in lines:
        if _waits(line):
            kinds.setdefault(("none", 0), Experiment(kind="none"))
        for i in np.flatnonzero((line.evid == 1) | (line.evid == 4)):
            dose = _experiment(line, int(i))
            kinds.setdefault((dose.kind, dose.target), dose)
    for experiment in kinds.values():
        for values in _covariate_points(model, lines):
            yield experiment, values


def _waits(line: Timeline) -> bool:
    """Return whether something is watched before the first dose, or without any."""
    doses = np.flatnonzero((line.evid == 1) | (line.evid == 4))
    before = line.evid[: doses[0]] if doses.size else line.evid
    return bool((before == 0).any())


def _experiment(line: Timeline, i: int) -> Experiment:
    rate, target = float(line.rate[i]), int(line.dose[i])
    # A steady-state infusion that never ends has no amount: any other will do.
    amount = float(line.amount[i]) or 1.0
    if rate > 0:
        return Experiment(kind="infusion", target=target, amount=amount, rate=rate)
    if rate == 0:
        return Experiment(kind="bolus", target=target, amount=amount)
    return Experiment(kind="rate" if rate == -1 else "duration", target=target, amount=amount)


def _covariate_points(model: CompiledModel, lines: Sequence[Timeline]) -> list[dict[str, float]]:
    """Return the covariates of the first record, and of that which differs most from it."""
    ode = model.lowered
    names = [*ode.fixed_covariates, *(c.name for c in ode.varying_covariates)]
    if not names:
        return [{}]
    rows = np.concatenate([np.hstack([np.tile(x.fixed, (len(x.time), 1)), x.own]) for x in lines])
    spread = np.ptp(rows, axis=0)
    distance = (np.abs(rows - rows[0]) / np.where(spread > 0, spread, 1.0)).sum(axis=1)
    chosen = [0] if distance.max() == 0 else [0, int(distance.argmax())]
    return [dict(zip(names, map(float, rows[i]), strict=True)) for i in chosen]


def _ambiguities(problem: _Problem, found: Sequence[NullSpace]) -> Iterator[Ambiguity]:
    first, second = found
    if not first.vectors:
        return
    for vectors in _components(first.vectors):
        group = sorted(
            {j for v in vectors for j in _moved(first.vectors[v])}, key=problem.columns.index
        )
        names = [problem.model.ode.parameters[j] for j in group]
        told, products = _told(problem, (first, second), vectors, group, names)
        yield _worded(names, len(vectors), told, products)


def _moved(vector: Sequence[arb]) -> list[int]:
    return [j for j, x in enumerate(vector) if 0 not in x]


def _components(vectors: Sequence[Sequence[arb]]) -> list[list[int]]:
    """Sort directions into groups that share no parameter."""
    groups: list[tuple[list[int], set[int]]] = []
    for i, vector in enumerate(vectors):
        moved = set(_moved(vector))
        touching = [g for g in groups if g[1] & moved]
        groups = [g for g in groups if not g[1] & moved]
        members = [k for g in touching for k in g[0]] + [i]
        groups.append((sorted(members), moved.union(*(g[1] for g in touching))))
    return [members for members, _ in groups]


def _told(
    problem: _Problem,
    found: Sequence[NullSpace],
    vectors: Sequence[int],
    group: Sequence[int],
    names: Sequence[str],
) -> tuple[list[str] | None, bool]:
    """Return what does not change, in the same form at both points, and whether it is products."""
    if len(found[1].vectors) != len(found[0].vectors):
        return None, False
    products = [invariants([f.vectors[v] for v in vectors], group) for f in found]
    if products[0] is not None and products[0] == products[1]:
        return [product_text(names, row) for row in products[0]], True
    sums = [
        invariants([_natural(f, v, point) for v in vectors], group)
        for f, point in zip(found, problem.points, strict=True)
    ]
    if sums[0] is not None and sums[0] == sums[1]:
        return [sum_text(names, row) for row in sums[0]], False
    return None, False


def _natural(found: NullSpace, v: int, point: Sequence[float]) -> list[arb]:
    """Return a direction in the parameters themselves, 1 where it was 1 in their logarithms."""
    with ctx.workprec(_BITS):
        unit = arb(point[found.free[v]])
        return [x * p / unit for x, p in zip(found.vectors[v], point, strict=True)]


def _worded(
    names: Sequence[str], dimension: int, told: list[str] | None, products: bool
) -> Ambiguity:
    together = _listed(names)
    if len(names) == dimension:
        verb = "has" if dimension == 1 else "have"
        text = f"{together} {verb} no effect on what is observed"
        return Ambiguity(parameters=tuple(names), dimension=dimension, identified=(), text=text)
    if told is None:
        count = len(names) - dimension
        text = (
            f"{together} change together: {count} function{'s' if count > 1 else ''} of them "
            f"{'are' if count > 1 else 'is'} identified, neither a product of powers nor a sum"
        )
    else:
        verb = "is" if len(told) == 1 else "are"
        text = f"{together} change together: only {_listed(told)} {verb} identified"
    return Ambiguity(
        parameters=tuple(names),
        dimension=dimension,
        identified=tuple(told or ()),
        text=text,
        products=products,
    )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
