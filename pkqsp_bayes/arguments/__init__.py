"""Rules for the arguments of public functions, and the decorator that checks them."""

from pkqsp_bayes.arguments.checked import checked
from pkqsp_bayes.arguments.non_numeric import (
    EXECUTOR,
    FLAG,
    PATH,
    TEXT,
    either,
    instance,
    mapping,
    one_of,
    record,
    sequence,
)
from pkqsp_bayes.arguments.numbers import (
    CORES,
    LEVEL,
    REAL,
    SEED,
    count,
    increasing,
    number,
    numbers,
    probability,
)
from pkqsp_bayes.arguments.rule import Rule

__all__ = [
    "CORES",
    "EXECUTOR",
    "FLAG",
    "LEVEL",
    "PATH",
    "REAL",
    "SEED",
    "TEXT",
    "Rule",
    "checked",
    "count",
    "either",
    "increasing",
    "instance",
    "mapping",
    "number",
    "numbers",
    "one_of",
    "probability",
    "record",
    "sequence",
]
