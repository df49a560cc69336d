"""Rules for arguments that several analyses share: statistics, bins, values by name."""

from collections.abc import Callable

from pkqsp_bayes.arguments import (
    count,
    either,
    increasing,
    instance,
    mapping,
    number,
    probability,
    sequence,
)

__all__ = [
    "BINS",
    "NUMBERS",
    "PROBABILITIES",
    "STATISTICS_RULE",
]

BINS = either(increasing(2), count(1, 1000))
PROBABILITIES = sequence(probability(), least=1, wanted="give numbers between 0 and 1")
NUMBERS = mapping(number(), wanted='give a mapping of names to numbers, such as {"CL": 3.0}')
STATISTICS_RULE = mapping(
    instance(Callable, wanted="give a function of a table"),  # type: ignore[arg-type]
    wanted="give a mapping of names to functions of a table",
)
