"""First-order variance budget: J_eta Omega J_eta' + J_phi Sigma_phi J_phi' + residual variance.

The derivatives of trajectories are analytic sensitivities of the kernel, multiplied by complex-step
derivatives of the population layer (exact to rounding). Derivatives of derived endpoints are
central differences.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.uncertainty.sampling_design import Design
from pkqsp_bayes.likelihood.population_draws import PopulationDraws

__all__ = ["FirstOrder", "first_order"]

FloatArray = NDArray[np.float64]
_STEP = 1e-40
_DIFFERENCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FirstOrder:
    """Values and first derivatives at the posterior mean, with random effects of zero.

    Parameters
    ----------
    centre : (K,) array
        The endpoint at this point.
    effects : (K, R) array
        Derivatives with respect to eta.
    occasions : (K, Q) array
        Derivatives with respect to kappa.
    shared : (K, U) array
        Derivatives with respect to typical values and coefficients.
    omega : (R, R) array
        Mean covariance of eta.
    omega_iov : (Q,) array
        Mean variance of kappa.
    uncertainty : (U, U) array
        Posterior covariance of typical values and coefficients.
    """

    centre: FloatArray
    effects: FloatArray
    occasions: FloatArray
    shared: FloatArray
    omega: FloatArray
    omega_iov: FloatArray
    uncertainty: FloatArray

    def between_subject(self) -> FloatArray:
        """Return J_eta Omega J_eta', (K,)."""
        found: FloatArray = np.einsum("kr,rs,ks->k", self.effects, self.omega, self.effects)
        return found

    def between_occasion(self) -> FloatArray:
        """Return J_kappa Omega_iov J_kappa', (K,)."""
        return (self.occasions**2) @ self.omega_iov

    def parameter(self) -> FloatArray:
        """Return J_phi Sigma_phi J_phi', (K,)."""
        found: FloatArray = np.einsum("ku,uv,kv->k", self.shared, self.uncertainty, self.shared)
        return found


def first_order(design: Design, draws: PopulationDraws) -> FirstOrder:
    """Linearise the endpoint of a design at the posterior mean.

    Parameters
    ----------
    design : Design
        The design.
    draws : PopulationDraws
        Posterior draws, of which means and covariance are used.
    """
    names = list(draws.sampled)
    shared = np.column_stack([draws.shared[n] for n in names]) if names else np.empty((1, 0))
    point = _Point(design=design, draws=draws, names=names)
    centre, derivatives = point.derivatives()
    split = np.cumsum([len(draws.effects), len(draws.occasion_effects)])
    effects, occasions, common = np.split(derivatives, split, axis=1)
    return FirstOrder(
        centre=centre,
        effects=effects,
        occasions=occasions,
        shared=common,
        omega=draws.covariance.mean(axis=0),
        omega_iov=(draws.omega_iov**2).mean(axis=0),
        uncertainty=np.atleast_2d(np.cov(shared.T)) if names else np.empty((0, 0)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Point:
    """The posterior mean, with changes of eta, kappa and shared parameters one by one."""

    design: Design
    draws: PopulationDraws
    names: list[str]

    def derivatives(self) -> tuple[FloatArray, FloatArray]:
        """Return the endpoint (K,) and its derivatives (K, directions)."""
        if self.design.endpoint.derived:
            return self._differences()
        p = self.parameters({})
        jacobian = np.column_stack([
            self.parameters({name: 1j * _STEP}).imag / _STEP for name in self.directions()
        ]) if self.directions() else np.empty((p.size, 0))  # fmt: skip
        found = self.design.simulator.solve(
            p.real[None, None, :], sensitivities=True, options=self.design.options
        )
        output = self.design.simulator.outputs.index(self.design.output)
        assert found.sensitivities is not None  # noqa: S101 - they were requested
        lanes = found.sensitivities[0, self.design.records, output]
        return found.values[0, self.design.records, output], lanes @ jacobian

    def _differences(self) -> tuple[FloatArray, FloatArray]:
        scales = self.directions()
        steps = [_DIFFERENCE * scale for scale in scales.values()]
        moved = [{n: s} for n, s in zip(scales, steps, strict=True)]
        points = [{}, *moved, *({n: -s} for m in moved for n, s in m.items())]
        tight = dataclasses.replace(self.design.options, rtol=1e-10, atol=1e-10)
        design = dataclasses.replace(self.design, options=tight)
        values = design.solve(np.array([self.parameters(m).real for m in points]))
        up, down = values[1 : 1 + len(steps)], values[1 + len(steps) :]
        slopes = (up - down) / (2 * np.array(steps).reshape(-1, 1))
        return values[0], slopes.T

    def directions(self) -> dict[str, float]:
        """Return each direction with its standard deviation: eta, kappa, shared parameters."""
        draws = self.draws
        omega = np.sqrt(np.diagonal(draws.covariance.mean(axis=0)))
        found = {f"eta:{n}": float(s) for n, s in zip(draws.effects, omega, strict=True)}
        iov = draws.omega_iov.mean(axis=0)
        found |= {f"kappa:{n}": float(s) for n, s in zip(draws.occasion_effects, iov, strict=True)}
        return found | {n: float(np.std(draws.shared[n])) or 1.0 for n in self.names}

    def parameters(self, moved: Mapping[str, complex]) -> NDArray[np.complex128]:
        """Return individual parameters (P,) with a change from the mean in one direction."""
        draws = self.draws
        shared = {n: np.array([v.mean() + moved.get(n, 0.0)]) for n, v in draws.shared.items()}
        eta = np.array([[[moved.get(f"eta:{n}", 0.0) for n in draws.effects]]])
        kappa = np.array([[[[moved.get(f"kappa:{n}", 0.0) for n in draws.occasion_effects]]]])
        mean = dataclasses.replace(draws, shared=shared)
        found = self.design.simulator.parameters(
            mean, eta.reshape(1, 1, -1), kappa.reshape(1, 1, 1, -1)
        )
        point: NDArray[np.complex128] = found[0, 0].astype(np.complex128)
        return point
