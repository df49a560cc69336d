"""Options of the command that mean nothing: one message each, and no traceback."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import pkqsp_bayes as pq
from pkqsp_bayes.assets import data_folder
from pkqsp_bayes.cli import app
from pkqsp_bayes.engine.solver_settings import SolverSettings

MODEL, STUDY = "theophylline", str(data_folder() / "theophylline" / "study.csv")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["fit", MODEL, STUDY, "--chains", "-1", "--draws", "0"], ["--chains:", "--draws:"]),
        (["fit", MODEL, STUDY, "--adapt-delta", "nan"], ["--adapt-delta:"]),
        (["fit", MODEL, STUDY, "--cores", "0", "--seed", "-1"], ["--cores:", "--seed:"]),
        (["fit", MODEL, STUDY, "--rtol", "2", "--max-steps", "0"], ["--rtol:", "--max-steps:"]),
        (["fit", MODEL, STUDY, "--atol", "-1"], ["--atol:"]),
        (["fit", MODEL, STUDY, "--centred", "CLL"], ["--centred CLL:"]),
        (["fit", MODEL, STUDY, "--centred", "CL", "--non-centred", "CL"], ["--centred CL"]),
        (["mode", MODEL, STUDY, "--rtol", "nan"], ["--rtol:"]),
        (["approximate", MODEL, STUDY, "--non-centred", "kappa[CL]"], ["--non-centred kappa[CL]:"]),
        (["fit", MODEL, STUDY, "--blq", "M7"], ["'--blq': 'M7' is not one of"]),
        (["fit", STUDY, MODEL], ["give the model first, then the study"]),
        (["fit", MODEL, "no/such.csv"], ["no/such.csv"]),
        (["fit", MODEL, "/"], ["/"]),
        (["fit", "/", STUDY], ["/"]),
        (["fit", "theophyline", STUDY], ["theophylline"]),
        (["simulate", STUDY, MODEL], ["study.csv"]),
        (["prior", MODEL, STUDY, "--draws", "0"], ["--draws:"]),
        (
            ["sbc", MODEL, STUDY, "--replicates", "0", "--warmup", "-3"],
            ["--replicates:", "--warmup:"],
        ),
        (["mode", MODEL, STUDY, "--starts", "0"], ["--starts:"]),
        (["approximate", MODEL, STUDY, "--draws", "-5"], ["--draws:"]),
        (["bench", "gradient", MODEL, STUDY, "--tolerance", "nan"], ["rtol", "atol"]),
        (["bench", "gradient", MODEL, STUDY, "--method", "euler"], ["method"]),
    ],
)
def test_nonsense_is_named(line: list[str], named: list[str], tmp_path: Path) -> None:
    name = "out.csv" if line[0] == "simulate" else "out"
    where = [] if line[0] == "bench" else ["--output", str(tmp_path / name)]
    found = CliRunner().invoke(app, [*line, *where])
    assert found.exit_code == 2
    assert isinstance(found.exception, SystemExit)
    assert all(name in found.stderr for name in named), found.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "called"),
    [("fit", "pkqsp_bayes.fit"), ("mode", "pkqsp_bayes.find_mode"),
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
