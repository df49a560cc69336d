"""The Stan solver of one subject's timeline, which calls the functions of `emit_stan`.

Stan functions, except its own ODE solvers, cannot take functions as arguments, so this text is
printed for each model with the prefix of the model. It is the reference: steady states are found by
repeated doses and by Newton's method with differences, and every change of rates restarts the
solver.

An ODE solver of Stan solves one sensitivity system per argument that may be a parameter, and a
local variable of a function counts as one if any argument of the function does. So the control flow
uses integers only (a *moment* is three of them), and times, rates and covariates are expressions of
data and integers.
"""

from string import Template

from pkqsp_bayes.emit.safe_names import mangle
from pkqsp_bayes.emit.stan_sizes_text import REACH, SIZES
from pkqsp_bayes.emit.stan_steady_text import STEADY
from pkqsp_bayes.emit.stan_timeline_text import DOSES, EDGES, RECORDS, TIMES
from pkqsp_bayes.ode.lowering.lowered import LoweredOde

__all__ = ["SOLVERS", "emit_stan_timeline"]

SOLVERS = ("bdf", "rk45", "ckrk", "adams")

_TABLE = {
    "time": "data array[] real time",
    "evid": "array[] int evid",
    "amt": "data array[] real amt",
    "rate": "data array[] real rate",
    "ii": "data array[] real ii",
    "addl": "array[] int addl",
    "ss": "array[] int ss",
    "cmt": "array[] int cmt",
    "breaks": "data array[] real breaks",
    "segments": "data matrix segments",
    "own": "data matrix own",
}


def emit_stan_timeline(ode: LoweredOde, *, prefix: str, solver: str = "bdf") -> str:
    """Print ``<prefix>_solve`` and its functions, to follow the text of `emit_stan`.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    prefix : str
        As in `emit_stan`.
    solver : {"bdf", "rk45", "ckrk", "adams"}
        Name of the Stan solver.

    Returns
    -------
    str
        Functions; the last is ``matrix <prefix>_solve(vector p, data vector x, data array[] real
        time, array[] int evid, amt, rate, ii, addl, ss, cmt, breaks, segments, own, rtol, atol,
        max_steps)``: all outputs (columns) after each record's event (rows). The columns are those
        of a `Timeline`, but ``cmt`` is the 1-based dosing compartment (0 without one).

    Raises
    ------
    ValueError
        If Stan has no solver with this name.

    Notes
    -----
    Event times are data unless lag, bioavailability, rate or duration of some dose depends on a
    parameter; then they are parameters, and Stan differentiates through them.
    """
    if solver not in SOLVERS:
        msg = f"solver {solver!r} is unknown: use one of {', '.join(SOLVERS)}"
        raise ValueError(msg)
    substitutions = _substitutions(ode, mangle(prefix), solver)
    edges = (EDGES,) if ode.switches else ()
    parts = (TIMES, *edges, SIZES, DOSES, REACH, STEADY, RECORDS)
    return "\n".join(Template(part).substitute(substitutions) for part in parts)


def _substitutions(ode: LoweredOde, name: str, solver: str) -> dict[str, str]:
    moving = _times_move(ode)
    substitutions = {
        "m": name,
        "solver": f"ode_{solver}_tol",
        "states": str(len(ode.states)),
        "outputs": str(len(ode.output_names)),
        "dose_values": str(5 * len(ode.dose_names)),
        "dose_states": ", ".join(str(s + 1) for s in ode.dose_states) or "1",
        "accumulates": _flags(_accumulates(ode)),
        "has_rate": _flags(ode.dose_has_rate),
        "has_duration": _flags(ode.dose_has_duration),
        "data": "" if moving else "data ",
        "timing_declared": "vector p, " if moving else "",
        "timing_passed": "p, " if moving else "",
        "timing_parameters": "p" if moving else f"rep_vector(0, {len(ode.parameters)})",
        "timing_note": _MOVING if moving else _FIXED,
        **_lists("table", tuple(_TABLE)),
        **_lists("dosing", ("time", "amt", "rate", "cmt", "own")),
        **_lists("when", ("time", "ii", "breaks")),
        **_lists("count", ("amt", "ii", "ss")),
    }
    substitutions |= _edge_substitutions(ode, substitutions)
    body = _MODELLED_RATE if _rates_are_modelled(ode) else "  return rate[i];"
    return substitutions | {"rate_body": Template(body).substitute(substitutions)}


def _accumulates(ode: LoweredOde) -> tuple[bool, ...]:
    """Return for each state whether no equation reads it and no dose enters it."""
    read = {e.col for e in ode.rhs.by_state} | set(ode.dose_states)
    return tuple(i not in read for i in range(len(ode.states)))


def _flags(values: tuple[bool, ...]) -> str:
    return ", ".join(str(int(v)) for v in values) or "0"


def _lists(word: str, columns: tuple[str, ...]) -> dict[str, str]:
    """Return the columns of the table as arguments (lower case) and declarations (upper case)."""
    return {word: ", ".join(columns), word.upper(): ", ".join(_TABLE[c] for c in columns)}


_EDGES = {
    "edge_note": ", 4 the edge of a condition on time",
    "edge_time": """\
  if (moment[3] == 4) {
    return timing[size(time) + i, 1];
  }
""",
    "edge_next": """\
  for (k in 1 : $switches) {
    int edge = (segment - 1) * $switches + k;
    if (${m}_between(now, {edge, 0, 4}, found, $when, timing)) {
      found = {edge, 0, 4};
    }
  }
""",
    "edge_on": """\
      array[$switches] int on = ${m}_on(${m}_time(now, $when, timing), p, s, segments[segment]');
""",
    "segment_on": "append_row(segments[segment]', to_vector(on))",
    "seen_on": "append_row(${m}_seen(i, own), to_vector(on))",
    "steady_on": """\
  array[$switches] int on = ${m}_on(time[i], p, s, ${m}_seen(i, own));
""",
    "ON": ", array[] int on",
    "on": ", on",
    "timing_made": """\
append_row(${m}_timing(${timing_passed}${m}_subject(x), evid, $dosing),
                                 ${m}_edges(${timing_passed}${m}_subject(x), breaks, segments))""",
}
_NO_EDGES = dict.fromkeys(_EDGES, "") | {
    "segment_on": "segments[segment]'",
    "seen_on": "${m}_seen(i, own)",
    "timing_made": "${m}_timing(${timing_passed}${m}_subject(x), evid, $dosing)",
}


def _edge_substitutions(ode: LoweredOde, substitutions: dict[str, str]) -> dict[str, str]:
    """Return the parts of the text for models with conditions on time."""
    count = {
        "switches": str(len(ode.switches)),
        "switch_closed": _flags(tuple(w.closed for w in ode.switches)),
    }
    parts = _EDGES if ode.switches else _NO_EDGES
    filled = {k: Template(text).substitute(substitutions | count) for k, text in parts.items()}
    return count | filled


_MOVING = "They depend on the parameters, and so do the times of the events."
_FIXED = "They depend on no parameter, so that all times are data."

_MODELLED_RATE = """\
  vector[5] d = ${m}_dose(i, p, s, $dosing);
  if (rate[i] > 0) {
    return d[1] * rate[i];
  }
  return rate[i] == -1 ? d[1] * d[4] : d[1] * d[2] * amt[i] / d[5];"""


def _times_move(ode: LoweredOde) -> bool:
    """Return whether event times depend on a parameter, by a dose (not its factor) or an edge."""
    return bool(ode.edges.by_coefficient) or any(
        entry.row % 5 != 0 for entry in ode.doses.by_coefficient
    )


def _rates_are_modelled(ode: LoweredOde) -> bool:
    factors = [ode.doses.values[5 * i] for i in range(len(ode.dose_names))]
    return any((*ode.dose_has_rate, *ode.dose_has_duration)) or any(f != 1 for f in factors)
