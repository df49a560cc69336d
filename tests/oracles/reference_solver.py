"""An independent solver of one subject's timeline: SciPy, plain Python, brute force.

It shares nothing with the package but the records `OdeSystem` and `Timeline`: expressions are
inlined by substitution and compiled by `sympy.lambdify`, steady states are reached by repeating
the dose until nothing changes, and every event restarts the integrator.

What the events mean is NONMEM's PREDPP (Users Guide VI, chapter V; help pages SS, ADDL, RATE):

* SS = 1 zeroes out, ends running infusions and cancels pending additional doses; SS = 2 adds the
  steady state of its regimen to the amounts at that time (guide V.F.2).
* A steady-state constant infusion (AMT = 0, RATE > 0 or -1, II = 0) ends at its record, and no
  lag applies to it (V.F.1). With RATE = 0 too, the system's own steady state without any dose
  results (V.F.3).
* With a lag L the amounts at the record are those at phase II - L (V.F.4, note 3); its lagged dose
  shows in a record at that very time (same note: "up to, but not including").
* Infusions longer than II: a constant infusion superimposed on shorter ones (V.F.4, note 2).
* Reset records and SS = 1 deactivate additional doses (V.K). Additional doses at the time of a
  record come before it, as mrgsolve has it too (`recsort` 1 and 3).

Where this departs from PREDPP:

* PREDPP evaluates bioavailability, lag, rate and duration of an additional dose with the record
  that follows it in time; here they keep their value at the dose record.
* PREDPP starts a steady state from zero amounts (SS = 3: from the present ones); here SS = 1
  starts from the initial values, which is the same wherever there is one steady state.
* PREDPP asks that the lag of a steady-state dose not exceed II. Here implied doses that are still
  under way (lag > II) enter when they are due.
* PREDPP advances with the parameters of the *next* record (covariates are carried backward);
  here the segments of the timeline say which value holds between records. At a record F, ALAG, R,
  D, the outputs, initial values and a steady state are made with the record's own values, as in
  PREDPP.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.study.timeline import Timeline
from tests.oracles.compiled_system import CompiledSystem, compiled

__all__ = ["reference", "reference_sensitivities"]

FloatArray = NDArray[np.float64]


def reference(
    system: OdeSystem,
    timeline: Timeline,
    parameters: Mapping[str, float],
    *,
    method: str = "Radau",
    rtol: float = 1e-11,
    atol: float = 1e-12,
) -> FloatArray:
    """Solve one subject.

    Parameters
    ----------
    system : OdeSystem
        The flat system; lowering is not used.
    timeline : Timeline
        Its records and covariates.
    parameters : mapping of str to float
        The value of each individual parameter.
    method, rtol, atol
        As `scipy.integrate.solve_ivp` takes them. ``"DOP853"`` is the fastest where nothing is
        stiff, ``"LSODA"`` a compromise.

    Returns
    -------
    array (records, outputs)
        Every output after each record's event.
    """
    model = compiled(system)
    values = [float(parameters[name]) for name in model.parameters]
    run = _Run(model=model, line=timeline, p=values, method=method, rtol=rtol, atol=atol)
    return run.run()


def reference_sensitivities(
    system: OdeSystem,
    timeline: Timeline,
    parameters: Mapping[str, float],
    *,
    method: str = "LSODA",
    relative_step: float = 4e-3,
) -> FloatArray:
    """Differentiate `reference` by central differences of two step sizes, extrapolated.

    Returns
    -------
    array (records, outputs, parameters)
        In the order of the system's individual parameters. A step that moves a dose across a
        record differs from the derivative; choose records away from lagged doses.
    """
    columns = []
    for name in compiled(system).parameters:
        step = relative_step * (abs(parameters[name]) or 1.0)

        def difference(h: float, name: str = name) -> FloatArray:
            up = reference(
                system, timeline, {**parameters, name: parameters[name] + h}, method=method
            )
            down = reference(
                system, timeline, {**parameters, name: parameters[name] - h}, method=method
            )
            return (up - down) / (2 * h)

        columns.append((4 * difference(step / 2) - difference(step)) / 3)
    return np.stack(columns, axis=-1)


def _late(t: float) -> float:
    """The last time that counts as t: 3 * 0.1 and 0.3 are not the same double."""
    return t + 1e-12 * max(1.0, abs(t))


@dataclass(eq=False)
class _Dose:
    """One dose under way: a bolus to come, or an infusion from start to end."""

    state: int
    start: float
    end: float
    size: float
    """Amount of a bolus, rate of an infusion, as the state gets it."""


@dataclass(frozen=True)
class _Regimen:
    """What a dose record gives, and gives again."""

    state: int
    size: float
    duration: float | None
    """None is a bolus."""
    lag: float
    interval: float
    constant: bool
    """No amount: an infusion that has always been running."""


@dataclass
class _Run:
    model: CompiledSystem
    line: Timeline
    p: list[float]
    method: str
    rtol: float
    atol: float
    now: float = 0.0
    y: FloatArray = field(default_factory=lambda: np.zeros(0))
    boluses: list[_Dose] = field(default_factory=list)
    infusions: list[_Dose] = field(default_factory=list)
    record: int = 0
    pieces: range = range(0)
    """Covariate segments of the present stretch of time."""

    # -- the functions of the model at a time ----------------------------------------------------

    def segment(self, t: float) -> int:
        begun = [k for k in self.pieces if self.line.breaks[k] <= _late(t)]
        return max(begun, default=self.pieces[0])

    def stretches(self) -> list[range]:
        later = [k for k, b in enumerate(self.line.breaks) if k and b == -1e300]
        edges = [0, *later, len(self.line.breaks)]
        return [range(a, b) for a, b in itertools.pairwise(edges)]

    def covariates(self, t: float, segment: int) -> list[float]:
        values = [0.0] * (len(self.model.fixed) + len(self.model.varying))
        for place, value in zip(self.model.fixed, self.line.fixed, strict=True):
            values[place] = float(value)
        for k, place in enumerate(self.model.varying):
            intercept, slope = self.line.segments[segment][2 * k : 2 * k + 2]
            values[place] = float(intercept + slope * t)
        return values

    def here(self) -> tuple[Any, ...]:
        """What the present record sees: its own covariates."""
        values = self.covariates(self.now, self.pieces[0])
        for k, place in enumerate(self.model.varying):
            values[place] = float(self.line.own[self.record][k])
        return self.now, list(self.y), self.p, values

    # -- integration -----------------------------------------------------------------------------

    def integrate(
        self, y: FloatArray, start: float, stop: float, rates: FloatArray, *, frozen: bool = False
    ) -> FloatArray:
        """Advance with constant rates; `frozen` holds time and covariates as they are now."""
        if stop <= start:
            return y
        segment = self.segment(start)

        def place(t: float, y: FloatArray) -> tuple[Any, ...]:
            if frozen:
                return self.here()[0], list(y), self.p, self.here()[3]
            return t, list(y), self.p, self.covariates(t, segment)

        implicit = self.method in ("Radau", "BDF", "LSODA")
        jacobian = {"jac": lambda t, y: np.array(self.model.jacobian(*place(t, y)), dtype=float)}
        solution = solve_ivp(
            lambda t, y: np.array(self.model.rhs(*place(t, y)), dtype=float) + rates,
            (start, stop),
            y,
            method=self.method,
            rtol=self.rtol,
            atol=self.atol,
            **(jacobian if implicit else {}),
        )
        if not solution.success:
            raise ArithmeticError(solution.message)
        return np.asarray(solution.y[:, -1])

    def rates(self) -> FloatArray:
        total = np.zeros(self.model.size)
        for dose in self.infusions:
            if dose.start <= _late(self.now) < dose.end:
                total[dose.state] += dose.size
        return total

    def advance(self, target: float) -> None:
        """Go to a time, through everything that happens up to and at it."""
        while True:
            edges = [e for d in self.infusions for e in (d.start, d.end)]
            edges += [
                *(d.start for d in self.boluses),
                *(float(self.line.breaks[k]) for k in self.pieces),
            ]
            stop = min(min(e for e in [*edges, np.inf] if e > _late(self.now)), target)
            self.y = self.integrate(self.y, self.now, stop, self.rates())
            self.now = stop
            self.give_due_boluses()
            if stop == target:
                return

    def give_due_boluses(self) -> None:
        for dose in [d for d in self.boluses if d.start <= _late(self.now)]:
            self.y = self.y + dose.size * self.unit(dose.state)
            self.boluses.remove(dose)

    def unit(self, state: int) -> FloatArray:
        return np.eye(self.model.size)[state]

    # -- records ---------------------------------------------------------------------------------

    def run(self) -> FloatArray:
        line = self.line
        stretches = self.stretches()
        self.pieces = stretches[0]
        self.restart(float(line.time[0]))
        table = []
        for i, time in enumerate(line.time):
            if line.evid[i] not in (3, 4):
                if _late(float(time)) < self.now:
                    raise ValueError("time goes back")
                self.advance(float(time))
            self.record = i
            if line.evid[i] in (3, 4):
                later = [k for k in line.evid[1 : i + 1] if k in (3, 4)]
                self.pieces = stretches[len(later)]
                self.restart(float(time))
            if line.evid[i] in (1, 4):
                self.dose(i)
            table.append(self.model.outputs(*self.here()))
        return np.array(table, dtype=float).reshape(len(table), -1)

    def restart(self, time: float) -> None:
        self.now, self.y = time, np.zeros(self.model.size)
        self.y = np.array(self.model.initial(*self.here()), dtype=float)
        self.boluses, self.infusions = [], []

    def dose(self, i: int) -> None:
        regimen = self.regimen(i)
        if self.line.steady[i]:
            self.reach_steady_state(regimen, alone=self.line.steady[i] == 1)
        if regimen.constant:
            return
        for k in range(int(self.line.additional[i]) + 1):
            self.give(regimen, k)

    def regimen(self, i: int) -> _Regimen:
        line, target = self.line, int(self.line.dose[i])
        factor, available, lag, model_rate, model_duration = self.model.doses(*self.here())[target]
        amount, rate = float(line.amount[i]), float(line.rate[i])
        if rate < 0 and (target, rate) not in self.model.modelled:
            raise ValueError("no such modelled rate or duration")
        if amount != 0 and (rate == 0 or (rate == -2 and model_duration == 0)):
            size, duration = available * amount, None
        elif rate == -2:
            size, duration = available * amount / model_duration, model_duration
        else:
            size = model_rate if rate == -1 else rate
            duration = available * amount / size if size else 0.0
        return _Regimen(
            state=self.model.dose_states[target],
            size=factor * size,
            duration=duration,
            lag=lag,
            interval=float(line.interval[i]),
            constant=amount == 0,
        )

    def give(self, regimen: _Regimen, k: int) -> None:
        """Let dose number k of a regimen enter when it is due (negative: implied, before)."""
        start = self.now + k * regimen.interval + regimen.lag
        end = start if regimen.duration is None else start + regimen.duration
        dose = _Dose(state=regimen.state, start=start, end=end, size=regimen.size)
        if regimen.duration is not None:
            self.infusions.append(dose)
        elif _late(start) >= self.now:
            self.boluses.append(dose)
            self.give_due_boluses()

    # -- steady state ----------------------------------------------------------------------------

    def reach_steady_state(self, regimen: _Regimen, *, alone: bool) -> None:
        before = self.y
        start = np.zeros(self.model.size)
        if alone:
            self.restart(self.now)
            start = self.y
        if regimen.constant:
            self.y = self.equilibrium(start, regimen)
        else:
            self.y = self.periodic(start, regimen)
        if not alone:
            self.y = before + self.y
        if not regimen.constant:
            reach = regimen.lag + (regimen.duration or 0.0)
            for k in range(1, int(reach / regimen.interval) + 1):
                self.give(regimen, -k)

    def equilibrium(self, y: FloatArray, regimen: _Regimen) -> FloatArray:
        span = 1.0
        for _ in range(60):
            rates = regimen.size * self.unit(regimen.state)
            y, last = self.integrate(y, 0.0, span, rates, frozen=True), y
            if span > 1e3 and np.all(np.abs(y - last) <= 1e-12 + 1e-11 * np.abs(y)):
                return y
            span *= 2
        raise ArithmeticError("no equilibrium")

    def periodic(self, y: FloatArray, regimen: _Regimen) -> FloatArray:
        """State at phase -lag of the period, in which the dose enters at phase 0."""
        change = np.inf
        for _ in range(5000):
            y, last = self.after_dose(y, regimen, regimen.interval), y
            previous, change = change, float(np.max(np.abs(y - last) / (1e-9 + np.abs(y))))
            if change < 1e-13 or (change < 1e-9 and change >= previous):
                phase = -regimen.lag % regimen.interval
                return self.after_dose(y, regimen, phase) if phase > 0 else y
        raise ArithmeticError("no steady state")

    def after_dose(self, y: FloatArray, regimen: _Regimen, phase: float) -> FloatArray:
        """State at a phase of the period that begins with y and a dose (later ones left out)."""
        unit = regimen.size * self.unit(regimen.state)
        if regimen.duration is None:
            return self.integrate(y + unit, 0.0, phase, 0 * unit, frozen=True)
        whole, rest = divmod(regimen.duration, regimen.interval)
        middle = min(rest, phase)
        y = self.integrate(y, 0.0, middle, (whole + 1) * unit, frozen=True)
        return self.integrate(y, middle, phase, whole * unit, frozen=True)
