"""What the ODE solver did in a chain: solves, steps, failures, and the parameters that caused them.

Our kernel counts, and writes its account when the process of a chain ends; Stan's own solvers do
not, but Stan says which proposals it refused, and why: that is known of both.
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

__all__ = ["SolverFailure", "SolverStats", "read_solver_stats", "solver_account"]

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
        In words.
    parameters : mapping of str to float
        Individual parameters that it was asked for; None where one was not finite.
    """

    reason: str
    parameters: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverStats:
    """What the ODE solver did in one chain, warm-up included.

    Parameters
    ----------
    solves, steps, rejected_steps : int or None
        Of all subjects; None where the solver does not count.
    failed : mapping of str to int
        Reason to the number of solves that failed. Each refused a proposal.
    examples : tuple of SolverFailure
        The first few.
    refused : mapping of str to int
        What Stan said of proposals that it refused, to how often: failed solves and all else,
        such as a parameter of a density that overflowed.
    """

    solves: int | None = None
    steps: int | None = None
    rejected_steps: int | None = None
    failed: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[SolverFailure, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)


def read_solver_stats(log: Path, console: Path, names: Sequence[str]) -> SolverStats:
    """Read what is known of a chain's solves.

    Parameters
    ----------
    log : Path
        What the kernel wrote; not there for Stan's solvers, or if the chain was killed.
    console : Path
        What the sampler said.
    names : sequence of str
        Individual parameters in the kernel's order.
    """
    refused = Counter(_refusals(console))
    told = dict(refused.most_common(_MOST_REASONS))
    counted = _counted(log, len(names))
    if counted is None:
        failed = {k: n for k, n in told.items() if k.startswith(_SOLVERS)}
        return SolverStats(failed=failed, refused=told)
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
        refused=told,
    )


def solver_account(stats: Mapping[int, SolverStats], backend: str) -> dict[str, Any]:
    """Return what a result says of its solver: all chains together, then each.

    Parameters
    ----------
    stats : mapping of int to SolverStats
        Of each chain.
    backend : str
        Which solver it was.

    Examples
    --------
    >>> one = SolverStats(solves=10, steps=70, rejected_steps=3, failed={"too stiff": 2})
    >>> account = solver_account({1: one, 2: one}, "native")
    >>> account["solves"], account["failed"], account["reasons"]
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
    """Add up counts; None if one is not known."""
    known = list(counts)
    return None if None in known else sum(n for n in known if n is not None)


def _counted(log: Path, parameters: int) -> dict[str, Any] | None:
    """Return what the kernel wrote; None if it wrote nothing, or nothing that makes sense."""
    if not log.is_file():
        return None
    try:
        first = read_text(log, limit=_MOST_BYTES).partition("\n")[0]
        found: dict[str, Any] = json.loads(first)
        _check_counted(found, parameters)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _LOGGER.warning("%s is damaged: what the solver counted is not known", log)
        return None
    return found


def _check_counted(found: dict[str, Any], parameters: int) -> None:
    """Raise any error if an account of the kernel is not what it writes."""
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
