"""Monte Carlo samples of a variance budget: random effects of each draw, and the endpoint."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.uncertainty.by_effect import EffectVariances, effect_variances
from pkqsp_bayes.analysis.uncertainty.moments import Estimate
from pkqsp_bayes.analysis.uncertainty.sampling_design import Design
from pkqsp_bayes.analysis.uncertainty.scales import Scale, on_scale
from pkqsp_bayes.errors import PkqspError
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.spec.labels import eta_label

__all__ = ["NestedSamples", "SolveError", "draw_nested", "draw_singles", "effect_groups"]

FloatArray = NDArray[np.float64]
_LEAST = 20


class SolveError(PkqspError, RuntimeError):
    """Too many draws could not be solved."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NestedSamples:
    """Two sets of n subjects for each of D draws, and mixtures of the two.

    Parameters
    ----------
    draws : PopulationDraws
        The D draws that were solved.
    f : (D, n, K) array
        The endpoint.
    other : (D, n, K) array
        The endpoint of other subjects for the same draws.
    mixed : mapping of str to (D, n, K) array
        ``f`` with the random effects of one group taken from the other subjects.
    occasion : (D, n, K) array or None
        ``f`` at another occasion of the same subjects.
    failed : int
        Number of draws that were omitted because a solve failed.
    """

    draws: PopulationDraws
    f: FloatArray
    other: FloatArray
    mixed: dict[str, FloatArray]
    occasion: FloatArray | None
    failed: int

    def effects(self, scale: Scale) -> list[EffectVariances]:
        """Return the variances of each group of random effects."""
        f, g = on_scale(self.f, scale), on_scale(self.other, scale)
        return [effect_variances(name, f, g, on_scale(h, scale)) for name, h in self.mixed.items()]

    def between_occasion(self, scale: Scale) -> Estimate | None:
        """Return E Var(f | subject), the variance between occasions of one subject."""
        if self.occasion is None:
            return None
        difference = on_scale(self.f, scale) - on_scale(self.occasion, scale)
        return Estimate.mean_of(0.5 * (difference**2).mean(axis=1))


def draw_nested(
    design: Design, draws: PopulationDraws, inner: int, rng: np.random.Generator
) -> NestedSamples:
    """Draw random effects and solve the design.

    Raises
    ------
    SolveError
        If too few draws can be solved.
    """
    eta, other = draws.draw_eta(inner, rng), draws.draw_eta(inner, rng)
    kappa, later = draws.draw_kappa(inner, 1, rng), draws.draw_kappa(inner, 1, rng)
    f = design.endpoint_of(draws, eta, kappa)
    g = design.endpoint_of(draws, other, later)
    mixed = {}
    for name, columns in effect_groups(draws).items():
        swapped = eta.copy()
        swapped[:, :, columns] = other[:, :, columns]
        mixed[name] = design.endpoint_of(draws, swapped, kappa)
    again = design.endpoint_of(draws, eta, later) if draws.occasion_effects else None
    parts = [f, g, *mixed.values(), *([] if again is None else [again])]
    kept = np.flatnonzero(np.all([np.isfinite(p).all(axis=(1, 2)) for p in parts], axis=0))
    if kept.size < min(_LEAST, draws.size):
        msg = f"only {kept.size} of {draws.size} draws could be solved: check the design"
        raise SolveError(msg)
    return NestedSamples(
        draws=draws.take(kept),
        f=f[kept],
        other=g[kept],
        mixed={name: h[kept] for name, h in mixed.items()},
        occasion=None if again is None else again[kept],
        failed=draws.size - kept.size,
    )


def effect_groups(draws: PopulationDraws) -> dict[str, list[int]]:
    """Return the mutually independent groups of random effects, by name.

    Examples
    --------
    >>> none, nothing = np.zeros((1, 0)), ()
    >>> draws = PopulationDraws(shared={}, sampled=(), effects=("CL", "V"), omega=np.ones((1, 2)),
    ...     correlation=np.array([[[1.0, 0.5], [0.5, 1.0]]]), occasion_effects=nothing,
    ...     omega_iov=none, residuals=nothing, sigma=none)
    >>> effect_groups(draws)
    {'eta[CL]+eta[V]': [0, 1]}
    """
    linked = (draws.correlation != 0).any(axis=0)
    groups: dict[str, list[int]] = {}
    done: set[int] = set()
    for i in range(len(draws.effects)):
        if i not in done:
            members = [int(j) for j in np.flatnonzero(linked[i])]
            groups["+".join(eta_label(draws.effects[j]) for j in members)] = members
            done |= set(members)
    return groups


def draw_singles(
    design: Design, draws: PopulationDraws, size: int, rng: np.random.Generator
) -> tuple[PopulationDraws, FloatArray]:
    """Draw one subject for each of ``size`` draws; return the draws and the endpoint (N, K)."""
    chosen = draws.take(rng.integers(draws.size, size=size))
    f = design.endpoint_of(chosen, chosen.draw_eta(1, rng), chosen.draw_kappa(1, 1, rng))[:, 0]
    kept = np.flatnonzero(np.isfinite(f).all(axis=1))
    return chosen.take(kept), f[kept]
