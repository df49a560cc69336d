"""One Stan program that solves the timelines of several systems, and its runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import sympy as sp

from pkqsp_bayes.emit.printers import StanPrinter
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.emit.stan_timeline import emit_stan_timeline
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.lowering.lowered import LoweredOde
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.study.timeline import Timeline
from tests.emit.expressions import VARIABLES
from tests.emit.systems import body, everything, forcing, one_compartment
from tests.oracles.records import make_timeline
from tests.oracles.windows import windows

__all__ = ["SYSTEMS", "StanProgram", "timeline_data"]

SYSTEMS: dict[str, tuple[OdeSystem, str]] = {
    "one": (one_compartment(), "bdf"),
    "everything": (everything(), "bdf"),
    "body": (body(3), "rk45"),
    "windows": (windows(), "bdf"),
    "forcing": (forcing(), "bdf"),
}
"""Systems by prefix, each with its solver."""

_COLUMNS = "time, evid, amt, rate, ii, addl, ss, cmt, breaks, segments, own, rtol, atol, max_steps"
_DECLARED = (
    "data array[] real time, array[] int evid, data array[] real amt, data array[] real rate, "
    "data array[] real ii, array[] int addl, array[] int ss, array[] int cmt, "
    "data array[] real breaks, data matrix segments, data matrix own, data real rtol, "
    "data real atol, int max_steps"
)

_PROGRAM = """\
functions {
%(functions)s
matrix solve(int which, vector p, data vector x, %(declared)s) {
%(cases)s
  reject("no such system");
}
vector expressions(vector v) {
  vector[%(expression_count)s] e = rep_vector(0, %(expression_count)s);
%(expressions)s
  return e;
}
}
data {
  int which, n, P, X, B, S, M;
  vector[X] x;
  array[n] real time, amt, rate, ii;
  array[n] int evid, addl, ss, cmt;
  array[B] real breaks;
  matrix[B, S] segments;
  matrix[n, S %%/%% 2] own;
  real rtol, atol;
  int max_steps;
  matrix[n, M] weight;
  vector[3] v;
}
parameters {
  vector[P] p;
}
model {
  target += sum(weight .* solve(which, p, x, %(columns)s));
}
generated quantities {
  matrix[n, M] out = solve(which, p, x, %(columns)s);
  vector[%(expression_count)s] e = expressions(v);
}
"""


def timeline_data(line: Timeline) -> dict[str, Any]:
    """Return the columns under the names that the Stan functions give them."""
    return {
        "x": line.fixed.tolist(),
        "time": line.time.tolist(),
        "evid": line.evid.tolist(),
        "amt": line.amount.tolist(),
        "rate": line.rate.tolist(),
        "ii": line.interval.tolist(),
        "addl": line.additional.tolist(),
        "ss": line.steady.tolist(),
        "cmt": (line.dose + 1).tolist(),
        "breaks": line.breaks.tolist(),
        "segments": line.segments.tolist(),
        "own": line.own.tolist(),
    }


@dataclass(frozen=True, kw_only=True)
class StanProgram:
    """The compiled program; runs write into a folder."""

    model: cmdstanpy.CmdStanModel
    folder: Path

    @classmethod
    def build(cls, folder: Path, expressions: Sequence[sp.Expr]) -> "StanProgram":
        """Compile, or take the executable that was compiled before."""
        code = program_text(expressions)
        executable = compile_program(code, name="timelines")
        return cls(model=cmdstanpy.CmdStanModel(exe_file=str(executable)), folder=folder)

    def values(self, system: str, line: Timeline, p: Sequence[float]) -> np.ndarray:
        """Outputs after each record."""
        return self._generated(system, line, p, "out")

    def expressions(self, v: Sequence[float]) -> np.ndarray:
        """Values of the expressions; the timeline is nothing but a filler."""
        return self._generated("body", make_timeline([{"time": 0}]), [1.0] * 4, "e", v)

    def _generated(
        self, system: str, line: Timeline, p: Sequence[float], name: str, v: Any = (1, 1, 1)
    ) -> np.ndarray:
        fit = self.model.sample(
            data=self._data(system, line, v),
            inits={"p": list(p)},
            fixed_param=True,
            iter_sampling=1,
            chains=1,
            sig_figs=17,
            show_progress=False,
            output_dir=str(self.folder),
        )
        return np.asarray(fit.stan_variable(name)[0])

    def gradient(
        self, system: str, line: Timeline, p: Sequence[float], weight: np.ndarray
    ) -> np.ndarray:
        """Gradient of the weighted sum of all outputs."""
        data = self._data(system, line, (1, 1, 1), weight)
        table = self.model.log_prob({"p": list(p)}, data=data, jacobian=False, sig_figs=17)
        return table.filter(like="g_").to_numpy()[0]

    @staticmethod
    def _data(
        system: str, line: Timeline, v: Any, weight: np.ndarray | None = None
    ) -> dict[str, Any]:
        ode = lowered(system)
        shape = (len(line.time), len(ode.output_names))
        sizes = {"n": shape[0], "P": len(ode.parameters), "X": len(ode.fixed_covariates)}
        sizes |= {"B": len(line.breaks), "S": 2 * len(ode.varying_covariates), "M": shape[1]}
        return {
            "which": list(SYSTEMS).index(system) + 1,
            **sizes,
            **timeline_data(line),
            "rtol": 1e-10,
            "atol": 1e-10,
            "max_steps": 100000,
            "weight": (np.zeros(shape) if weight is None else weight).tolist(),
            "v": list(v),
        }


@cache
def lowered(system: str) -> LoweredOde:
    """Lower one of `SYSTEMS`."""
    return lower_system(SYSTEMS[system][0])


def program_text(expressions: Sequence[sp.Expr]) -> str:
    """Print the program."""
    printer = StanPrinter({symbol(v): f"v[{i}]" for i, v in enumerate(VARIABLES, start=1)})
    parts, cases = [], []
    for number, (prefix, (_, solver)) in enumerate(SYSTEMS.items(), start=1):
        ode = lowered(prefix)
        parts += [emit_stan(ode, prefix=prefix)]
        parts += [emit_stan_timeline(ode, prefix=prefix, solver=solver)]
        cases.append(f"  if (which == {number}) return {prefix}_solve(p, x, {_COLUMNS});")
    lines = [f"  e[{i}] = {printer.text(e)};" for i, e in enumerate(expressions, start=1)]
    return _PROGRAM % {
        "functions": "\n".join(parts),
        "declared": _DECLARED,
        "cases": "\n".join(cases),
        "columns": _COLUMNS,
        "expressions": "\n".join(lines),
        "expression_count": len(lines),
    }
