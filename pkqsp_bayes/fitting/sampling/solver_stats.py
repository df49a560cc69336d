"""Statistics of the ODE solver in a chain: solves, steps, failures and their parameters.

The kernel counts solves and steps, and writes the counts when the process of a chain ends. The
solvers of Stan do not count. For both, the console output of Stan lists the rejected proposals with
their reasons.
"""

import dataclasses
import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pkqsp_bayes.files import read_text

__all__ = ["SolverFailure", "SolverStats", "read_solver_stats", "summarise_solver"]

_LOGGER = logging.getLogger(__name__)
_MOST_BYTES = 10_000_000
_REASON = re.compile(r"^Exception: (?:Exception: )*(?P<reason>.*?)(?: \(in '.*)?$")
_SOLVERS = ("ode_", "cvode", "CVode")
_MOST_REASONS = 20
_MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverFailure:
    """A solve that failed.

    Parameters
    ----------
    reason : str
        Reason, as text.
    parameters : mapping of str to float
        Individual parameters of the solve; None if one was not finite.
    """

    reason: str
    parameters: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverStats:
    """Statistics of the ODE solver in one chain, warm-up included.

    Parameters
    ----------
    solves, steps, rejected_steps : int or None
        Counts for all subjects; None if the solver does not count.
    failed : mapping of str to int
        Number of failed solves by reason. Each rejected a proposal.
    examples : tuple of SolverFailure
        The first failures.
    refused : mapping of str to int
        Number of rejected proposals by the message of Stan: failed solves and other reasons, such
        as an overflow of a parameter of a density.
    """

    solves: int | None = None
    steps: int | None = None
    rejected_steps: int | None = None
    failed: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[SolverFailure, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)


def read_solver_stats(log: Path, console: Path, names: Sequence[str]) -> SolverStats:
    """Read the statistics of the solves of a chain.

    Parameters
    ----------
    log : Path
        File of the kernel; it does not exist for the solvers of Stan, or if the chain was killed.
    console : Path
        Console output of the sampler.
    names : sequence of str
        Individual parameters in the order of the kernel.
    """
    refused = Counter(_refusals(console))
    reasons = dict(refused.most_common(_MOST_REASONS))
    counted = _counted(log, len(names))
    if counted is None:
        failed = {k: n for k, n in reasons.items() if k.startswith(_SOLVERS)}
        return SolverStats(failed=failed, refused=reasons)
    return SolverStats(
        solves=counted["solves"],
        steps=counted["steps"],
        rejected_steps=counted["rejected"],
        failed=counted["failures"],
        examples=tuple(
            SolverFailure(
                reason=example["reason"],
                parameters=dict(zip(names, example["parameters"], strict=True)),
            )
            for example in counted["examples"][:_MOST_EXAMPLES]
        ),
        refused=reasons,
    )


def summarise_solver(stats: Mapping[int, SolverStats], backend: str) -> dict[str, Any]:
    """Return the attribute of a result on its solver: all chains together, then each chain.

    Parameters
    ----------
    stats : mapping of int to SolverStats
        Statistics of each chain.
    backend : str
        Name of the solver.

    Examples
    --------
    >>> one = SolverStats(solves=10, steps=70, rejected_steps=3, failed={"too stiff": 2})
    >>> solver = summarise_solver({1: one, 2: one}, "native")
    >>> solver["solves"], solver["failed"], solver["reasons"]
    (20, 4, {'too stiff': 4})
    """
    reasons: Counter[str] = Counter()
    for one in stats.values():
        reasons.update(one.failed)
    examples = [
        {"chain": chain, **dataclasses.asdict(failure)}
        for chain, one in stats.items()
        for failure in one.examples
    ]
    return {
        "backend": backend,
        "solves": _sum(one.solves for one in stats.values()),
        "steps": _sum(one.steps for one in stats.values()),
        "rejected_steps": _sum(one.rejected_steps for one in stats.values()),
        "failed": reasons.total(),
        "reasons": dict(reasons),
        "examples": examples[:_MOST_EXAMPLES],
        "chains": {str(chain): dataclasses.asdict(one) for chain, one in stats.items()},
    }


def _sum(counts: Iterable[int | None]) -> int | None:
    """Return the sum of counts; None if one is not known."""
    known = list(counts)
    return None if None in known else sum(n for n in known if n is not None)


def _counted(log: Path, parameters: int) -> dict[str, Any] | None:
    """Return the counts of the kernel; None if there are none, or they are not valid."""
    if not log.is_file():
        return None
    try:
        first = read_text(log, limit=_MOST_BYTES).partition("\n")[0]
        found: dict[str, Any] = json.loads(first)
        _check_counted(found, parameters)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _LOGGER.warning("%s is damaged: the counts of the solver are not known", log)
        return None
    return found


def _check_counted(found: dict[str, Any], parameters: int) -> None:
    """Raise an error if the counts of the kernel are not valid."""
    counts = [found[name] for name in ("solves", "steps", "rejected")]
    counts += found["failures"].values()
    for example in found["examples"]:
        numbers = [value for value in example["parameters"] if value is not None]
        if len(example["parameters"]) != parameters or not isinstance(example["reason"], str):
            raise ValueError
        if any(type(value) not in (int, float) for value in numbers):
            raise TypeError
    if any(type(count) is not int or count < 0 for count in counts):
        raise TypeError


def _refusals(console: Path) -> Iterator[str]:
    if not console.is_file():
        return
    with console.open(errors="replace") as file:
        for line in file:
            found = _REASON.match(line.strip())
            if found:
                yield found["reason"][:200]
