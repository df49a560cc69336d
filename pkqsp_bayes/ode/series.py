"""Outputs as power series in time after a dose, with their derivatives by every parameter.

An output of an analytic system is known for all times when its Taylor coefficients are: two
parameter vectors that give the same coefficients give the same curve (Pohjanpalo 1978, Math Biosci
41:21-33). The coefficients follow from the equations one after the other, and their derivatives
by the variational equations (Sedoglavic 2002, J Symb Comput 33:735-755).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sympy as sp
from flint import arb, arb_mat, arb_series, ctx

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.jets import Jet, NotAnalyticError, evaluate
from pkqsp_bayes.ode.lowering.chain import needed_links
from pkqsp_bayes.ode.lowering.inline import covariate_symbols
from pkqsp_bayes.ode.lowering.lowered import LoweredOde

__all__ = ["Experiment", "Rows", "series_rows"]

_ZERO = arb_series([])
_FACTOR, _BIOAVAILABILITY, _LAG, _RATE, _DURATION = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One dose and the outputs observed after it.

    Parameters
    ----------
    kind : {"bolus", "infusion", "rate", "duration", "none"}
        Kind of dose: a bolus, a given rate, the modelled rate, the modelled duration; or no dose,
        only the initial values.
    target : int
        0-based dose target.
    amount, rate : float
        AMT and RATE.
    """

    kind: Literal["bolus", "infusion", "rate", "duration", "none"]
    target: int = 0
    amount: float = 1.0
    rate: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """The observed numbers: Taylor coefficients, and times of visible events.

    Parameters
    ----------
    values : list of arb
        The observed numbers.
    slopes : list of list of arb
        Their derivatives by each parameter.
    """

    values: list[arb]
    slopes: list[list[arb]]


def series_rows(
    ode: LoweredOde,
    experiment: Experiment,
    parameters: Sequence[float | arb],
    covariates: Mapping[str, float],
    outputs: Sequence[int],
    *,
    order: int,
    bits: int,
) -> Rows:
    """Return the Taylor coefficients of outputs after a dose, with their derivatives.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    experiment : Experiment
        The dose. If the dose affects the outputs, its lag is observed as the time of its start, and
        so is the end of an infusion.
    parameters : sequence of float or arb
        Values of the individual parameters.
    covariates : mapping of str to float
        Values of the covariates, constant over time.
    outputs : sequence of int
        Indices of the observed outputs.
    order : int
        Number of coefficients.
    bits : int
        Precision in bits.

    Raises
    ------
    NotAnalyticError
        If the system has no power series at the dose.
    """
    before = ctx.prec, ctx.cap
    try:
        ctx.prec, ctx.cap = bits, order
        return _Expansion(ode, experiment, parameters, covariates).rows(outputs, order)
    finally:
        ctx.prec, ctx.cap = before


class _Expansion:
    """The power series of one system after one dose."""

    def __init__(
        self,
        ode: LoweredOde,
        experiment: Experiment,
        parameters: Sequence[float | arb],
        covariates: Mapping[str, float],
    ) -> None:
        self.ode, self.experiment = ode, experiment
        self.known: dict[sp.Basic, Jet] = {}
        for j, (name, value) in enumerate(zip(ode.parameters, parameters, strict=True)):
            self.known[symbol(name)] = Jet(arb_series([arb(value)]), {j: arb_series([1])})
        for name, value in _covariates(ode, covariates):
            self.known[name] = Jet.constant(arb(value))
        if ode.switches:
            raise NotAnalyticError("a condition on time has edges, which a power series lacks")
        self._add_links(self.known, [c.expr for c in ode.coefficients])
        for coefficient in ode.coefficients:
            self.known[coefficient.symbol] = evaluate(coefficient.expr, self.known)
        row = ode.doses.values[5 * experiment.target : 5 * experiment.target + 5]
        self.dose = [evaluate(expr, self.known) for expr in row]

    def rows(self, outputs: Sequence[int], order: int) -> Rows:
        states = self._states(order)
        shown = self._outputs(states, outputs)
        values, slopes = [], []
        for jet in shown:
            for k in range(order):
                values.append(jet.value[k])
                slopes.append([self._slope(jet, j)[k] for j in range(len(self.ode.parameters))])
        if self._is_seen(states, outputs):
            for jet in self._moments():
                values.append(jet.value[0])
                slopes.append([self._slope(jet, j)[0] for j in range(len(self.ode.parameters))])
        return Rows(values=values, slopes=slopes)

    def _slope(self, jet: Jet, j: int) -> arb_series:
        return jet.slopes.get(j, _ZERO)

    def _states(self, order: int) -> list[Jet]:
        """Solve the equations: coefficient k of the rate gives coefficient k + 1 of the state."""
        start = [evaluate(expr, self.known) for expr in self.ode.initial.values]
        place = self.ode.dose_states[self.experiment.target] if self.ode.dose_states else -1
        constant = self._input()
        if self.experiment.kind == "bolus":
            start[place] = start[place] + self._amount()
        if self.ode.linear:
            drift = self._rates([Jet.constant(arb(0)) for _ in start])
            if constant is not None:
                drift[place] = drift[place] + constant
            return self._linear_states(start, drift, order)
        columns = range(len(self.ode.parameters))
        values = [[jet.value[0]] for jet in start]
        slopes = [[[self._slope(jet, j)[0]] for j in columns] for jet in start]
        for k in range(order - 1):
            ctx.cap = k + 1
            rates = self._rates(_jets(values, slopes))
            if constant is not None:
                rates[place] = rates[place] + constant
            for i, rate in enumerate(rates):
                values[i].append(rate.value[k] / (k + 1))
                for j in columns:
                    slopes[i][j].append(self._slope(rate, j)[k] / (k + 1))
        ctx.cap = order
        return _jets(values, slopes)

    def _linear_states(self, start: list[Jet], drift: list[Jet], order: int) -> list[Jet]:
        """Solve ``dy/dt = J y + drift``, of which nothing depends on time or states: by numbers.

        A row of the matrix holds a state and its slopes: ``d(J y) = J dy + dJ y``.
        """
        if not start:
            return []
        rates, changes = self._jacobian(start)
        last = arb_mat([self._numbers(y) for y in start])
        rest = arb_mat([self._numbers(d) for d in drift])
        found = [last.tolist()]
        for k in range(order - 1):
            states = arb_mat([row[:1] for row in found[-1]])
            moved = arb_mat(last.nrows(), last.ncols(), (changes * states).entries())
            last = (rates * last + moved + rest) / (k + 1)
            rest = rest - rest
            found.append(last.tolist())
        return _jets(
            [[step[i][0] for step in found] for i in range(len(start))],
            [[[step[i][1 + j] for step in found] for j in range(len(self.ode.parameters))]
             for i in range(len(start))],
        )  # fmt: skip

    def _jacobian(self, start: Sequence[Jet]) -> tuple[arb_mat, arb_mat]:
        """Return the matrix J, and its slopes by parameter, one below the other for each row."""
        known, n, width = self._environment(start), len(start), 1 + len(self.ode.parameters)
        matrix, changes = arb_mat(n, n), arb_mat(n * width, n)
        for e in self.ode.rhs.by_state:
            matrix[e.row, e.col], *slopes = self._numbers(evaluate(e.expr, known))
            for j, slope in enumerate(slopes, 1):
                changes[e.row * width + j, e.col] = slope
        return matrix, changes

    def _numbers(self, jet: Jet) -> list[arb]:
        """Return the first coefficient of a jet, and those of its slopes."""
        return [jet.value[0], *(self._slope(jet, j)[0] for j in range(len(self.ode.parameters)))]

    def _environment(self, states: Sequence[Jet]) -> dict[sp.Basic, Jet]:
        known = dict(self.known)
        known[TIME] = Jet(arb_series([0, 1]))
        known |= {symbol(n): y for n, y in zip(self.ode.states, states, strict=True)}
        self._add_links(known, [*self.ode.rhs.values, *self.ode.outputs.values])
        return known

    def _add_links(self, known: dict[sp.Basic, Jet], exprs: Sequence[sp.Expr]) -> None:
        for link, expr in needed_links(exprs, self.ode.links).items():
            known[link] = evaluate(expr, known)

    def _rates(self, states: Sequence[Jet]) -> list[Jet]:
        known = self._environment(states)
        return [evaluate(expr, known) for expr in self.ode.rhs.values]

    def _outputs(self, states: Sequence[Jet], outputs: Sequence[int]) -> list[Jet]:
        known = self._environment(states)
        return [evaluate(self.ode.outputs.values[i], known) for i in outputs]

    def _amount(self) -> Jet:
        """Return the amount that enters the state: F * AMT * factor."""
        amount = Jet.constant(arb(self.experiment.amount))
        return self.dose[_FACTOR] * self.dose[_BIOAVAILABILITY] * amount

    def _input(self) -> Jet | None:
        match self.experiment.kind:
            case "infusion":
                return self.dose[_FACTOR] * Jet.constant(arb(self.experiment.rate))
            case "rate":
                return self.dose[_FACTOR] * self.dose[_RATE]
            case "duration":
                return self._amount() * self.dose[_DURATION].inverse()
        return None

    def _moments(self) -> Iterator[Jet]:
        """Yield the times of visible events: the lag, and the length of an infusion."""
        if self.experiment.kind == "none":
            return
        yield self.dose[_LAG]
        amount = self.dose[_BIOAVAILABILITY] * Jet.constant(arb(self.experiment.amount))
        match self.experiment.kind:
            case "infusion":
                yield amount * Jet.constant(1 / arb(self.experiment.rate))
            case "rate":
                yield amount * self.dose[_RATE].inverse()
            case "duration":
                yield self.dose[_DURATION]

    def _is_seen(self, states: Sequence[Jet], outputs: Sequence[int]) -> bool:
        """Return whether an output depends on the dosed state, by structure."""
        if self.experiment.kind == "none" or not states:
            return False
        reached = {self.ode.dose_states[self.experiment.target]}
        size = 0
        while len(reached) > size:
            size = len(reached)
            reached |= {e.row for e in self.ode.rhs.by_state if e.col in reached}
        return any(e.row in outputs and e.col in reached for e in self.ode.outputs.by_state)


def _jets(values: list[list[arb]], slopes: list[list[list[arb]]]) -> list[Jet]:
    return [
        Jet(
            arb_series(v),
            {j: arb_series(c) for j, c in enumerate(s) if not all(x.is_zero() for x in c)},
        )
        for v, s in zip(values, slopes, strict=True)
    ]


def _covariates(ode: LoweredOde, given: Mapping[str, float]) -> Iterator[tuple[sp.Symbol, float]]:
    for name in ode.fixed_covariates:
        yield symbol(name), given[name]
    for covariate in ode.varying_covariates:
        intercept, slope = covariate_symbols(covariate.name)
        yield intercept, given[covariate.name]
        yield slope, 0.0
