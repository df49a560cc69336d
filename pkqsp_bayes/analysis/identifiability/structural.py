"""Structural identifiability of the individual parameters, level one of identifiability.

The sensitivities of the Taylor coefficients of all observed outputs, after a dose by each route of
the design, are computed at random points in ball arithmetic. A pivot whose ball excludes zero
proves a lower bound of the rank. The upper bound holds with probability one: at random points the
remaining elements are zero to tens of digits.
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
from pkqsp_bayes.ode.jets import NotAnalyticError
from pkqsp_bayes.ode.lowering.chain import needed_links
from pkqsp_bayes.ode.series import Experiment, series_rows
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import Timeline

__all__ = ["Ambiguity", "Structural", "experiments_of", "structural_rank"]

_BITS = 384
_MOST_BITS = 6000
_SPREAD = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """Parameters that can change together without a change of any output.

    Parameters
    ----------
    parameters : tuple of str
        Parameters that change.
    dimension : int
        Number of independent directions.
    identified : tuple of str
        Products of powers, or sums, that do not change: the identifiable combinations. Empty if
        there are none, or if they have another form.
    text : str
        The result as a sentence.
    products : bool
        Whether the identifiable combinations are products. Then factors common to all subjects are
        not identifiable, but ratios between subjects are.
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
        All individual parameters.
    rank : int
        Number of identifiable dimensions; -1 if undecided.
    ambiguities : tuple of Ambiguity
        Parameters that are not identifiable.
    order, bits : int
        Number of coefficients of each output; precision of the computation.
    problem : str
        Reason why there is no decision.
    """

    parameters: tuple[str, ...]
    rank: int
    ambiguities: tuple[Ambiguity, ...] = ()
    order: int = 0
    bits: int = 0
    problem: str = ""

    def ambiguity_of(self, parameter: str) -> Ambiguity | None:
        """Return the ambiguity to which a parameter belongs, or None."""
        return next((a for a in self.ambiguities if parameter in a.parameters), None)


def structural_rank(
    model: CompiledModel, study: Study, *, outputs: Sequence[str] = (), seed: int = 1
) -> Structural:
    """Determine which individual parameters are identifiable from the outputs of a design.

    Parameters
    ----------
    model : CompiledModel
        Model without occasions.
    study : Study
        Source of routes, doses and covariates; sampling times have no effect.
    outputs : sequence of str
        Observed outputs; by default all with a residual error.
    seed : int
        Seed of the random points.

    Returns
    -------
    Structural
        Local identifiability: distant values with the same outputs (as in flip-flop kinetics) are
        not found. Typical values are changed at random, so that the result holds for almost all
        values, not for special ones.

    Notes
    -----
    Pohjanpalo 1978, Math Biosci 41:21-33; Sedoglavic 2002, J Symb Comput 33:735-755. Each dose is
    analysed separately, from initial values without drug. Information from successive doses in a
    nonlinear system, or after the end of an infusion, is not included.
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
        why = str(error) or "cancellation exceeds the highest precision"
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
    """Experiments at sets of covariates, and two random points at which they are computed."""

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
        """Return the null space at each point, and the precision that was necessary."""
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
    """Return the order in which columns become pivots; parameters of doses only come last."""
    names = model.ode.parameters
    dynamic = {
        j for c in model.lowered.coefficients if c.symbol in _used(model) for j, _ in c.gradient
    }
    return tuple(sorted(range(len(names)), key=lambda j: (j not in dynamic, j)))


def _used(model: CompiledModel) -> set[object]:
    """Return the coefficients of equations and outputs."""
    ode = model.lowered
    rows = (*ode.rhs.values, *ode.outputs.values)
    links = needed_links(rows, ode.links).values()
    return {s for e in (*rows, *links) for s in e.free_symbols}


def experiments_of(
    model: CompiledModel, study: Study
) -> Iterator[tuple[Experiment, dict[str, float]]]:
    """Yield each kind of dose of the study, at one or two sets of covariates.

    Parameters
    ----------
    model : CompiledModel
        Model without occasions.
    study : Study
        Study with the doses.
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
    """Return whether there are observations before the first dose, or without any dose."""
    doses = np.flatnonzero((line.evid == 1) | (line.evid == 4))
    before = line.evid[: doses[0]] if doses.size else line.evid
    return bool((before == 0).any())


def _experiment(line: Timeline, i: int) -> Experiment:
    rate, target = float(line.rate[i]), int(line.dose[i])
    # A steady-state infusion without end has no amount: any amount is valid.
    amount = float(line.amount[i]) or 1.0
    if rate > 0:
        return Experiment(kind="infusion", target=target, amount=amount, rate=rate)
    if rate == 0:
        return Experiment(kind="bolus", target=target, amount=amount)
    return Experiment(kind="rate" if rate == -1 else "duration", target=target, amount=amount)


def _covariate_points(model: CompiledModel, lines: Sequence[Timeline]) -> list[dict[str, float]]:
    """Return the covariates of the first record, and of the record that differs most from it."""
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
        identified, products = _find_identified(problem, (first, second), vectors, group, names)
        yield _describe(names, len(vectors), identified, products)


def _moved(vector: Sequence[arb]) -> list[int]:
    return [j for j, x in enumerate(vector) if 0 not in x]


def _components(vectors: Sequence[Sequence[arb]]) -> list[list[int]]:
    """Sort directions into groups without common parameters."""
    groups: list[tuple[list[int], set[int]]] = []
    for i, vector in enumerate(vectors):
        moved = set(_moved(vector))
        touching = [g for g in groups if g[1] & moved]
        groups = [g for g in groups if not g[1] & moved]
        members = [k for g in touching for k in g[0]] + [i]
        groups.append((sorted(members), moved.union(*(g[1] for g in touching))))
    return [members for members, _ in groups]


def _find_identified(
    problem: _Problem,
    found: Sequence[NullSpace],
    vectors: Sequence[int],
    group: Sequence[int],
    names: Sequence[str],
) -> tuple[list[str] | None, bool]:
    """Return the invariants that agree at both points, and whether they are products."""
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
    """Return a direction in the parameters, scaled to 1 where it was 1 in their logarithms."""
    with ctx.workprec(_BITS):
        unit = arb(point[found.free[v]])
        return [x * p / unit for x, p in zip(found.vectors[v], point, strict=True)]


def _describe(
    names: Sequence[str], dimension: int, identified: list[str] | None, products: bool
) -> Ambiguity:
    together = _listed(names)
    if len(names) == dimension:
        verb = "has" if dimension == 1 else "have"
        text = f"{together} {verb} no effect on what is observed"
        return Ambiguity(parameters=tuple(names), dimension=dimension, identified=(), text=text)
    if identified is None:
        count = len(names) - dimension
        text = (
            f"{together} change together: {count} function{'s' if count > 1 else ''} of them "
            f"{'are' if count > 1 else 'is'} identified, neither a product of powers nor a sum"
        )
    else:
        verb = "is" if len(identified) == 1 else "are"
        text = f"{together} change together: only {_listed(identified)} {verb} identified"
    return Ambiguity(
        parameters=tuple(names),
        dimension=dimension,
        identified=tuple(identified or ()),
        text=text,
        products=products,
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
