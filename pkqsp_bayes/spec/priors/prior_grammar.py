"""The grammar of priors and covariate effects: ``lognormal(log(20), 0.5)``.

The grammar has calls with numbers only. Python's parser reads the text; a whitelist checks the
tree.
"""

import ast
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.population import CovariateEffectSpec
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics.covariate_effects import COVARIATE_EFFECTS

__all__ = [
    "FAMILIES",
    "Family",
    "PriorError",
    "check_effect",
    "parse_effect",
    "parse_prior",
    "prior_support",
]

LONGEST_TEXT = 500
DEEPEST = 20


class PriorError(ValueError):
    """An invalid prior text, with the problem and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A prior family: its arguments, the positive ones among them, and its support.

    ``support`` is None if it depends on the arguments, or if the family is not of a number.
    """

    arguments: tuple[str, ...]
    positive: tuple[str, ...] = ()
    support: tuple[float, float] | None = None


_REAL = (-math.inf, math.inf)
_POSITIVE = (0.0, math.inf)
_SHARE = (0.0, 1.0)


FAMILIES: dict[str, Family] = {
    "normal": Family(arguments=("mean", "sd"), positive=("sd",), support=_REAL),
    "lognormal": Family(arguments=("log_median", "sd"), positive=("sd",), support=_POSITIVE),
    "logit_normal": Family(arguments=("logit_median", "sd"), positive=("sd",), support=_SHARE),
    "half_normal": Family(arguments=("sd",), positive=("sd",), support=_POSITIVE),
    "cauchy": Family(arguments=("location", "scale"), positive=("scale",), support=_REAL),
    "half_cauchy": Family(arguments=("location", "scale"), positive=("scale",), support=_POSITIVE),
    "student_t": Family(
        arguments=("df", "location", "scale"), positive=("df", "scale"), support=_REAL
    ),
    "gamma": Family(arguments=("shape", "rate"), positive=("shape", "rate"), support=_POSITIVE),
    "inv_gamma": Family(
        arguments=("shape", "scale"), positive=("shape", "scale"), support=_POSITIVE
    ),
    "beta": Family(arguments=("a", "b"), positive=("a", "b"), support=_SHARE),
    "uniform": Family(arguments=("lower", "upper")),
    "exponential": Family(arguments=("rate",), positive=("rate",), support=_POSITIVE),
    "lkj": Family(arguments=("shape",), positive=("shape",)),
    "from_qsp": Family(arguments=()),
}
"""Prior families by name. ``half_cauchy`` takes location and scale, or only the scale."""

MIXTURE = "mixture"

_NUMERIC: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "logit": lambda p: math.log(p / (1 - p)),
    "sqrt": math.sqrt,
}
_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}


def parse_prior(text: str) -> PriorSpec:
    """Parse a prior.

    Parameters
    ----------
    text : str
        A family of `FAMILIES` with its numbers, which may use ``+ - * / ^``, ``log``, ``log10``,
        ``exp``, ``sqrt`` and ``logit``; ``"from_qsp"``; or ``"mixture(w, one, other)"`` of two
        families with the same support and the weight of the first one.

    Raises
    ------
    PriorError
        With the problem and the remedy.

    Examples
    --------
    >>> parse_prior("lognormal(log(20), 0.5)").args
    (2.995732273553991, 0.5)
    """
    return _prior(_parse(text), text)


def prior_support(prior: PriorSpec) -> tuple[float, float] | None:
    """Return the support of a prior; None if it is not a distribution of a number.

    Examples
    --------
    >>> prior_support(parse_prior("lognormal(0, 1)")), prior_support(parse_prior("from_qsp"))
    ((0.0, inf), None)
    """
    if prior.family == MIXTURE:
        return prior_support(prior.parts[0])
    if prior.family == "uniform":
        return (prior.args[0], prior.args[1])
    return FAMILIES[prior.family].support


def parse_effect(text: str) -> CovariateEffectSpec:
    """Parse a covariate effect such as ``power(0.75, 70)`` or ``power(normal(0.75, 0.1), 70)``.

    Raises
    ------
    PriorError
        With the problem and the remedy.

    Examples
    --------
    >>> parse_effect("power(0.75, 70)").coefficient
    0.75
    """
    node = _parse(text)
    name, args, keywords = _call(node)
    if name not in COVARIATE_EFFECTS:
        raise PriorError(
            f"{name!r} is not a covariate effect", suggest(name, sorted(COVARIATE_EFFECTS))
        )
    form = COVARIATE_EFFECTS[name]
    if form.has_levels:
        return _with_levels(name, args, keywords)
    if keywords or not 1 <= len(args) <= 2:
        raise PriorError(f"{name} takes a coefficient and a reference", form.usage)
    reference = _number(args[1]) if len(args) == 2 else None
    return CovariateEffectSpec(form=name, coefficient=_coefficient(args[0]), reference=reference)


def check_effect(effect: CovariateEffectSpec) -> CovariateEffectSpec:
    """Return an effect that was stated as a table, if its keys are consistent.

    Raises
    ------
    PriorError
        With the problem and the remedy.
    """
    if COVARIATE_EFFECTS[effect.form].has_levels:
        if not effect.levels or effect.coefficient is not None or effect.reference is not None:
            raise PriorError(f"{effect.form} takes levels only", "state levels and no other key")
    elif effect.coefficient is None or effect.levels:
        raise PriorError(f"{effect.form} takes a coefficient", "state coefficient and reference")
    return effect


def _with_levels(
    name: str, args: list[ast.expr], keywords: list[ast.keyword]
) -> CovariateEffectSpec:
    if args or not keywords:
        raise PriorError(f"{name} takes levels only", COVARIATE_EFFECTS[name].usage)
    levels = {str(keyword.arg): _coefficient(keyword.value) for keyword in keywords}
    return CovariateEffectSpec(form=name, levels=levels)


def _coefficient(node: ast.expr) -> float | PriorSpec:
    is_call = isinstance(node, ast.Call | ast.Name)
    is_prior = is_call and _call(node)[0] in (*FAMILIES, MIXTURE)
    return _prior(node, "") if is_prior else _number(node)


def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST_TEXT or not text.isascii() or "\0" in text:
        raise PriorError(
            "this is not a prior", "write a family with numbers, such as lognormal(0, 1)"
        )
    try:
        return ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        what = f"{text[:60]!r} cannot be read"
        raise PriorError(
            what, "write a family with numbers, such as lognormal(log(20), 0.5)"
        ) from None


def _call(node: ast.expr) -> tuple[str, list[ast.expr], list[ast.keyword]]:
    if isinstance(node, ast.Name):
        return node.id, [], []
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise PriorError("this is not a family with numbers", "write it as lognormal(log(20), 0.5)")
    if any(keyword.arg is None for keyword in node.keywords):
        raise PriorError("** is not allowed here", "name each level")
    return node.func.id, node.args, node.keywords


def _prior(node: ast.expr, text: str) -> PriorSpec:
    name, nodes, keywords = _call(node)
    if name == MIXTURE:
        return _mixture(nodes, keywords, text)
    if name not in FAMILIES:
        known = [*FAMILIES, MIXTURE]
        raise PriorError(f"{name!r} is not a prior family", suggest(name, sorted(known)))
    family = FAMILIES[name]
    form = f"{name}({', '.join(family.arguments)})"
    args = tuple(_number(n) for n in nodes)
    if name == "half_cauchy" and len(args) == 1:
        args = (0.0, *args)
    if keywords or len(args) != len(family.arguments):
        what = f"{name} takes {len(family.arguments)} numbers, not {len(nodes)}"
        raise PriorError(what, f"write {form}")
    for argument, value in zip(family.arguments, args, strict=True):
        if argument in family.positive and not value > 0:
            raise PriorError(f"{argument} of {name} is {value:g}", "it must be positive")
    if name == "uniform" and not args[0] < args[1]:
        raise PriorError("the bounds of uniform are not in order", f"write {form}")
    return PriorSpec(family=name, args=args).with_text(text)


def _mixture(nodes: list[ast.expr], keywords: list[ast.keyword], text: str) -> PriorSpec:
    form = "mixture(0.8, lognormal(0, 0.2), lognormal(0, 2))"
    if keywords or len(nodes) != 3:
        raise PriorError("mixture takes a weight and two priors", f"write {form}")
    weight = _number(nodes[0])
    if not 0 < weight < 1:
        raise PriorError(f"the weight of mixture is {weight:g}", "it must be between 0 and 1")
    parts = tuple(_prior(node, "") for node in nodes[1:])
    if any(part.family == MIXTURE for part in parts):
        raise PriorError("a mixture cannot contain a mixture", f"write {form}")
    if any(part.family == "half_cauchy" and part.args[0] != 0 for part in parts):
        raise PriorError(
            "half_cauchy in a mixture cannot have a location", "write half_cauchy(0.5)"
        )
    one, other = (prior_support(part) for part in parts)
    if one is None or one != other:
        raise PriorError("the parts of the mixture have different supports", f"write {form}")
    return PriorSpec(family=MIXTURE, args=(weight,), parts=parts).with_text(text)


def _number(node: ast.expr, depth: int = 0) -> float:
    if depth > DEEPEST:
        raise PriorError("a number is nested too deeply", "write the number")
    try:
        value = _evaluate(node, depth)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError) as error:
        if isinstance(error, PriorError):
            raise
        raise PriorError("a number is not finite or not real", "check the numbers") from None
    if not math.isfinite(value):
        raise PriorError("a number is not finite", "check the numbers")
    return value


def _evaluate(node: ast.expr, depth: int) -> float:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_number(inner, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _number(inner, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_number(left, depth + 1), _number(right, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _NUMERIC:
            return _NUMERIC[name](_number(inner, depth + 1))
    raise PriorError("this is not a number", "numbers may use + - * / ^ log exp sqrt logit")
