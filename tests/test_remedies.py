"""A remedy can be followed where it is read: in Python, and on the command line."""

import ast
import inspect
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.calibration.solver_accuracy import SolverAccuracy
from pkqsp_bayes.cli import app
from pkqsp_bayes.console import log_to_console, reported
from pkqsp_bayes.fitting.diagnostics.correlates import other_centring
from pkqsp_bayes.fitting.diagnostics.diagnose_solver import solver_issues
from pkqsp_bayes.fitting.results.metadata import FitMetadata
from pkqsp_bayes.remedies import SETTINGS, in_python, on_command_line, setting
from tests.commands import commands, options_of

PACKAGE = Path(pq.__file__).parent
FUNCTIONS = (
    "fit", "find_mode", "approximate", "validate", "loo_subject", "read_study", "ontogeny_factor",
    "file_keys",
)  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_named_is_there(name: str) -> None:
    known = SETTINGS[name]
    assert known.python.count("{}") == known.command.count("{}") or name in ("a fit", "refit")
    for option in re.findall(r"--[a-z-]+", known.command):
        assert any(option in options_of(command) for command in commands()), option
    for command in re.findall(r"`pkqsp ([a-z-]+)", known.command):
        assert command in commands()
    for function in re.findall(r"pkqsp_bayes\.(\w+)", known.python):
        assert callable(getattr(pq, function))


@pytest.mark.parametrize("name", SETTINGS)
def test_classes_have_the_fields(name: str) -> None:
    """The Python that a remedy shows runs, with a number or a name for each value."""
    known = SETTINGS[name]
    values = {"adapt_delta": [0.9], "begin": ["mode"], "blq": ["M1"], "tolerances": [1e-7, 1e-9]}
    count = known.command.count("{}")
    text = in_python(setting(name, *values.get(name, [3] * count)))
    if re.match(r"(Fit|Solver)Settings|BindOptions", text):
        made = eval(text, {n: getattr(pq, n) for n in pq.__all__})  # our own text
        assert made != type(made)()
    elif re.match(r"\w+=", text):
        argument = text.partition("=")[0]
        names = {n for f in FUNCTIONS for n in inspect.signature(getattr(pq, f)).parameters}
        assert argument in names


def texts(file: Path) -> Iterator[str]:
    """Yield the texts of a module that are no documentation."""
    tree = ast.parse(file.read_text())
    documents = {
        id(node.value) for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }  # fmt: skip
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in documents:
            yield node.value


def test_there_is_no_other_mechanism() -> None:
    """Outside of the command, options and settings are named by `setting` alone."""
    mine = {"remedies.py", "reproduce.py"}  # reproduce: a whole command, made to be copied
    found = {
        f"{file.relative_to(PACKAGE)}: {text}"
        for file in PACKAGE.rglob("*.py")
        if "cli" not in file.parts and file.name not in mine
        for text in texts(file)
        if re.search(
            r"\s\(?'?--(?!set\b)[a-z]{3,}(?! )|(Bind|Fit|Solver)(Options|Settings)[(.]", text
        )
    }
    alike = ("pkqsp cache --clear", "xcode-select --install")  # in Python as on the command line
    found = {text for text in found if not any(a in text for a in alike)}
    assert not found


def given() -> Iterator[pq.Issue]:
    account = FitMetadata(draws=1, adapt_delta=0.8, max_treedepth=10, centred={"CL": True})
    reasons = {"more steps than max_steps allows": 1, "step size fell below": 1}
    accuracy = SolverAccuracy(rtol=1e-6, atol=1e-8, change=np.linspace(-9, 9, 30), pareto_k=2.0)
    yield from solver_issues({"solves": 10, "reasons": reasons})
    yield from accuracy.issues
    for place in ("omega[CL]", "omega_iov[V]"):
        yield pq.Issue(where=place, what="", remedy=other_centring(place, account))


def test_issues_have_both_forms() -> None:
    for issue in given():
        assert "--" not in str(issue)
        assert "Settings" not in issue.on_command_line()
        assert "Options" not in issue.on_command_line()
        named = re.findall(r"--[a-z-]+", issue.on_command_line())
        assert named
        assert set(named) <= options_of("fit")
    last = list(given())[-1]
    assert last.remedy.endswith('BindOptions(centred={"kappa[V]": True})')
    assert last.command.endswith("--centred 'kappa[V]'")


def test_the_command_prints_its_own_form(capsys: pytest.CaptureFixture[str]) -> None:
    text = f"raise {setting('max_steps', 50)}"
    with pytest.raises(Exception, match="2"), reported():
        raise pq.CheckError([pq.Issue(where="x", what="y", remedy=text)])
    with pytest.raises(Exception, match="1"), reported():
        raise pq.PkqspError(text)
    told = capsys.readouterr().err
    assert told == "error: x: y (raise --max-steps 50)\nraise --max-steps 50\n"
    assert str(pq.PkqspError(text)) == "raise SolverSettings(max_steps=50)"


def test_logged_issues_have_the_form_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("pkqsp_bayes")
    before = logger.handlers, logger.level
    try:
        log_to_console(verbose=False)
        logger.warning("%s", pq.Issue(severity="warning", where="x", what="y",
                                      remedy=setting("resume")))  # fmt: skip
        logger.warning("stopped: %s after %d", pq.PkqspError(setting("resume")), 3)
        logger.info("nothing")
    finally:
        logger.handlers, logger.level = before
    told = capsys.readouterr().err
    assert told == "warning: x: y (--resume)\nwarning: stopped: --resume after 3\n"


def test_what_a_user_writes_is_left_as_it_is() -> None:
    for text in ("", "a [[mechanism]] {x} --set", "ignore = ['C == C']"):
        assert in_python(text) == on_command_line(text) == text


def test_a_remedy_on_the_command_line_is_followed(tmp_path: Path) -> None:
    """The option that is named for a row that is marked removes the complaint."""
    marked = tmp_path / "marked.csv"
    marked.write_text(
        "C,ID,TIME,AMT,EVID,CMT,DV,WT\n.,1,0,100,1,iv,.,70\n.,1,5,0,0,.,3,70\nC,1,6,0,0,.,9,70\n"
    )
    line = ["check", "one-compartment", str(marked)]
    said = CliRunner().invoke(app, line)
    assert said.exit_code == 2
    rule = re.findall(r"--ignore '([^']+)'", said.stderr)[0]
    assert CliRunner().invoke(app, [*line, "--ignore", rule]).exit_code == 0
