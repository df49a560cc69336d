"""The name of a form stands in its own file, and nowhere else in the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pkqsp_bayes
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RESIDUAL_ERRORS

PACKAGE = Path(pkqsp_bayes.__file__).parent
FORMS = {*RANDOM_EFFECTS, *COVARIATE_EFFECTS, *RESIDUAL_ERRORS}

# The same words mean something else there: families of priors, how a covariate is interpolated,
# kinetics in proportion to the dose, a variant of a drug's effect, the normal distribution of
# residuals, Laplace's approximation.
OTHER_MEANINGS = {
    "normal": {
        "elicit",
        "program/priors/prior_text.py",
        "reporting/sections/predictive.py",
    },
    "lognormal": {"elicit"},
    "laplace": {"cli", "fitting", "likelihood"},
    "student_t": {"elicit"},
    "linear": {"analysis/exposure", "ode", "study"},
}
FAMILIES = {
    "spec/priors/distribution.py",
    "spec/priors/apply_priors.py",
    "spec/priors/prior_grammar.py",
}
INTERPOLATED = {"spec/body.py", "spec/check_values.py", "spec/mechanism.py"}
# Names that a registry says others may use: what remedies suggest.
NAMED = {"random_effects/__init__.py", "residual_errors/__init__.py"}


def strings(path: Path) -> Iterator[str]:
    """Every text in the code of a file that is no docstring."""
    tree = ast.parse(path.read_text())
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docs:
            yield str(node.value)  # type: ignore[attr-defined]


def is_other(name: str, place: str) -> bool:
    if place.startswith("spec/"):
        return place in (INTERPOLATED if name == "linear" else FAMILIES)
    return any(place.startswith(known) for known in OTHER_MEANINGS.get(name, ()))


def test_no_form_is_named_outside_its_file() -> None:
    found = {
        (str(path.relative_to(PACKAGE)), text)
        for path in PACKAGE.rglob("*.py")
        if "statistics" not in path.relative_to(PACKAGE).parts
        for text in strings(path)
        if text in FORMS
    }
    assert {(place, name) for place, name in found if not is_other(name, place)} == set()


def test_no_form_is_named_in_anothers_file() -> None:
    """But for Stan's distributions and keys of the model file, which have their own meaning."""
    root = PACKAGE / "statistics"
    places = {
        str(path.relative_to(root)): set(strings(path)) & FORMS for path in root.rglob("*.py")
    }
    others = {
        place: names - {Path(place).stem} for place, names in places.items() if place not in NAMED
    }
    assert {place: names for place, names in others.items() if names} == {
        "normal_error.py": {"normal"},  # Stan's distribution
        "residual_errors/combined.py": {"additive", "proportional"},  # its keys
    }
