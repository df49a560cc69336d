"""Forms of random effects for ``iiv`` and ``iov`` in a model file, one file each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pkqsp_bayes.statistics.random_effect import RandomEffectForm
from pkqsp_bayes.statistics.registry import find_forms

__all__ = ["RANDOM_EFFECTS", "USUAL_RANDOM_EFFECT", "RandomEffectForm", "RandomEffectName"]

RANDOM_EFFECTS: Mapping[str, RandomEffectForm] = find_forms(__name__, __path__, RandomEffectForm)
"""Forms by name."""

USUAL_RANDOM_EFFECT = "lognormal"
"""The usual form, in remedies and for implied parameters."""

if TYPE_CHECKING:
    RandomEffectName = str
else:  # texts from files are compared with these names
    RandomEffectName = Literal[tuple(RANDOM_EFFECTS)]
