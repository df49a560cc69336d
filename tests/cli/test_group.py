"""The group of commands: quick, complete, and the same options everywhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pkqsp_bayes as pq
from tests.commands import commands, options_of
from tests.test_cli import pkqsp

DOCS = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
HEAVY = {"numpy", "pandas", "xarray", "sympy", "scipy", "arviz", "cmdstanpy", "rich", "matplotlib"}
CALLED = {
    "prior": {"sample_prior", "prior_check"}, "mode": {"find_mode"}, "summary": {"summary_table"},
    "pvalues": {"predictive_pvalues"}, "loo": {"loo", "loo_subject"}, "budget": {"variance_budget"},
    "design": {"expected_information", "compare_designs"}, "causal": {"causal_record"},
    "gof": {"goodness_of_fit"}, "curves": {"individual_curves"}, "effects": {"individual_effects"},
    "body": {"reference_body", "impair_body"}, "population": {"virtual_population"},
    "kp": {"kp_table"}, "ontogeny": {"ontogeny_factor"}, "elicit": {"elicit_priors"},
    "data": {"datasets"}, "keys": {"file_keys"}, "diagnose": {"diagnose", "check_solver"},
    "check": {"check", "summarise_study"}, "budget_table": {"budget_table"},
    "derived": {"derived_parameters"}, "credibility": {"credibility_record"},
}  # fmt: skip
"""Functions behind commands that have other names."""


@pytest.mark.parametrize("line", ["--help", "fit --help", "vpc --help"])
def test_help_imports_nothing_heavy(line: str) -> None:
    code = (
        "import sys\nfrom pkqsp_bayes.cli import app\n"
        f"try:\n    app({line.split()!r})\nexcept SystemExit:\n    pass\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(re.findall(r"'(\w+)'", done.stderr))
    assert not loaded & (HEAVY | {"pydantic"})
    assert "Usage" in done.stdout


def test_help_lists_every_command_with_what_it_does() -> None:
    code, text = pkqsp("--help")
    assert code == 0
    for name in commands():
        if name != "bench gradient":
            assert re.search(rf"^  {name} +[A-Z]", text, re.MULTILINE), name


def test_a_mistyped_command_has_a_suggestion() -> None:
    code, text = pkqsp("identifability")
    assert code == 2
    assert "identifiability" in text


def public_functions() -> set[str]:
    made = {name: getattr(pq, name) for name in pq.__all__}
    return {n for n, f in made.items() if callable(f) and not isinstance(f, type)}


def test_every_public_function_has_a_command_or_a_reason() -> None:
    names = set(commands())
    direct = {name.replace("-", "_") for name in names}
    indirect = set().union(*CALLED.values())
    instead = DOCS.split("## Functions without a command")[1]
    excused = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.+?) \|", instead, re.M))))
    plots = {name for name in public_functions() if name.startswith("plot_")}
    assert public_functions() - direct - indirect - excused - plots == set()
    assert excused <= set(pq.__all__)


def endings(row: str) -> set[str]:
    line = next(li for li in DOCS.splitlines() if li.startswith(f"| {row} |"))
    return set(re.findall(r"`([\w-]+)`", line.split("|")[3]))


@pytest.mark.parametrize(
    ("row", "ending"),
    [("table", ".csv, .json"), ("table, or the whole result", ".csv, .json, .nc"),
     ("folder", "folder")],
)  # fmt: skip
def test_o_is_what_the_page_says(row: str, ending: str) -> None:
    found = set()
    for name, command in commands().items():
        option = next((p for p in command.params if "-o" in p.opts), None)
        if option is None:
            continue
        assert "--output" in option.opts
        text = (option.help or "").lower()
        formats = ", ".join(re.findall(r"\.\w+", text.partition("a file in")[2]))
        if ending in (formats, text.partition(" ")[0]):
            found.add(name)
    assert found == endings(row)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("models", "-o", "models.xlsx"), "'.xlsx'"),
        (("models", "-o", "models"), "without an ending"),
        (("models", "-o", "absent/models.csv"), "there is no folder"),
        (("vpc", "fit", "--plot", "vpc.bmp"), ".png or .svg or .pdf"),
        (("models", "-o", "models.nc"), ".csv or .json"),
    ],
)
def test_what_is_not_written_is_refused_first(line: tuple[str, ...], said: str) -> None:
    code, text = pkqsp(*line)
    assert code == 2
    assert said in " ".join(text.split())


def test_commands_that_sample_share_their_options() -> None:
    shared = {"--blq", "--centred", "--non-centred", "--rtol", "--atol", "--max-steps",
              "--backend", "--priors", "--ignore"}  # fmt: skip
    for name in ("fit", "mode", "approximate", "prior", "sbc"):
        assert shared <= options_of(name), name
