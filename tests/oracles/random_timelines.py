"""Random regimens with every kind of record, for comparing one solver with another."""

import random
from collections.abc import Sequence
from typing import Any

from pkqsp_bayes.study.timeline import Timeline
from tests.oracles.records import make_timeline

__all__ = ["random_timeline"]


def random_timeline(seed: int, targets: Sequence[Sequence[float]], **covariates: Any) -> Timeline:
    """Make a timeline of 4 to 9 records, many of them at one time.

    Parameters
    ----------
    seed : int
        Of the random numbers.
    targets : sequence of sequences
        The values of RATE to choose from, for each dosing compartment.
    **covariates
        As `make_timeline` takes them.
    """
    rng = random.Random(seed)
    records: list[dict[str, float]] = []
    time = 0.0
    for _ in range(rng.randint(3, 8)):
        time = round(time + rng.choice([0, 0, 0.5, 1.25, 3]), 2)
        kind = rng.random()
        if kind < 0.45:
            records.append({"time": time, "evid": rng.choice([0, 0, 2])})
        elif kind < 0.53:
            records.append({"time": time, "evid": 3})
        else:
            records.append(_dose(rng, time, targets))
    records.append({"time": time + 2.5})
    return make_timeline(records, **covariates)


def _dose(rng: random.Random, time: float, targets: Sequence[Sequence[float]]) -> dict[str, float]:
    target = rng.randrange(len(targets))
    dose: dict[str, float] = {"time": time, "evid": 4 if rng.random() < 0.12 else 1}
    dose |= {"amount": rng.choice([5, 10]), "dose": target, "rate": rng.choice(targets[target])}
    interval = rng.choice([1.25, 2, 4])
    if rng.random() < 0.35:
        dose |= {"interval": interval, "additional": rng.choice([1, 3])}
    if rng.random() < 0.3:
        dose |= {"steady": rng.choice([1, 2]), "interval": interval}
        if rng.random() < 0.2:
            dose |= {"amount": 0, "rate": 2, "interval": 0, "additional": 0}
    return dose
