"""Options of the command that mean nothing: one message each, and no traceback."""

import re
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.calibration.solver_accuracy import SolverAccuracy
from pkqsp_bayes.assets import data_folder
from pkqsp_bayes.cli import app
from pkqsp_bayes.fitting.diagnostics.correlates import other_centring
from pkqsp_bayes.fitting.diagnostics.diagnose_solver import solver_issues
from pkqsp_bayes.fitting.results.metadata import FitAccount
from pkqsp_bayes.program.study_data import SolverSettings

MODEL, STUDY = "theophylline", str(data_folder() / "theophylline" / "study.csv")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["fit", MODEL, STUDY, "--chains", "-1", "--draws", "0"], ["chains", "draws"]),
        (["fit", MODEL, STUDY, "--adapt-delta", "nan"], ["settings.adapt_delta"]),
        (["fit", MODEL, STUDY, "--cores", "0", "--seed", "-1"], ["cores", "settings.seed"]),
        (["fit", MODEL, STUDY, "--rtol", "2", "--max-steps", "0"], ["solver.rtol", "max_steps"]),
        (["fit", MODEL, STUDY, "--atol", "-1"], ["solver.atol"]),
        (["fit", MODEL, STUDY, "--centred", "CLL"], ["CLL"]),
        (["fit", MODEL, STUDY, "--centred", "CL", "--non-centred", "CL"], ["--centred CL"]),
        (["mode", MODEL, STUDY, "--rtol", "nan"], ["solver.rtol"]),
        (["approximate", MODEL, STUDY, "--non-centred", "kappa[CL]"], ["kappa[CL]"]),
        (["fit", STUDY, MODEL], ["give the model first, then the study"]),
        (["fit", MODEL, "no/such.csv"], ["no/such.csv"]),
        (["fit", MODEL, "/"], ["/"]),
        (["fit", "/", STUDY], ["/"]),
        (["fit", "theophyline", STUDY], ["theophylline"]),
        (["simulate", STUDY, MODEL], ["study.csv"]),
        (["prior", MODEL, STUDY, "--draws", "0"], ["draws"]),
        (["sbc", MODEL, STUDY, "--replicates", "0", "--warmup", "-3"], ["replicates", "warmup"]),
        (["mode", MODEL, STUDY, "--starts", "0"], ["starts"]),
        (["approximate", MODEL, STUDY, "--draws", "-5"], ["draws"]),
        (["bench", "gradient", MODEL, STUDY, "--tolerance", "nan"], ["rtol", "atol"]),
        (["bench", "gradient", MODEL, STUDY, "--method", "euler"], ["method"]),
    ],
)
def test_nonsense_is_named(line: list[str], named: list[str], tmp_path: Path) -> None:
    where = [] if line[0] == "bench" else ["--output", str(tmp_path / "out")]
    found = CliRunner().invoke(app, [*line, *where])
    assert found.exit_code == 2
    assert isinstance(found.exception, SystemExit)
    assert all(name in found.stderr for name in named), found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("command", "called"),
    [("fit", "pkqsp_bayes.fitting.sampling.fit.fit"), ("mode", "pkqsp_bayes.find_mode"),
     ("approximate", "pkqsp_bayes.approximate")],
)  # fmt: skip
def test_options_of_solver_and_centring_reach_the_fit(
    command: str, called: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def caught(*_: object, options: pq.BindOptions, **__: object) -> None:
        seen.append(options)
        raise pq.PkqspError("enough")

    monkeypatch.setattr(called, caught)
    line = [command, MODEL, STUDY, "--output", str(tmp_path / "out"), "--rtol", "1e-8"]
    line += ["--atol", "1e-10", "--max-steps", "99", "--centred", "CL", "--non-centred", "V"]
    CliRunner().invoke(app, line)
    CliRunner().invoke(app, line[:5])
    solver = SolverSettings(rtol=1e-8, atol=1e-10, max_steps=99)
    assert seen[0] == pq.BindOptions(solver=solver, centred={"CL": True, "V": False})
    assert seen[1] == pq.BindOptions()


def test_remedies_name_options_that_there_are() -> None:
    """The command takes every option that a remedy names."""
    known = {
        text
        for command in typer.main.get_command(app).commands.values()
        for option in command.params
        for text in (*option.opts, *option.secondary_opts)
    }
    account = FitAccount(draws=1, adapt_delta=0.8, max_treedepth=10, centred={"CL": True})
    reasons = {"more steps than max_steps allows": 1, "step size fell below": 1}
    accuracy = SolverAccuracy(rtol=1e-6, atol=1e-8, change=np.linspace(-9, 9, 30), pareto_k=2.0)
    told = [
        other_centring("omega[CL]", account),
        other_centring("omega_iov[V]", account),
        *(i.remedy for i in solver_issues({"solves": 10, "reasons": reasons})),
        *(i.remedy for i in accuracy.issues),
    ]
    for remedy in told:
        named = re.findall(r"--[a-z-]+", remedy)
        assert named
        assert set(named) <= known, remedy
    assert told[1].endswith("--centred 'kappa[V]'")
