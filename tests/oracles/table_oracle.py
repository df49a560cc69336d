"""Linear models over a raw NONMEM table, from the definition, by matrix exponentials.

It takes the rows of one subject as a user writes them, and a model y' = A y + b as functions of
what a record sees. It shares no type, no convention and no code with the package. The rules are those of
NONMEM's PREDPP, with the departures that the documentation states:

* rows are processed in their order; F, ALAG, R, D, outputs, initial values and steady states see
  the row's own covariates and occasion; a steady state has all coefficients frozen at its row;
* between rows the interpolation decides; an occasion lasts until the next row;
* F, lag, rate and duration of additional doses are those of the dose record;
* a pending dose that is due at the time of a row enters before it.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

__all__ = ["LinearModel", "Target", "exponential", "fill_column", "predict", "split_stretches"]

Array = NDArray[np.float64]
Row = Mapping[str, Any]
Env = Mapping[str, Any]
"""What an expression sees: covariates, ``OCC``, ``t``, and the individual parameters."""

SAME = 1e-12
"""Times closer than this, relative, are one."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a dose goes, and its F, ALAG, R and D."""

    state: int
    bioavailability: Callable[[Env], float] = lambda _: 1.0
    lag: Callable[[Env], float] = lambda _: 0.0
    rate: Callable[[Env], float] | None = None
    duration: Callable[[Env], float] | None = None


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """y' = A y + b; coefficients, initial values and outputs are functions of an environment."""

    size: int
    system: Callable[[Env], tuple[Array, Array]]
    outputs: Callable[[Env, Array], Sequence[float]]
    targets: Mapping[str, Target]
    covariates: Mapping[str, str]
    """Name to ``locf``, ``nocb``, ``linear`` or ``fixed``."""
    initial: Callable[[Env], Array] | None = None
    bind: Callable[[dict[str, Any]], dict[str, Any]] = lambda env: env
    """Returns the environment with the individual parameters of its occasion."""


# ---- What a row sees, and what lies between rows


def split_stretches(rows: Sequence[Row]) -> list[list[int]]:
    """Return the row numbers of each stretch: EVID 3 and 4 begin a new one."""
    stretches: list[list[int]] = []
    for number, row in enumerate(rows):
        if number == 0 or row["EVID"] in (3, 4):
            stretches.append([])
        stretches[-1].append(number)
    return stretches


def fill_column(rows: Sequence[Row], name: str, interpolation: str) -> list[float]:
    """Return the value of a covariate at each row, where it is missing (None) by its rule."""
    values = [row[name] for row in rows]
    known = [i for i, v in enumerate(values) if v is not None]
    if interpolation == "fixed":
        return [values[known[0]]] * len(values)
    if interpolation == "linear":
        return _filled_by_lines(rows, values)
    result = []
    for i, value in enumerate(values):
        earlier, later = [k for k in known if k < i], [k for k in known if k > i]
        if value is not None:
            result.append(value)
        elif interpolation == "nocb":
            result.append(values[later[0]] if later else values[earlier[-1]])
        else:
            result.append(values[earlier[-1]])
    return result


def _filled_by_lines(rows: Sequence[Row], values: list[float | None]) -> list[float]:
    result: list[float] = []
    for stretch in split_stretches(rows):
        known = [i for i in stretch if values[i] is not None]
        for i in stretch:
            before = max((k for k in known if k <= i), default=None)
            after = min((k for k in known if k >= i), default=before)
            assert before is not None, "a stretch has a value at its first row"
            assert after is not None
            result.append(_on_line(rows, values, before, after, i))
    return result


def _on_line(rows: Sequence[Row], values: list[Any], before: int, after: int, i: int) -> float:
    start, end, t = (rows[k]["TIME"] for k in (before, after, i))
    if before == after or end == start:
        return float(values[before])
    share = (t - start) / (end - start)
    return float(values[before] * (1 - share) + values[after] * share)


@dataclass(frozen=True, kw_only=True)
class _Between:
    """Environment at a time between two rows."""

    model: LinearModel
    earlier: dict[str, Any]
    later: dict[str, Any]

    def at(self, t: Any) -> dict[str, Any]:
        start, end = self.earlier["t"], self.later["t"]
        share = (t - start) / (end - start)
        env = dict(self.earlier)  # occasion, parameters, fixed, locf
        for name, rule in self.model.covariates.items():
            if rule == "nocb":
                env[name] = self.later[name]
            elif rule == "linear":
                env[name] = self.earlier[name] * (1 - share) + self.later[name] * share
        return self.model.bind(env | {"t": t})


# ---- Linear systems

_NODES = 12


def _gauss_rule() -> tuple[Array, Array, Array]:
    """Return points in (-1, 1), integrals of their polynomials from -1 to each, and to 1."""
    points, weights = legendre.leggauss(_NODES)
    basis = np.linalg.inv(legendre.legvander(points, _NODES - 1))
    series = [legendre.legint(row, lbnd=-1) for row in np.eye(_NODES)]
    integrals = np.array([legendre.legval(points, s) for s in series]).T @ basis
    return points, integrals, weights


_POINTS, _INTEGRALS, _WEIGHTS = _gauss_rule()


def exponential(a: Any) -> Any:
    """Return the exponential of a small matrix: its series, scaled and squared.

    `scipy.linalg.expm`, which a test compares it with, starts threads for a matrix of 3 rows.
    """
    halvings = max(0, math.ceil(math.log2(max(float(np.abs(a).sum(axis=0).max()), 0.5) / 0.5)))
    scaled = a / 2.0**halvings
    result = term = np.eye(len(a))
    for k in range(1, 18):
        term = term @ scaled / k
        result = result + term
    for _ in range(halvings):
        result = result @ result
    return result


def _flow(a: Any, b: Any, y: Any, h: float) -> Any:
    """Solve y' = a y + b over h with constant coefficients."""
    n = len(b)
    augmented = np.zeros((n + 1, n + 1), dtype=np.result_type(a, b))
    augmented[:n, :n], augmented[:n, n] = a, b
    moved = exponential(augmented * h)
    return moved[:n, :n] @ y + moved[:n, n]


def _collocate(system: Callable[[Any], tuple[Any, Any]], y: Any, start: Any, h: Any) -> Any:
    """Solve y' = A(t) y + b(t) over h: its polynomial meets the equation at Gauss's points."""
    n, half = len(y), h / 2
    pairs = [system(start + half * (1 + point)) for point in _POINTS]
    a, b = (np.array(parts) for parts in zip(*pairs, strict=True))
    products = np.einsum("ij,jkl->ikjl", _INTEGRALS * half, a)
    left = np.eye(n * _NODES) - products.reshape(n * _NODES, n * _NODES)
    values = np.linalg.solve(left, (y + (_INTEGRALS * half) @ b).ravel()).reshape(_NODES, n)
    return y + half * (_WEIGHTS @ (np.einsum("jkl,jl->jk", a, values) + b))


def _solve(system: Callable[[Any], tuple[Any, Any]], y: Any, start: Any, end: Any) -> Any:
    """Solve from start to end: by a matrix exponential where the coefficients are constant."""
    h = end - start
    a, b = system(start)
    trials = [system(start + share * h) for share in (0.3819660112501051, 1.0)]
    if all(np.array_equal(a, p) and np.array_equal(b, q) for p, q in trials):
        return _flow(a, b, y, h)
    steps = max(2, math.ceil(abs(h) * max(0.5 * float(np.abs(a).sum(axis=0).max()), 1.0)))
    for k in range(steps):
        y = _collocate(system, y, start + h * k / steps, h / steps)
    return y


# ---- Doses


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A dose that enters at a time: at once, or at a rate for a duration."""

    time: Any
    state: int
    amount: Any = 0.0
    rate: Any = 0.0
    duration: Any = 0.0


def _is_due(time: Any, now: Any) -> bool:
    return bool(np.real(time) <= np.real(now) + SAME * max(1.0, abs(np.real(now))))


def _given(row: Row, target: Target, env: Env, time: Any) -> _Entry:
    """Return the dose of a record, as it enters at a time."""
    amount = target.bioavailability(env) * row["AMT"]
    if row["RATE"] == 0:
        return _Entry(time=time, state=target.state, amount=amount)
    if row["RATE"] == -2:
        assert target.duration is not None
        duration = target.duration(env)
        return _Entry(time=time, state=target.state, rate=amount / duration, duration=duration)
    rate = _rate(row, target, env)
    return _Entry(time=time, state=target.state, rate=rate, duration=amount / rate)


def _rate(row: Row, target: Target, env: Env) -> Any:
    if row["RATE"] > 0:
        return row["RATE"]
    assert target.rate is not None
    return target.rate(env)


@dataclass(kw_only=True)
class _Subject:
    """Amounts, what is pending and what is running, at a moment."""

    model: LinearModel
    y: Any
    pending: list[_Entry] = field(default_factory=list)
    running: list[tuple[Any, int, Any]] = field(default_factory=list)
    """End, state and rate of infusions."""

    def advance(self, start: Any, end: Any, between: _Between) -> None:
        """Move to a later time, dose by dose; what is due at the end has entered."""
        while np.real(start) < np.real(end):
            moments = [e.time for e in self.pending] + [r[0] for r in self.running]
            stop = min((m for m in moments if not _is_due(end, m)), key=np.real, default=end)
            if not _is_due(stop, start):
                self.y = _solve(lambda t: self._system(between.at(t)), self.y, start, stop)
            start = stop
            self.enter(start)

    def _system(self, env: Env) -> tuple[Any, Any]:
        a, b = self.model.system(env)
        for _, state, rate in self.running:
            b = b + rate * np.eye(self.model.size)[state]
        return a, b

    def enter(self, now: Any) -> None:
        """Let in what is due; end what has run out."""
        due = [e for e in self.pending if _is_due(e.time, now)]
        self.pending = [e for e in self.pending if not _is_due(e.time, now)]
        for entry in due:
            self.y = self.y + entry.amount * np.eye(self.model.size)[entry.state]
            self.running.append((entry.time + entry.duration, entry.state, entry.rate))
        self.running = [r for r in self.running if not _is_due(r[0], now)]

    def dose(self, row: Row, env: Env) -> None:
        """Process the dose of a record."""
        target = self.model.targets[row["CMT"]]
        if row["SS"] > 0:
            self._reach_steady_state(row, target, env)
        if row["AMT"] == 0:
            return  # a constant infusion, over at its record; or the system at rest
        begin = row["TIME"] + target.lag(env)
        for k in range(row["ADDL"] + 1):
            self.pending.append(_given(row, target, env, begin + k * row["II"]))
        self.enter(row["TIME"])

    def _reach_steady_state(self, row: Row, target: Target, env: Env) -> None:
        a, b = self.model.system(env)
        if row["SS"] == 1:
            self.pending, self.running, self.y = [], [], np.zeros(len(b))
        self.y = self.y - np.linalg.solve(a, b)  # the system at rest, with SS = 2 once more
        unit = np.eye(self.model.size)[target.state]
        if row["AMT"] == 0:
            rate = _rate(row, target, env) if row["RATE"] != 0 else 0.0
            self.y = self.y - np.linalg.solve(a, rate * unit)
            return
        lag = target.lag(env)
        dose = _given(row, target, env, row["TIME"])
        self.y = self.y + _regimen(a, unit, dose, row["II"], lag)
        self._keep_earlier_doses(row, target, env, lag)

    def _keep_earlier_doses(self, row: Row, target: Target, env: Env, lag: Any) -> None:
        """Doses of the past: those that have not entered are pending, the others may run."""
        for k in itertools.count(1):
            entry = _given(row, target, env, row["TIME"] - k * row["II"] + lag)
            if not _is_due(entry.time, row["TIME"]):
                self.pending.append(entry)
            elif not _is_due(entry.time + entry.duration, row["TIME"]):
                self.running.append((entry.time + entry.duration, entry.state, entry.rate))
            else:
                return


def _regimen(a: Any, unit: Array, dose: _Entry, interval: float, lag: Any) -> Any:
    """Return the amounts that all the doses of the past leave, those that have entered by now.

    A dose has entered for lag - k II (k = 1, 2, ...) at the record. What one dose leaves after an
    age is a matrix exponential; those that are long over are a geometric series of matrices.
    """
    age = next(
        k * interval - lag for k in itertools.count(1) if not k * interval - np.real(lag) < -SAME
    )
    total = np.zeros(len(unit))
    while np.real(age) < np.real(dose.duration):
        total = total + _flow(a, dose.rate * unit, np.zeros(len(unit)), age)
        age = age + interval
    left = _flow(a, dose.rate * unit, dose.amount * unit, dose.duration)
    old = exponential(a * (age - dose.duration)) @ left
    return total + np.linalg.solve(np.eye(len(unit)) - exponential(a * interval), old)


# ---- All rows of a subject


def predict(model: LinearModel, rows: Sequence[Row], parameters: Env) -> NDArray[Any]:
    """Return the outputs at each row, after its event.

    Parameters
    ----------
    model : LinearModel
        The model.
    rows : sequence of mappings
        TIME, EVID, AMT, RATE, II, ADDL, SS, CMT, OCC and covariates (None where missing).
    parameters : mapping
        Individual parameters.
    """
    raw = _environments(model, rows, parameters)
    result: list[Sequence[float]] = []
    subject = _Subject(model=model, y=np.zeros(model.size))
    for number, row in enumerate(rows):
        env = model.bind(raw[number])
        if number == 0 or row["EVID"] in (3, 4):
            y = np.zeros(model.size) if model.initial is None else model.initial(env)
            subject = _Subject(model=model, y=y)
        else:
            between = _Between(model=model, earlier=raw[number - 1], later=raw[number])
            subject.advance(between.earlier["t"], env["t"], between)
        if row["EVID"] in (1, 4):
            subject.dose(row, env)
        result.append(model.outputs(env, subject.y))
    return np.array(result)


def _environments(model: LinearModel, rows: Sequence[Row], parameters: Env) -> list[dict[str, Any]]:
    columns = {n: fill_column(rows, n, rule) for n, rule in model.covariates.items()}
    occasions = fill_column(rows, "OCC", "locf") if "OCC" in rows[0] else [None] * len(rows)
    result = []
    for number, row in enumerate(rows):
        own = {name: values[number] for name, values in columns.items()}
        result.append({**parameters, **own, "OCC": occasions[number], "t": row["TIME"]})
    return result
