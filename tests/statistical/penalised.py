"""Penalised least squares with the kernel: a population fit in a second, without Stan.

Typical values and random effects of all subjects are found together, on the log scale, with omega
and sigma known: the mode of ``theta, eta | y``, and its covariance by Gauss and Newton. Samples
below the limit are left out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.kernel import Kernel
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.study.timeline import Timeline
from tests.statistical.recovery import Truth

__all__ = ["penalised_fit"]

FloatArray = np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What was seen of a subject: record, output, log value, known SD of the error."""

    line: Timeline
    record: FloatArray
    output: FloatArray
    value: FloatArray
    sd: FloatArray


def penalised_fit(model: pq.ModelSpec, study: pq.Study, truth: Truth) -> pd.DataFrame:
    """Return estimate, standard error (log scale) and 95 % interval of each typical value.

    ``truth`` has omega and sigma.
    """
    compiled = compile_model(model)
    kernel, names = compiled.kernel, compiled.ode.parameters
    outputs = [o.name for o in compiled.system.outputs]
    subjects = [
        _seen(line, study.table, outputs, truth) for line in subject_timelines(compiled, study)
    ]
    priors = [model.population.parameters[n].typical for n in names]
    moments = np.array([p.args for p in priors if isinstance(p, PriorSpec)])
    omega = np.array([truth.get(f"omega[{n}]", 0.0) for n in names])
    problem = _Problem(kernel=kernel, subjects=subjects, mean=moments[:, 0], sd=moments[:, 1],
                       omega=omega)  # fmt: skip
    start = np.concatenate([problem.mean, np.zeros(problem.varying.size * len(subjects))])
    found = least_squares(problem.residuals, start, jac=problem.jacobian, method="trf")
    assert found.success, found.message
    slopes = problem.jacobian(found.x)
    covariance = np.linalg.inv(slopes.T @ slopes)
    size = len(names)
    estimate, error = found.x[:size], np.sqrt(np.diag(covariance)[:size])
    columns = {"mean": estimate, "low": estimate - 1.96 * error, "high": estimate + 1.96 * error}
    table = pd.DataFrame({k: np.exp(v) for k, v in columns.items()}, index=list(names))
    return table.assign(log_error=error, chi2=2 * found.cost)


def _seen(line: Timeline, table: pd.DataFrame, outputs: list[str], truth: Truth) -> _Subject:
    rows = table.iloc[line.row]
    kept = np.flatnonzero(((rows.EVID == 0) & (rows.BLQ == 0)).to_numpy())
    labels = [label or outputs[0] for label in rows.DVID.iloc[kept]]
    return _Subject(
        line=line,
        record=kept,
        output=np.array([outputs.index(label) for label in labels]),
        value=np.log(rows.DV.to_numpy(dtype=float)[kept]),
        sd=np.array([truth[f"sigma[{label}]"] for label in labels]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """Unknowns: log typical values, then the random effects, subject by subject."""

    kernel: Kernel
    subjects: list[_Subject]
    mean: FloatArray
    sd: FloatArray
    omega: FloatArray

    @property
    def varying(self) -> FloatArray:
        return np.flatnonzero(self.omega)

    def residuals(self, x: FloatArray) -> FloatArray:
        return self._solve(x)[0]

    def jacobian(self, x: FloatArray) -> FloatArray:
        return self._solve(x)[1]

    def _solve(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        size, varying = self.mean.size, self.varying
        eta = x[size:].reshape(len(self.subjects), varying.size)
        parts = [
            (x[:size] - self.mean) / self.sd,
            x[size:] / np.tile(self.omega[varying], len(eta)),
        ]
        slopes = [
            np.diag(np.concatenate([1 / self.sd, 1 / np.tile(self.omega[varying], len(eta))]))
        ]
        for i, subject in enumerate(self.subjects):
            log_values = x[:size].copy()
            log_values[varying] += eta[i]
            predicted, slope = self._predict(subject, np.exp(log_values))
            parts.append((predicted - subject.value) / subject.sd)
            wide = np.zeros((predicted.size, x.size))
            wide[:, :size] = slope
            first = size + i * varying.size
            wide[:, first : first + varying.size] = slope[:, varying]
            slopes.append(wide / subject.sd[:, None])
        return np.concatenate(parts), np.concatenate(slopes)

    def _predict(self, subject: _Subject, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return log predictions and their derivatives by log parameters."""
        solved = self.kernel.solve(subject.line, values)
        assert solved.ok, solved.reason
        assert solved.sensitivities is not None
        f = np.maximum(solved.values[subject.record, subject.output], 1e-12)
        slope = solved.sensitivities[subject.record, subject.output]
        return np.log(f), slope * values / f[:, None]
