"""Joint priors: multivariate densities of several parameters on transformed scales."""

from collections.abc import Iterator, Mapping, Sequence

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.program.fragment import Fragment, Place, StanProgram, Term, join_fragments
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.apply_priors import joint_factor
from pkqsp_bayes.spec.priors.prior import SCALE_RANGES, JointPriorSpec

__all__ = ["joint_draws", "joint_fragment"]

# Transformation, its inverse, and the log of its derivative, as Stan text.
_TRANSFORMS = {"identity": "{}", "log": "log({})", "logit": "logit({})"}
_INVERSES = {"identity": "{}", "log": "exp({})", "logit": "inv_logit({})"}
_JACOBIANS = {"identity": "", "log": " - log({0})", "logit": " - log({0}) - log1m({0})"}


def joint_draws(model: ModelSpec) -> dict[str, str]:
    """Return the draw of each parameter with a joint prior as Stan text, by its name.

    Parameters
    ----------
    model : ModelSpec
        The model with the joint priors.
    """
    return {
        target: _INVERSES[scale].format(f"joint__{k}[{i}]")
        for k, joint in enumerate(model.joint_prior.values(), start=1)
        for i, (target, scale) in enumerate(zip(joint.targets, joint.scales, strict=True), 1)
    }


def joint_fragment(model: ModelSpec, places: Mapping[str, Place]) -> Fragment:
    """Print the functions of each joint prior, for its density and its draw, and their calls.

    Parameters
    ----------
    model : ModelSpec
        The model with the joint priors.
    places : mapping of str to Place
        Place of each parameter in the program, by its name.

    Raises
    ------
    CheckError
        If a joint prior includes a parameter that the program does not have, such as an unused one.
    """
    issues = [
        Issue(
            where=f"joint_prior.{name}",
            what=f"{target} is not a fitted parameter",
            remedy="use it in the model, or remove it here",
        )
        for name, joint in model.joint_prior.items()
        for target in joint.targets
        if target not in places
    ]
    if issues:
        raise CheckError(issues)
    return join_fragments(
        _one(k, name, joint, [places[target] for target in joint.targets])
        for k, (name, joint) in enumerate(model.joint_prior.items(), start=1)
    )


def _one(k: int, name: str, joint: JointPriorSpec, places: Sequence[Place]) -> Fragment:
    pairs = list(zip(joint.scales, places, strict=True))
    transformed = ", ".join(_TRANSFORMS[scale].format(place.text) for scale, place in pairs)
    jacobian = "".join(_JACOBIANS[scale].format(place.text) for scale, place in pairs)
    term = Term(
        variable=places[0].variable,
        text=f"joint__{k}_density([{transformed}]'){jacobian}",
        note=f"joint prior {name}",
    )
    comment = f"// Joint prior {name}: {', '.join(_labels(joint))}."
    functions = (comment, *_density(k, joint), *_rng(k, joint))
    return Fragment(
        program=StanProgram(functions=functions), priors=(term,), draws=tuple(_draws(k, pairs))
    )


def _labels(joint: JointPriorSpec) -> list[str]:
    pairs = zip(joint.scales, joint.targets, strict=True)
    return [_TRANSFORMS[scale].format(target) for scale, target in pairs]


def _constants(joint: JointPriorSpec) -> Iterator[str]:
    size = len(joint.targets)
    yield f"  vector[{size}] centre = {_vector(joint.mean)};"
    rows = ",\n                           ".join(_row(row) for row in joint_factor(joint).tolist())
    yield f"  matrix[{size}, {size}] factor = [{rows}];"


def _density(k: int, joint: JointPriorSpec) -> Iterator[str]:
    yield f"real joint__{k}_density(vector u) {{"
    yield from _constants(joint)
    informative = "multi_normal_cholesky_lpdf(u | centre, factor)"
    if joint.weight < 1:
        yield f"  real informative = {informative};"
        yield f"  real vague = normal_lpdf(u | centre, {_vector(joint.vague_sd)});"
        yield f"  return log_mix({joint.weight!r}, informative, vague);"
    else:
        yield f"  return {informative};"
    yield "}"


def _rng(k: int, joint: JointPriorSpec) -> Iterator[str]:
    yield f"vector joint__{k}_rng() {{"
    yield from _constants(joint)
    if joint.weight < 1:
        yield f"  if (bernoulli_rng({joint.weight!r}) == 0) {{"
        yield f"    return to_vector(normal_rng(centre, {_vector(joint.vague_sd)}));"
        yield "  }"
    yield "  return multi_normal_cholesky_rng(centre, factor);"
    yield "}"


def _draws(k: int, pairs: Sequence[tuple[str, Place]]) -> Iterator[str]:
    """Yield statements that draw all together, and repeat until all are within bounds."""
    name = f"joint__{k}"
    yield f"vector[{len(pairs)}] {name} = {name}_rng();"
    tests = []
    for i, (scale, place) in enumerate(pairs, start=1):
        value, support = _INVERSES[scale].format(f"{name}[{i}]"), SCALE_RANGES[scale]
        tests += [f"{value} <= {place.low!r}"] if place.low > support[0] else []
        tests += [f"{value} >= {place.high!r}"] if place.high < support[1] else []
    if tests:
        yield f"while ({' || '.join(tests)}) {name} = {name}_rng();"


def _row(values: Sequence[float]) -> str:
    return "[" + ", ".join(repr(float(value)) for value in values) + "]"


def _vector(values: Sequence[float]) -> str:
    return _row(values) + "'"
