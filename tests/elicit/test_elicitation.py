"""Statements and mechanisms of one file together; pictures; the command line."""

import dataclasses
from pathlib import Path

import pytest
from typer.testing import CliRunner

import pkqsp_bayes as pq
from pkqsp_bayes.cli import app
from pkqsp_bayes.elicit.elicitation import elicit_priors
from pkqsp_bayes.elicit.statements import parse_statements
from pkqsp_bayes.spec.prior_table import parse_priors
from pkqsp_bayes.spec.priors.apply_priors import apply_priors
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from tests.elicit import showcase
from tests.elicit.mechanisms import TURNOVER
from tests.elicit.test_predictive import MODEL, PEAK

BOTH = """
title = "all of it"
date = "2026-03-04"
[[quantiles]]
of = "V"
at = { "0.1" = 20, "0.9" = 60 }
"""
MECHANISM = """
[[mechanism]]
model = "MECHANISM"
factor = "E0"
parameter = "CL"
scale = 0.05
parts = ["typical"]
outer = 64
inner = 32
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "turnover.toml").write_text(TURNOVER)
    path = tmp_path / "said.toml"
    path.write_text(BOTH + MECHANISM.replace("MECHANISM", str(tmp_path / "turnover.toml")))
    (tmp_path / "model.toml").write_text(MODEL)
    return path


def test_the_command_writes_a_table_that_a_model_takes(file: Path) -> None:
    output, picture = file.with_name("priors.toml"), file.with_name("priors.png")
    command = ["elicit", str(file.with_name("model.toml")), "--statements", str(file),
               "-o", str(output), "--plot", str(picture)]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "V: q0.1 = 20" in done.output
    table = pq.read_priors(output)
    assert table.title == "all of it"
    assert {n: e.provenance.method for n, e in table.priors.items()} == {
        "V": "quantiles",
        "CL": "qsp",
    }
    assert picture.stat().st_size > 10_000
    applied = apply_priors(parse_model(MODEL), table)
    assert applied.population.parameters["CL"].typical.args[0] == pytest.approx(1.609, abs=0.02)


def test_a_bad_file_is_refused_with_all_its_problems(file: Path) -> None:
    file.write_text(
        BOTH.replace('"V"', '"W"') + MECHANISM.replace('"CL"', '"CLL"')
        + PEAK.replace('"cp"', '"cq"')
    )  # fmt: skip
    model = str(file.with_name("model.toml"))
    command = ["elicit", model, "--statements", str(file), "-o", "x.toml"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    for part in ("not have 'W'", "mechanism[0].parameter", "did you mean CL?", "did you mean cp?"):
        assert part in done.output, part
    assert not Path("x.toml").exists()


def test_priors_with_a_statement_are_not_adjusted() -> None:
    """A prediction adjusts only priors without a statement; the provenance has the old prior."""
    model = parse_model(MODEL)
    result = elicit_priors(model, parse_statements(BOTH + PEAK), subjects=64)
    assert set(result.table.priors) == {"V", "CL"}
    assert result.table.priors["V"].provenance.method == "quantiles"
    assert result.table.priors["CL"].provenance.note == "moved from lognormal(log(5), 0.1)"
    assert format_model(model) == format_model(dataclasses.replace(model))


def test_a_fit_refuses_inconsistent_priors(tmp_path: Path) -> None:
    """Neither a table of another model, nor from_qsp without a table, begins a fit."""
    study = showcase.study()
    model = parse_model(showcase.MODEL)
    table = parse_priors('[priors.CLL]\nprior = "lognormal(0, 1)"')
    with pytest.raises(pq.CheckError, match=r"did you mean CL\?"):
        pq.fit(model, study, tmp_path / "fit", priors=table)
    with pytest.raises(pq.CheckError, match=r"omega\[CL\]: from_qsp is not a dist.*priors=\.\.\."):
        pq.fit(model, study, tmp_path / "fit")
    assert not (tmp_path / "fit").exists()
    assert pq.check(model) == []  # a table may still come
    assert any("from_qsp" in issue.what for issue in pq.check(model, study))
