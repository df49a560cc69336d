"""The code blocks of the documentation run."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pkqsp_bayes.cli import app
from tests.analysis.posteriors import hand_made
from tests.commands import options_of

DOCS = Path(__file__).parent.parent / "docs"
TUTORIAL = (DOCS / "tutorial.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TUTORIAL, re.DOTALL)


def lay_out(folder: Path) -> None:
    """Write the files that the page shows."""
    (folder / "model.toml").write_text(blocks("toml")[0])
    (folder / "study.csv").write_text(blocks("csv")[0])
    (folder / "dog.toml").write_text(blocks("toml")[1])


def fit_by_hand(folder: Path) -> None:
    """Write draws like those of the fit, which would have to be compiled."""
    rng = np.random.default_rng(1)
    size = 1000
    typical = {"CL": (2.7, 0.3), "V": (31, 0.25), "ka": (1.7, 0.4)}
    tree = hand_made(
        blocks("toml")[0],
        {
            name: median * np.exp(sd * rng.normal(size=size))
            for name, (median, sd) in typical.items()
        },
        omega={name: abs(rng.normal(0, 0.4, size)) for name in typical},
        sigma={
            f"cp.{part}": abs(rng.normal(0, 0.3, size)) for part in ("additive", "proportional")
        },
    )
    folder.mkdir()
    tree.to_netcdf(folder / "fit.nc", engine="h5netcdf")


def run(code: str, scope: dict[str, Any]) -> None:
    exec(compile(code, "tutorial.md", "exec"), scope)  # our own text, not a user's


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    fit_by_hand(tmp_path / "fit")
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    for code in blocks("python"):
        run(code, scope)
    assert scope["study"].subjects == ("1", "2")
    assert scope["compared"].method.values.tolist() == ["fitted", "weighted"]


@pytest.mark.slow
def test_the_tutorial_runs_with_its_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the page; `diagnose` reports divergences of the fit of two subjects."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    for language, text in re.findall(r"```(sh|python)\n(.*?)```", TUTORIAL, re.DOTALL):
        if language == "python":
            run(text, scope)
            continue
        for line in text.splitlines():
            words = line.split()[1:]
            result = CliRunner().invoke(app, words)
            assert result.exit_code == 0 or words[0] == "diagnose", result.output
    updated, compared = scope["updated"], scope["compared"]
    assert (updated.contraction[["CL", "V"]] > 0.5).all()
    assert float(compared["mean"].sel(parameter="CL")[0]) == pytest.approx(2.8, abs=0.2)
    assert float(compared["mean"].sel(parameter="CL", prior="dog")) == pytest.approx(2.3, abs=0.2)
    for name in (
        "prior/prior_check.png",
        "fit/priors_compared.csv",
        "fit/priors.png",
        "fit/budget.png",
        "fit/report.html",
    ):
        assert (tmp_path / name).exists()


@pytest.mark.parametrize("line", [li for b in blocks("sh") for li in b.splitlines()])
def test_its_commands_exist_with_their_options(line: str) -> None:
    name, *words = line.split()[1:]
    assert {word for word in words if word.startswith("-")} <= options_of(name)


def test_pages_link_to_files_that_are_there() -> None:
    for page in [*DOCS.glob("*.md"), DOCS.parent / "README.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
