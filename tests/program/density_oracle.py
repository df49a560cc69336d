"""A model with every feature, and its log density in plain NumPy and SciPy.

One compartment, a bolus: A(t) = F D exp(-integral of CL / V), whatever moves CL and V; the outputs
are A / V + b. Nothing of the package is used to compute it.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from tests.program.features import MODEL

__all__ = ["MODEL", "TIMES", "Oracle", "covariates_at", "subjects"]

FloatArray = NDArray[np.float64]

ENDPOINTS = ("plain", "relative", "both", "logarithmic", "powered", "heavy")
TIMES = np.array([0.5, 1.0, 2.0, 3.0, 5.0, 8.0])
DOSE = 100.0
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
RECORDS = np.array([0.0, *TIMES])


def subjects() -> dict[str, FloatArray]:
    """Fixed covariates of three subjects; SEX by its codes."""
    return {
        "WT": np.array([55.0, 70.0, 92.0]),
        "AGE": np.array([30.0, 44.0, 71.0]),
        "SEX": np.array([1.0, 2.0, 2.0]),
    }


def covariates_at(time: FloatArray) -> dict[str, FloatArray]:
    """Values that stand in the table, at its records."""
    return {
        "CRP": np.where(time < 2, 5.0, 20.0),
        "ALB": 45.0 - 1.5 * np.minimum(time, 5.0) + np.maximum(time - 5, 0),
        "DIET": np.where((time > 0.7) & (time < 4), 1.0, 0.0),
        "OCC": np.where(time < 3, 1.0, 2.0),
    }


def _held(time: FloatArray) -> dict[str, FloatArray]:
    """Values that hold between the records: steps and lines."""
    at = covariates_at(RECORDS)
    piece = np.searchsorted(RECORDS, time, side="right") - 1
    following = np.minimum(piece + 1, RECORDS.size - 1)
    return {
        "CRP": at["CRP"][piece],
        "ALB": np.interp(time, RECORDS, at["ALB"]),
        "DIET": at["DIET"][following],
        "OCC": at["OCC"][piece],
    }


@dataclass(kw_only=True)
class _Reader:
    """Takes values off an unconstrained point, and adds up the log Jacobian."""

    point: FloatArray
    place: int = 0
    jacobian: float = 0.0

    def free(self, size: int = 1) -> FloatArray:
        part = self.point[self.place : self.place + size]
        self.place += size
        return part

    def positive(self, size: int = 1, low: float = 0.0) -> FloatArray:
        part = self.free(size)
        self.jacobian += part.sum()
        return low + np.exp(part)

    def between(self, low: float, high: float) -> float:
        share = special.expit(self.free())[0]
        self.jacobian += np.log((high - low) * share * (1 - share))
        return float(low + (high - low) * share)

    def correlation(self, size: int) -> FloatArray:
        """Cholesky factor, by canonical partial correlations row by row."""
        factor = np.zeros((size, size))
        factor[0, 0] = 1
        for i in range(1, size):
            for j in range(i):
                z = np.tanh(self.free()[0])
                left = 1 - (factor[i, :j] ** 2).sum()
                factor[i, j] = z * np.sqrt(left)
                self.jacobian += np.log1p(-(z**2)) + 0.5 * np.log(left)
            factor[i, i] = np.sqrt(1 - (factor[i, :i] ** 2).sum())
        return factor

    def matrix(self, rows: int, columns: int) -> FloatArray:
        return self.free(rows * columns).reshape((rows, columns), order="F")


@dataclass(kw_only=True)
class Oracle:
    """The log density of a point, up to one constant.

    ``output``, ``time``, ``subject``, ``value``, ``censored`` describe the observations.
    """

    centred: bool
    output: list[str]
    time: FloatArray
    subject: NDArray[np.int64]
    value: FloatArray
    censored: FloatArray
    parts: dict[str, float] = field(default_factory=dict)

    def log_density(self, point: FloatArray) -> float:
        read = _Reader(point=point)
        prior, p = self._population(read)
        effects = self._effects(read, p)
        prior += self._occasions(read, p)
        errors, error_prior = self._errors(read)
        assert read.place == point.size
        likelihood = self._likelihood(p, errors)
        self.parts = {"prior": prior + error_prior, "effects": effects + p["kappa_density"]}
        return read.jacobian + prior + error_prior + effects + p["kappa_density"] + likelihood

    def _population(self, read: _Reader) -> tuple[float, dict]:
        p = {"CL": read.positive()[0], "V": read.positive()[0], "F": read.between(0.1, 0.95)}
        p["b"] = read.positive(low=0.5)[0]
        names = ("CL,WT", "CL,SEX", "CL,CRP", "V,AGE", "V,ALB", "b,WT", "b,DIET")
        p |= {name: read.free()[0] for name in names}
        priors = (
            (0.75, 0.2), (0, 0.5), (-0.2, 0.1), (0, 0.1), (0, 0.01), (0, 0.002), (0, 0.5),
        )  # fmt: skip
        total = stats.lognorm.logpdf(p["CL"], 0.5, scale=3)
        total += stats.gamma.logpdf(p["V"], 9, scale=1 / 0.3)
        total += stats.norm.logpdf(special.logit(p["F"]), 0.5, 1)
        total -= np.log(p["F"]) + np.log1p(-p["F"])
        total += stats.norm.logpdf(p["b"], 2, 0.3)
        for name, (mean, sd) in zip(names, priors, strict=True):
            total += stats.norm.logpdf(p[name], mean, sd)
        return total, p

    def _effects(self, read: _Reader, p: dict) -> float:
        first, second = read.positive()[0], read.between(0.01, 2)
        total = stats.halfcauchy.logpdf(first, scale=0.5)
        factor = read.correlation(3)
        # LKJ(3) of the factor: L_kk^(K - k + 2 eta - 2)
        total += 5 * np.log(factor[1, 1]) + 4 * np.log(factor[2, 2])
        z = read.matrix(3, 4)
        block, covariance = [0, 1, 3], np.diag([first, second, 0.2]) @ factor
        eta = z.copy()
        if self.centred:
            eta -= self._locations(p)
            total += stats.multivariate_normal.logpdf(
                eta[:, block], np.zeros(3), covariance @ covariance.T
            ).sum()
            total += stats.norm.logpdf(eta[:, 2], 0, 0.3).sum()
        else:
            total += stats.norm.logpdf(z).sum()
            eta[:, block] = z[:, block] @ covariance.T
            eta[:, 2] = 0.3 * z[:, 2]
        p["eta"] = eta
        return total

    def _locations(self, p: dict) -> FloatArray:
        """Means of the subjects' own values, subject by effect, on the scale of each effect."""
        x = subjects()
        male, old = x["SEX"] == 2, x["AGE"] - 40
        log_clearance = np.log(p["CL"]) + p["CL,WT"] * np.log(x["WT"] / 70) + p["CL,SEX"] * male
        log_volume = np.log(p["V"] * x["WT"] / 70) + p["V,AGE"] * old + np.where(male, -0.2, 0.1)
        share = (p["F"] * np.exp(-0.002 * old) - 0.1) / 0.85
        baseline = p["b"] * (1 + p["b,WT"] * (x["WT"] - 70)) * (1 + 0.001 * old)
        return np.stack([log_clearance, log_volume, special.logit(share), baseline], axis=1)

    def _occasions(self, read: _Reader, p: dict) -> float:
        scale = np.array([read.positive()[0], 0.15])
        z = read.matrix(3, 4).reshape(3, 2, 2)  # subject, effect, occasion
        sd = scale[None, :, None]
        p["kappa"] = z if self.centred else sd * z
        p["kappa_density"] = stats.norm.logpdf(z, 0, sd if self.centred else 1).sum()
        return stats.expon.logpdf(scale[0], scale=1 / 4)

    def _errors(self, read: _Reader) -> tuple[dict[str, Callable], float]:
        plain, additive, logarithmic, powered = read.positive(4)
        exponent = read.between(0, 1)
        heavy, df = read.positive(2)
        prior = stats.t.logpdf(plain, 3) + stats.invgamma.logpdf(additive, 3, scale=1)
        prior += stats.norm.logpdf(logarithmic, 0, 0.5) + stats.cauchy.logpdf(powered, 0, 0.5)
        prior += stats.beta.logpdf(exponent, 2, 2) + stats.norm.logpdf(heavy, 0.5, 0.5)
        prior += stats.gamma.logpdf(df, 2, scale=10)
        return {
            "plain": lambda f: stats.norm(f, plain),
            "relative": lambda f: stats.norm(f, 0.2 * abs(f)),
            "both": lambda f: stats.norm(f, np.sqrt(additive**2 + (0.1 * f) ** 2)),
            "logarithmic": lambda f: stats.lognorm(logarithmic, scale=f),
            "powered": lambda f: stats.norm(f, powered * abs(f) ** exponent),
            "heavy": lambda f: stats.t(df, f, heavy),
        }, prior

    def _likelihood(self, p: dict, errors: dict[str, Callable]) -> float:
        total = 0.0
        for i, name in enumerate(self.output):
            law = errors[name](self.prediction(p, int(self.subject[i]), self.time[i]))
            y, censored = self.value[i], self.censored[i]
            density = {0: law.logpdf, -1: law.logcdf, 1: law.logsf}[int(censored)]
            total += float(density(y))
        return total

    def prediction(self, p: dict, s: int, time: float) -> float:
        ends = RECORDS[time >= RECORDS]
        exponent = 0.0
        for low, high in itertools.pairwise(ends):
            nodes = low + (high - low) * (NODES + 1) / 2
            clearance, volume, _ = self._moving(p, s, _held(nodes))
            exponent += (WEIGHTS * clearance / volume).sum() * (high - low) / 2
        # a sample sees what its own record states
        _, volume, baseline = self._moving(p, s, covariates_at(np.array([time])))
        x = {name: values[s] for name, values in subjects().items()}
        mean = p["F"] * np.exp(-0.002 * (x["AGE"] - 40))
        share = (mean - 0.1) / 0.85
        individual = 0.1 + 0.85 * special.expit(special.logit(share) + p["eta"][s, 2])
        return float(individual * DOSE * np.exp(-exponent) / volume[0] + baseline[0])

    def _moving(self, p: dict, s: int, now: dict[str, FloatArray]) -> tuple[FloatArray, ...]:
        x = {name: values[s] for name, values in subjects().items()}
        eta, kappa = p["eta"][s], p["kappa"][s][:, now["OCC"].astype(int) - 1]
        male = x["SEX"] == 2
        clearance = p["CL"] * (x["WT"] / 70) ** p["CL,WT"] * np.exp(p["CL,SEX"] * male + eta[0])
        clearance = clearance * (now["CRP"] / 5) ** p["CL,CRP"] * (1 + 0.02 * (now["ALB"] - 45))
        volume = p["V"] * x["WT"] / 70 * np.exp(p["V,AGE"] * (x["AGE"] - 40) + eta[1])
        volume = volume * np.exp(-0.2 if male else 0.1) * np.exp(p["V,ALB"] * (now["ALB"] - 45))
        baseline = p["b"] * (1 + p["b,WT"] * (x["WT"] - 70)) * (1 + 0.001 * (x["AGE"] - 40))
        baseline = (baseline + eta[3]) * np.exp(p["b,DIET"] * now["DIET"])
        baseline = baseline * np.exp(-0.004 * (now["CRP"] - 5))
        return clearance * np.exp(kappa[0]), volume, baseline + kappa[1]
