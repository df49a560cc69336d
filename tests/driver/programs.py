"""The Stan programs of the suite and what is known of their posteriors in closed form."""

from dataclasses import dataclass

import numpy as np

__all__ = [
    "BETA_BINOMIAL",
    "CONSTANTS",
    "CORRELATED",
    "DOUBLED_HEADER",
    "NORMAL",
    "ODE",
    "BetaBinomial",
    "Decay",
    "NormalInverseGamma",
]

NORMAL = """
// Normal data with its conjugate prior; `broken` makes every start impossible.
data {
  int<lower=0> N;
  vector[N] y;
  int<lower=0, upper=1> broken;
}
parameters {
  real mu;
  real<lower=0> sigma2;
}
transformed parameters {
  real sigma = sqrt(sigma2);
}
model {
  sigma2 ~ inv_gamma(3, 2);
  mu ~ normal(1, sqrt(sigma2 / 2));
  profile("likelihood") {
    y ~ normal(mu, sigma);
  }
  if (broken) target += negative_infinity();
}
generated quantities {
  real y_new = normal_rng(mu, sigma);
  array[2] real shifted = {mu + 1, mu + 2};
}
"""

CORRELATED = """
data {
  vector[2] centre;
  matrix[2, 2] covariance;
}
parameters {
  vector[2] x;
}
model {
  x ~ multi_normal(centre, covariance);
}
"""

BETA_BINOMIAL = """
functions {
  real doubled(real x);
}
data {
  int<lower=0> n;
  int<lower=0, upper=n> k;
}
parameters {
  real<lower=0, upper=1> theta;
}
model {
  theta ~ beta(2, 3);
  target += doubled(0.5 * binomial_lpmf(k | n, theta));
}
"""

DOUBLED_HEADER = """
#include <ostream>
template <typename T>
T doubled(const T& x, std::ostream*) {
  return 2 * x;
}
"""

ODE = """
// First-order decay: the solver's answer is exp(-k t), so log y is linear in k.
functions {
  vector decay(real t, vector y, real k) {
    return -k * y;
  }
}
data {
  int<lower=1> N;
  array[N] real<lower=0> time;
  vector<lower=0>[N] y;
  real<lower=0> sigma;
}
parameters {
  real k;
}
model {
  array[N] vector[1] state = ode_bdf_tol(decay, [10]', 0, time, 1e-9, 1e-9, 10000, k);
  k ~ normal(1, 0.5);
  for (i in 1 : N) {
    y[i] ~ lognormal(log(state[i][1]), sigma);
  }
}
"""

CONSTANTS = """
generated quantities {
  real z = normal_rng(3, 2);
  tuple(real, array[2] real) pair = (1.5, {2.5, 3.5});
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalInverseGamma:
    """Posterior of NORMAL (Gelman et al., Bayesian Data Analysis, 3rd ed., section 3.3)."""

    y: np.ndarray

    @property
    def data(self) -> dict[str, object]:
        return {"N": len(self.y), "y": self.y.tolist(), "broken": 0}

    @property
    def _updated(self) -> tuple[float, float, float, float]:
        n, mean = len(self.y), float(self.y.mean())
        precision = 2 + n
        location = (2 * 1 + n * mean) / precision
        shape = 3 + n / 2
        squares = float(((self.y - mean) ** 2).sum())
        scale = 2 + 0.5 * squares + 0.5 * 2 * n / precision * (mean - 1) ** 2
        return precision, location, shape, scale

    @property
    def mean_mu(self) -> float:
        return self._updated[1]

    @property
    def variance_mu(self) -> float:
        precision, _, shape, scale = self._updated
        return scale / (shape - 1) / precision

    @property
    def mean_sigma2(self) -> float:
        _, _, shape, scale = self._updated
        return scale / (shape - 1)

    @property
    def variance_sigma2(self) -> float:
        _, _, shape, scale = self._updated
        return scale**2 / ((shape - 1) ** 2 * (shape - 2))

    @property
    def mode(self) -> tuple[float, float]:
        """Of the joint density of mu and sigma2, without the Jacobian of any transform."""
        _, location, shape, scale = self._updated
        return location, scale / (shape + 1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaBinomial:
    """Posterior of BETA_BINOMIAL: a beta distribution."""

    n: int = 20
    k: int = 13

    @property
    def data(self) -> dict[str, object]:
        return {"n": self.n, "k": self.k}

    @property
    def shapes(self) -> tuple[float, float]:
        return 2.0 + self.k, 3.0 + self.n - self.k


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay:
    """Posterior of ODE: a normal distribution, as log y = log 10 - k t + noise."""

    time: np.ndarray
    y: np.ndarray
    sigma: float

    @property
    def data(self) -> dict[str, object]:
        return {
            "N": len(self.y),
            "time": self.time.tolist(),
            "y": self.y.tolist(),
            "sigma": self.sigma,
        }

    @property
    def variance(self) -> float:
        return 1 / (1 / 0.5**2 + float((self.time**2).sum()) / self.sigma**2)

    @property
    def mean(self) -> float:
        slope = float((self.time * (np.log(10) - np.log(self.y))).sum()) / self.sigma**2
        return self.variance * (1 / 0.5**2 + slope)
