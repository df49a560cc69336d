"""The page of fits that are not accepted: each is refused or accepted as the page states."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import pkqsp_bayes as pq
from tests.commands import options_of
from tests.followed_page import blocks, command_lines, read_page, run_command, run_python

PAGE = read_page("failing-fit.md")
MODEL = blocks(read_page("tutorial.md"), "toml")[0]
FILES = ("assay.toml", "vague.toml", "after_iv.toml")
ACCEPTED = {"few": False, "few-2": False, "few-3": True, "flip": False, "flip-2": True}


def lay_out(folder: Path) -> None:
    """Write the files that the reader saves."""
    (folder / "model.toml").write_text(MODEL)
    for name, text in zip(FILES, blocks(PAGE, "toml"), strict=True):
        (folder / name).write_text(text)


def test_its_files_are_read(tmp_path: Path) -> None:
    lay_out(tmp_path)
    for name in FILES:
        assert f"`{name}`" in PAGE
        table = pq.read_priors(tmp_path / name)
        pq.apply_priors(pq.load_model(tmp_path / "model.toml"), table)


@pytest.mark.parametrize("line", command_lines(PAGE))
def test_its_commands_exist_with_their_options(line: str) -> None:
    name, *words = line.split()[1:]
    assert {word for word in words if word.startswith("-")} <= options_of(name)


def test_flip_flop_is_exact() -> None:
    """The curve is the same if ka and CL/V change places and V becomes CL/ka."""
    model = pq.load_model("one-compartment")
    study = pq.regimen(pq.Dose(amount=320, to="oral"), [1, 4, 24], covariates={"WT": 70})
    CL, V, ka = 3.5, 32.0, 1.2
    one = pq.simulate(model, study, parameters={"CL": CL, "V": V, "ka": ka, "tlag": 1e-6})
    other = {"CL": CL, "V": CL / ka, "ka": CL / V, "tlag": 1e-6}
    two = pq.simulate(model, study, parameters=other)
    assert one.cp.values == pytest.approx(two.cp.values, rel=1e-4)


@pytest.mark.slow
def test_its_commands_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    judged = {}
    for line in command_lines(PAGE):
        result = run_command(line)
        if line.startswith("pkqsp diagnose"):
            judged[line.split()[-1]] = result.exit_code == 0
        else:
            assert result.exit_code == 0, f"{line}\n{result.output}"
    assert judged == ACCEPTED
    assert_divergences("few", "few-2", "few-3")
    summaries = {name: summary_of(name) for name in ("flip", "flip-2")}
    assert (summaries["flip"].r_hat[["V", "ka"]] > 1.5).all()
    assert summaries["flip"].r_hat["CL"] < 1.01
    within = summaries["flip-2"].loc[["CL", "V"]]
    assert ((within.q5 < [3.5, 32.0]) & (within.q95 > [3.5, 32.0])).all()


@pytest.mark.slow
def test_its_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block itself asserts that the fit is accepted."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run_command(command_lines(PAGE)[0]).exit_code == 0
    scope: dict[str, Any] = {}
    for code in blocks(PAGE, "python"):
        run_python(code, scope, "failing-fit.md")


def assert_divergences(*names: str) -> None:
    """Each remedy decreases their number; the last fit has none."""
    counts = [int(pq.read_fit(name)["sample_stats"]["diverging"].sum()) for name in names]
    assert counts[0] > 0
    assert counts[-1] == 0


def summary_of(name: str) -> pd.DataFrame:
    return pq.summary_table(name)
