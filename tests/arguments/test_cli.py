"""Options of the command that mean nothing: one message each, and no traceback."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pkqsp_bayes.assets import data_folder
from pkqsp_bayes.cli import app

MODEL, STUDY = "theophylline", str(data_folder() / "theophylline" / "study.csv")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["fit", MODEL, STUDY, "--chains", "-1", "--draws", "0"], ["chains", "draws"]),
        (["fit", MODEL, STUDY, "--adapt-delta", "nan"], ["settings.adapt_delta"]),
        (["fit", MODEL, STUDY, "--cores", "0", "--seed", "-1"], ["cores", "settings.seed"]),
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
