"""The cattrs converter between plain TOML data and specifications."""

import dataclasses
import functools

import cattrs

from pkqsp_bayes.spec.shorthand import register_shorthand
from pkqsp_bayes.spec.structure import register_plain, structure_record, unstructure_record

__all__ = ["converter"]


@functools.cache
def converter() -> cattrs.Converter:
    """Return the shared strict converter: no coercion, unknown keys are errors."""
    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    register_plain(made)
    made.register_structure_hook_factory(dataclasses.is_dataclass, structure_record(made))
    made.register_unstructure_hook_factory(dataclasses.is_dataclass, unstructure_record(made))
    register_shorthand(made)
    return made
