"""The cattrs converter between plain TOML data and the records."""

import dataclasses
import functools
import math
import typing
from collections.abc import Callable, Mapping
from typing import Any

import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from pkqsp_bayes.spec.body import CovariateSpec, LumpSpec
from pkqsp_bayes.spec.mechanism import EquationsSpec
from pkqsp_bayes.spec.names import nearest
from pkqsp_bayes.spec.population import (
    CovariateEffectSpec,
    ErrorSpec,
    ObservationSpec,
    OmegaSpec,
    PopulationSpec,
)
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.prior_grammar import parse_effect, parse_prior
from pkqsp_bayes.spec.problems import Complaint
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["converter"]

_OMEGA_KEYS = ("correlate", "lkj", "occasion")


@functools.cache
def converter() -> cattrs.Converter:
    """Return the one converter; strict: nothing is coerced, unknown keys are errors."""
    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    _register_plain(made)
    made.register_structure_hook_factory(dataclasses.is_dataclass, _structure_record(made))
    made.register_unstructure_hook_factory(dataclasses.is_dataclass, _unstructure_record(made))
    _register_short_forms(made)
    _register_texts(made)
    _register_nested(made)
    return made


def _register_plain(made: cattrs.Converter) -> None:
    made.register_structure_hook(str, _plain(str, "text"))
    made.register_structure_hook(bool, _plain(bool, "true or false"))
    made.register_structure_hook(int, _plain(int, "a whole number"))
    made.register_structure_hook(float, lambda value, _: _number(value))
    made.register_structure_hook_func(
        lambda t: typing.get_origin(t) is typing.Literal, _structure_literal
    )
    made.register_structure_hook_factory(_is_tuple, lambda t: _structure_tuple(made, t))
    made.register_structure_hook_factory(_is_mapping, lambda t: _structure_mapping(t))


def _is_tuple(t: Any) -> bool:
    return typing.get_origin(t) is tuple


def _is_mapping(t: Any) -> bool:
    return typing.get_origin(t) is Mapping


def _plain(kind: type, name: str) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise _wrong_type(value, name)
        return value

    return structure


def _wrong_type(value: Any, expected: str) -> Complaint:
    return Complaint(f"{_describe(value)} stands where {expected} is needed", f"write {expected}")


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else repr(value)[:60]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(value, "a number")
    if not math.isfinite(value):
        raise Complaint(f"{value} is not a finite number", "write a finite number")
    return value


def _structure_literal(value: Any, t: Any) -> Any:
    valid = typing.get_args(t)
    if value in valid:
        return value
    guess = nearest(str(value), valid)
    remedy = f"did you mean {guess}?" if guess else "use one of " + ", ".join(valid)
    raise Complaint(f"{_describe(value)} is not known here", remedy)


def _structure_tuple(made: cattrs.Converter, t: Any) -> Callable[[Any, Any], Any]:
    inner = list[typing.get_args(t)[0]]  # type: ignore[misc]

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise _wrong_type(value, "a list")
        return tuple(made.structure(value, inner))

    return structure


def _structure_mapping(t: Any) -> Callable[[Any, Any], Any]:
    inner = dict[str, typing.get_args(t)[1]]  # type: ignore[misc]

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise _wrong_type(value, "a table")
        return converter().structure(value, inner)

    return structure


def _structure_record(made: cattrs.Converter) -> Callable[[Any], Callable[[Any, Any], Any]]:
    def factory(cls: Any) -> Callable[[Any, Any], Any]:
        generated = make_dict_structure_fn(cls, made, _cattrs_forbid_extra_keys=True)

        def structure(value: Any, t: Any) -> Any:
            if not isinstance(value, dict):
                raise _wrong_type(value, "a table")
            return generated(value, t)

        return structure

    return factory


def _unstructure_record(made: cattrs.Converter) -> Callable[[Any], Callable[[Any], Any]]:
    def factory(cls: Any) -> Callable[[Any], Any]:
        required = {
            f.name: override(omit_if_default=False)
            for f in dataclasses.fields(cls)
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        }
        return make_dict_unstructure_fn(cls, made, _cattrs_omit_if_default=True, **required)

    return factory


def _short(
    made: cattrs.Converter,
    cls: type,
    expand: Callable[[Any], Any],
    shrink: Callable[[dict[str, Any]], Any],
) -> None:
    """Let a record have a short form: a bare value that stands for a table."""
    structure = _structure_record(made)(cls)
    unstructure = _unstructure_record(made)(cls)
    made.register_structure_hook(cls, lambda value, t: structure(expand(value), t))
    made.register_unstructure_hook(cls, lambda record: shrink(unstructure(record)))


def _register_short_forms(made: cattrs.Converter) -> None:
    made.register_structure_hook(float | str, lambda value, _: _number_or_text(value))
    made.register_unstructure_hook(float | str, lambda value: value)
    _short(made, Quantity, _expand_quantity, lambda d: d if "unit" in d else d["value"])
    _short(made, CovariateSpec, _expand_covariate, _shrink_covariate)
    _short(made, EquationsSpec, lambda v: {"text": v} if isinstance(v, str) else v, dict)
    _short(made, ErrorSpec, _expand_error, lambda d: d["form"] if set(d) == {"form"} else d)
    _short(made, LumpSpec, _expand_lump, lambda d: d["organs"] if set(d) == {"organs"} else d)


def _number_or_text(value: Any) -> float | str:
    if not isinstance(value, str):
        return _number(value)
    if not value.strip():
        raise Complaint("the expression is empty", "write a number or a formula")
    return value


def _expand_quantity(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    if isinstance(value, list | bool):
        raise _wrong_type(value, "a number, a formula or a table with value and unit")
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


def _expand_lump(value: Any) -> Any:
    return {"organs": value} if isinstance(value, list) else value


def _register_texts(made: cattrs.Converter) -> None:
    text_or_number = (PriorSpec | float, PriorSpec | float | None)
    for union in text_or_number:
        made.register_structure_hook(union, lambda value, _: _prior_or_number(value))
        made.register_unstructure_hook(union, _unstructure_prior)
    made.register_structure_hook(PriorSpec, lambda value, _: parse_prior(_text(value)))
    made.register_unstructure_hook(PriorSpec, str)
    made.register_structure_hook(CovariateEffectSpec, lambda value, _: parse_effect(_text(value)))
    made.register_unstructure_hook(CovariateEffectSpec, _effect_text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(value, 'text such as "lognormal(log(20), 0.5)"')
    return value


def _prior_or_number(value: Any) -> PriorSpec | float | None:
    return parse_prior(value) if isinstance(value, str) else _number(value)


def _unstructure_prior(value: PriorSpec | float | None) -> Any:
    return str(value) if isinstance(value, PriorSpec) else value


def _effect_text(effect: CovariateEffectSpec) -> str:
    if effect.form == "categorical":
        arguments = [f"{level} = {_plain_text(v)}" for level, v in effect.levels.items()]
    else:
        parts = (effect.coefficient, effect.reference)
        arguments = [_plain_text(part) for part in parts if part is not None]
    return f"{effect.form}({', '.join(arguments)})"


def _plain_text(value: PriorSpec | float) -> str:
    return str(value) if isinstance(value, PriorSpec) else repr(value)


def _register_nested(made: cattrs.Converter) -> None:
    """Records that the file writes flatter than they are."""
    _short(made, ObservationSpec, _nest_observation, _flatten_observation)
    _short(made, OmegaSpec, _nest_omega, _flatten_omega)
    _short(made, PopulationSpec, _nest_population, _flatten_population)


def _nest_observation(table: Any) -> Any:
    if not isinstance(table, dict) or "value" not in table or isinstance(table["value"], dict):
        return table
    nested = {key: value for key, value in table.items() if key != "unit"}
    nested["value"] = {key: table[key] for key in ("value", "unit") if key in table}
    return nested


def _flatten_observation(table: dict[str, Any]) -> dict[str, Any]:
    value = table.pop("value")
    return {**(value if isinstance(value, dict) else {"value": value}), **table}


def _nest_omega(table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    nested = {key: table[key] for key in _OMEGA_KEYS if key in table}
    blocks = nested.get("correlate")
    if isinstance(blocks, list) and blocks and all(isinstance(b, str) for b in blocks):
        nested["correlate"] = [blocks]
    scales = {key: value for key, value in table.items() if key not in _OMEGA_KEYS}
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
