"""Forms of random effects, one file each: what ``iiv`` and ``iov`` in a model file may be."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pkqsp_bayes.statistics.random_effect import RandomEffectForm
from pkqsp_bayes.statistics.registry import find_forms

__all__ = ["RANDOM_EFFECTS", "USUAL_RANDOM_EFFECT", "RandomEffectForm", "RandomEffectName"]

RANDOM_EFFECTS: Mapping[str, RandomEffectForm] = find_forms(__name__, __path__, RandomEffectForm)
"""By name."""

USUAL_RANDOM_EFFECT = "lognormal"
"""What remedies suggest, and what implied parameters have."""

if TYPE_CHECKING:
    RandomEffectName = str
else:  # what is read from files is held against the names
    RandomEffectName = Literal[tuple(RANDOM_EFFECTS)]
