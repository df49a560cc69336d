"""Short forms in the model file, and the converter between plain TOML data and specifications."""

import dataclasses
import functools
import keyword
import typing
from collections.abc import Callable
from typing import Any

import cattrs

from pkqsp_bayes.spec.body import BodySpec, CovariateSpec, LumpSpec
from pkqsp_bayes.spec.mechanism import EquationsSpec
from pkqsp_bayes.spec.population import (
    CovariateEffectSpec,
    ErrorSpec,
    ObservationSpec,
    OmegaSpec,
    PopulationSpec,
)
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import check_effect, parse_effect, parse_prior
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.reading.structure import (
    MisfitError,
    number,
    register_plain,
    structure_record,
    unstructure_record,
    wrong_type,
)
from pkqsp_bayes.statistics import COVARIATE_EFFECTS

__all__ = ["OMEGA_KEYS", "converter", "register_shorthand"]

OMEGA_KEYS = ("centred", "correlate", "lkj", "non_centred", "occasion")
"""Keys of ``omega`` that are not parameters."""


def register_shorthand(made: cattrs.Converter) -> None:
    """Register the short forms with a converter, in both directions."""
    # The order matters: the function of a record uses those of its fields.
    _register_texts(made)
    _register_short_forms(made)
    _register_nested(made)


def _short(
    made: cattrs.Converter,
    cls: type,
    expand: Callable[[Any], Any],
    shrink: Callable[[dict[str, Any]], Any],
) -> None:
    """Register a short form of a record: a single value in place of a table."""
    structure = structure_record(made)(cls)
    unstructure = unstructure_record(made)(cls)
    made.register_structure_hook(cls, lambda value, t: structure(expand(value), t))
    made.register_unstructure_hook(cls, lambda record: shrink(unstructure(record)))


def _register_short_forms(made: cattrs.Converter) -> None:
    made.register_structure_hook_func(
        lambda kind: kind == float | str, lambda value, _: _number_or_text(value)
    )
    made.register_unstructure_hook_func(lambda kind: kind == float | str, lambda value: value)
    _short(made, Quantity, _expand_quantity, lambda d: d if "unit" in d else d["value"])
    _short(made, CovariateSpec, _expand_covariate, _shrink_covariate)
    _short(made, EquationsSpec, lambda v: {"text": v} if isinstance(v, str) else v, dict)
    _short(made, ErrorSpec, _expand_error, lambda d: d["form"] if set(d) == {"form"} else d)
    _short(made, BodySpec, _flatten_multipliers, dict)
    _short(made, LumpSpec, _expand_lump, lambda d: d["organs"] if set(d) == {"organs"} else d)


def _number_or_text(value: Any) -> float | str:
    if not isinstance(value, str):
        return number(value)
    if not value.strip():
        raise MisfitError("the expression is empty", "write a number or an expression")
    return value


def _expand_quantity(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    if isinstance(value, list | bool):
        raise wrong_type(value, "a number, an expression or a table with value and unit")
    return {"value": value}


def _expand_covariate(value: Any) -> Any:
    if value == "category":
        return {"category": True}
    return {"unit": value} if isinstance(value, str) else value


def _shrink_covariate(table: dict[str, Any]) -> Any:
    if table == {"category": True}:
        return "category"
    if set(table) <= {"unit"}:
        return table.get("unit", "")
    return table


def _expand_error(value: Any) -> Any:
    return {"form": value} if isinstance(value, str) else value


def _flatten_multipliers(table: Any) -> Any:
    """Convert ``liver.Q = 0.8`` below ``[body.multipliers]`` to the name ``liver.Q``."""
    stated = table.get("multipliers") if isinstance(table, dict) else None
    if not isinstance(stated, dict):
        return table
    flat: dict[str, Any] = {}
    for name, value in stated.items():
        nested = isinstance(value, dict) and "value" not in value
        inner = {f"{name}.{key}": v for key, v in value.items()} if nested else {name: value}
        flat.update(inner)
    return {**table, "multipliers": flat}


def _expand_lump(value: Any) -> Any:
    return {"organs": value} if isinstance(value, list) else value


def _register_texts(made: cattrs.Converter) -> None:
    made.register_structure_hook_func(_may_be_prior, lambda value, _: _prior_or_number(value))
    made.register_unstructure_hook_func(_may_be_prior, _unstructure_prior)
    made.register_structure_hook(PriorSpec, lambda value, _: parse_prior(_text(value)))
    made.register_unstructure_hook(PriorSpec, str)
    _register_effect(made)


def _register_effect(made: cattrs.Converter) -> None:
    """Register effects as text; as a table if labels of levels are not names (``*1/*3``)."""
    from_table = structure_record(made)(CovariateEffectSpec)
    to_table = unstructure_record(made)(CovariateEffectSpec)

    def structure(value: Any, t: Any) -> CovariateEffectSpec:
        if isinstance(value, dict):
            return check_effect(from_table(value, t))
        return parse_effect(_text(value))

    def unstructure(effect: CovariateEffectSpec) -> Any:
        is_text = all(_is_label(label) for label in effect.levels)
        return _effect_text(effect) if is_text else to_table(effect)

    made.register_structure_hook(CovariateEffectSpec, structure)
    made.register_unstructure_hook(CovariateEffectSpec, unstructure)


def _is_label(text: str) -> bool:
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text)


def _may_be_prior(kind: Any) -> bool:
    """Return whether a type is ``PriorSpec | float``, with or without None."""
    return PriorSpec in typing.get_args(kind) and float in typing.get_args(kind)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(value, 'text such as "lognormal(log(20), 0.5)"')
    return value


def _prior_or_number(value: Any) -> PriorSpec | float | None:
    return parse_prior(value) if isinstance(value, str) else number(value)


def _unstructure_prior(value: PriorSpec | float | None) -> Any:
    return str(value) if isinstance(value, PriorSpec) else value


def _effect_text(effect: CovariateEffectSpec) -> str:
    if COVARIATE_EFFECTS[effect.form].has_levels:
        arguments = [f"{level} = {_plain_text(v)}" for level, v in effect.levels.items()]
    else:
        parts = (effect.coefficient, effect.reference)
        arguments = [_plain_text(part) for part in parts if part is not None]
    return f"{effect.form}({', '.join(arguments)})"


def _plain_text(value: PriorSpec | float) -> str:
    return str(value) if isinstance(value, PriorSpec) else repr(value)


def _register_nested(made: cattrs.Converter) -> None:
    """Register the records that have fewer levels in the file."""
    _short(made, ObservationSpec, _nest_observation, _flatten_observation)
    _short(made, OmegaSpec, _nest_omega, _flatten_omega)
    _short(made, PopulationSpec, _nest_population, _flatten_population)


def _nest_observation(table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    if "cmt" in table:
        stated = table["cmt"] if isinstance(table["cmt"], list) else [table["cmt"]]
        table = {**table, "cmt": [str(c) if type(c) is int else c for c in stated]}
    if "value" not in table or isinstance(table["value"], dict):
        return table
    nested = {key: value for key, value in table.items() if key != "unit"}
    nested["value"] = {key: table[key] for key in ("value", "unit") if key in table}
    return nested


def _flatten_observation(table: dict[str, Any]) -> dict[str, Any]:
    value = table.pop("value")
    if len(table.get("cmt", ())) == 1:
        table["cmt"] = table["cmt"][0]
    return {**(value if isinstance(value, dict) else {"value": value}), **table}


def _nest_omega(table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    nested = {key: table[key] for key in OMEGA_KEYS if key in table}
    blocks = nested.get("correlate")
    if isinstance(blocks, list) and blocks and all(isinstance(b, str) for b in blocks):
        nested["correlate"] = [blocks]
    scales = {key: value for key, value in table.items() if key not in OMEGA_KEYS}
    return {"scales": scales, **nested}


def _flatten_omega(table: dict[str, Any]) -> dict[str, Any]:
    flat = {**table.pop("scales", {}), **table}
    if len(flat.get("correlate", ())) == 1:
        flat["correlate"] = flat["correlate"][0]
    return flat


def _nest_population(table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    parameters = {key: value for key, value in table.items() if key != "omega"}
    omega = {"omega": table["omega"]} if "omega" in table else {}
    return {"parameters": parameters, **omega}


def _flatten_population(table: dict[str, Any]) -> dict[str, Any]:
    return {**table.pop("parameters", {}), **table}


@functools.cache
def converter() -> cattrs.Converter:
    """Return the shared strict converter: no coercion, unknown keys are errors."""
    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    register_plain(made)
    made.register_structure_hook_factory(dataclasses.is_dataclass, structure_record(made))
    made.register_unstructure_hook_factory(dataclasses.is_dataclass, unstructure_record(made))
    register_shorthand(made)
    return made
