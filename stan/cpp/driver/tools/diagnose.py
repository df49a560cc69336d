"""Look for signs of trouble in the draws of some chains, as CmdStan's program of this name does."""

import argparse
import sys
import warnings

import numpy as np
from arviz_stats.base import array_stats
from numpy.typing import NDArray
from stan_csv import Chain, CsvError, read_chains, readable_name

__all__ = ["main"]

_LOW_BFMI = 0.3
_HIGH_RHAT = 1.01
_LOW_ESS_PER_CHAIN = 100


def _column(chains: list[Chain], name: str) -> NDArray[np.float64] | None:
    """Return chains x draws of one column, or None if the sampler has no such column."""
    if name not in chains[0].columns:
        return None
    place = chains[0].columns.index(name)
    return np.stack([chain.draws[:, place] for chain in chains])


def _treedepth(chains: list[Chain]) -> list[str]:
    depth = _column(chains, "treedepth__")
    if depth is None:
        return []
    limit = int(chains[0].settings["max_depth"])
    hits = int((depth >= limit).sum())
    if hits == 0:
        return []
    share = 100 * hits / depth.size
    return [
        f"{hits} of {depth.size} ({share:.2f}%) transitions hit the maximum treedepth limit of "
        f"{limit}. Trajectories that end early explore slowly: raise max_depth."
    ]


def _divergences(chains: list[Chain]) -> list[str]:
    divergent = _column(chains, "divergent__")
    count = 0 if divergent is None else int(divergent.sum())
    if divergent is None or count == 0:
        return []
    share = 100 * count / divergent.size
    return [
        f"{count} of {divergent.size} ({share:.2f}%) transitions ended with a divergence. The "
        "posterior may be incomplete: raise adapt delta towards 1, or reparameterise."
    ]


def _energy(chains: list[Chain]) -> list[str]:
    energy = _column(chains, "energy__")
    if energy is None or energy.shape[1] < 2:
        return []
    variance = energy.var(axis=1, ddof=1)
    bfmi = (np.diff(energy, axis=1) ** 2).sum(axis=1) / (energy.shape[1] - 1) / variance
    low = [
        f"chain {k + 1}: E-BFMI = {value:.3f}" for k, value in enumerate(bfmi) if value < _LOW_BFMI
    ]
    if not low:
        return []
    return [
        f"{'; '.join(low)} is below the nominal threshold of {_LOW_BFMI}: the sampler has trouble "
        "with the tails. A reparameterisation may help."
    ]


def _parameters(chains: list[Chain]) -> dict[str, NDArray[np.float64]]:
    """Return the moving quantities of the program; constants tell nothing."""
    draws = np.stack([chain.draws for chain in chains])
    moving = np.isfinite(draws).all(axis=(0, 1)) & (np.ptp(draws, axis=(0, 1)) > 0)
    return {
        readable_name(name): draws[:, :, j]
        for j, name in enumerate(chains[0].columns)
        if moving[j] and not name.endswith("__")
    }


def _ess(chains: list[Chain]) -> list[str]:
    threshold = _LOW_ESS_PER_CHAIN * len(chains)
    ess = {
        name: float(array_stats.ess(x, method="bulk", chain_axis=0, draw_axis=1))
        for name, x in _parameters(chains).items()
    }
    low = [f"{name} ({value:.0f})" for name, value in ess.items() if value < threshold]
    if not low:
        return []
    return [
        f"These parameters had bulk effective sample sizes below {threshold}, "
        f"{_LOW_ESS_PER_CHAIN} a chain: {', '.join(low)}"
    ]


def _rhat(chains: list[Chain]) -> list[str]:
    rhat = {
        name: float(array_stats.rhat(x, method="rank", chain_axis=0, draw_axis=1))
        for name, x in _parameters(chains).items()
    }
    high = [f"{name} ({value:.3f})" for name, value in rhat.items() if not value <= _HIGH_RHAT]
    if not high:
        return []
    return [
        f"These parameters had R-hat above {_HIGH_RHAT}, so the chains do not agree: "
        f"{', '.join(high)}"
    ]


_CHECKS = (
    ("treedepth", _treedepth, "Treedepth satisfactory for all transitions."),
    ("divergences", _divergences, "No divergent transitions found."),
    ("E-BFMI", _energy, "E-BFMI satisfactory."),
    ("effective sample size", _ess, "Effective sample size satisfactory for all parameters."),
    ("R-hat", _rhat, "R-hat values satisfactory for all parameters."),
)


def _report(chains: list[Chain]) -> str:
    lines, problems = [], 0
    for title, check, fine in _CHECKS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = check(chains)
        problems += len(found)
        lines += [f"Checking {title}.", *(found or [fine]), ""]
    lines.append(
        "Processing complete." if problems else "Processing complete, no problems detected."
    )
    return "\n".join([*lines, ""])


def main(arguments: list[str]) -> int:
    """Check the files named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="diagnose", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="CSV files of the sampler")
    try:
        chains = read_chains(parser.parse_args(arguments).files)
    except CsvError as error:
        sys.stderr.write(f"diagnose: {error}\n")
        return 1
    sys.stdout.write(_report(chains))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
