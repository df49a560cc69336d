"""`pkqsp check`, `show`, `simulate`: as a user runs them."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import pkqsp_bayes as pq
from pkqsp_bayes.cli import app
from tests.commands import commands, options_of

RUN = CliRunner()
DOSED = "ID,TIME,AMT,EVID,CMT,WT\n1,0,100,1,iv,70\n1,1,0,0,iv,70\n1,4,0,0,iv,70\n"


def pkqsp(*arguments: object) -> tuple[int, str]:
    result = RUN.invoke(app, [str(a) for a in arguments], terminal_width=200)
    return result.exit_code, result.stdout + result.stderr


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "study.csv"
    path.write_text(DOSED)
    return path


def test_check_passes_a_good_model_and_study(table: Path) -> None:
    code, text = pkqsp("check", "one-compartment", table)
    assert code == 0
    assert text.startswith("no errors\n")
    assert "subjects, " in text
    assert "doses:" in text
    assert "observations (time in h):" in text


def test_rows_are_left_out_by_an_option(tmp_path: Path) -> None:
    marked = tmp_path / "marked.csv"
    marked.write_text(
        "C,ID,TIME,AMT,EVID,CMT,DV,WT\n.,1,0,100,1,iv,.,70\n.,1,5,0,0,.,3,70\nC,1,6,0,0,.,9,70\n"
    )
    code, text = pkqsp("check", "one-compartment", marked)
    assert code == 2
    assert "--ignore 'C == C'" in text
    code, text = pkqsp("check", "one-compartment", marked, "--ignore", "C == C")
    assert code == 0
    assert "ignore: C == C" in text
    assert "columns not used: C" in text


def test_commands_that_read_a_study_take_rules() -> None:
    for name, command in commands().items():
        reads = {"study", "designs"} & {p.name for p in command.params}
        assert not reads or "--ignore" in options_of(name), name


def test_check_reports_all_problems_of_a_study_at_once(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(
        "ID,TIME,AMT,EVID,CMT,DV,SS,ADDL,II,WT\n"
        "1,0,100,1,iv,.,1,0,0,70\n"
        "1,5,0,0,2,3,0,0,0,70\n"
        "1,3,0,0,2,abc,0,0,0,70\n"
        "2,0,-5,1,iv,.,0,3,0,70\n"
    )
    code, text = pkqsp("check", "one-compartment", bad)
    assert code == 2
    for part in (
        "SS is stated without II",
        "ADDL is stated without II",
        "'abc'",
        "decreases",
        "AMT is -5",
    ):
        assert part in text
    assert "subject 2 has no observation" in text


def test_check_compares_the_study_with_the_model(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("ID,TIME,AMT,EVID,CMT,DV\n1,0,100,1,nowhere,.\n1,5,0,0,iv,3\n")
    code, text = pkqsp("check", "one-compartment", bad)
    assert code == 2
    assert "nowhere" in text
    assert "the column 'WT'" in text


def test_a_model_that_is_not_there_is_named(table: Path) -> None:
    code, text = pkqsp("check", "one-compartmnt")
    assert code == 2
    assert "did you mean one-compartment?" in text
    code, text = pkqsp("check", "nothing.toml")
    assert code == 2
    assert "nothing.toml" in text


@pytest.mark.parametrize("form", ["equations", "latex", "stan", "cpp", "json"])
def test_show_prints_every_form(form: str) -> None:
    code, text = pkqsp("show", "one-compartment", "--as", form)
    assert code == 0
    part = {
        "equations": "d(central)/dt = ",
        "latex": r"\begin{align*}",
        "stan": "matrix ode_solve(vector p",
        "cpp": "struct Model {",
        "json": '"derivative"',
    }[form]
    assert part in text
    if form == "json":
        assert json.loads(text)["states"][0]["name"] == "depot"


def test_simulate_writes_a_row_a_record(table: Path, tmp_path: Path) -> None:
    """Against the closed form of a bolus: C = D / V exp(-CL / V t)."""
    out = tmp_path / "out.csv"
    settings = ("--set", "CL=2", "--set", "V=20", "--set", "WT=70")
    code, text = pkqsp("simulate", "one-compartment", table, "-o", out, *settings)
    assert (code, text) == (0, f"{out}\n")
    made = pd.read_csv(out)
    assert list(made.columns) == ["ID", "TIME", "cp"]
    assert made.cp.tolist() == pytest.approx([5, 5 * 2.718281828**-0.1, 5 * 2.718281828**-0.4])
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_simulate_reports_what_cannot_be_set(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    settings = ("--set", "CLx=2", "--set", "V", "--set", "CL=nan")
    code, text = pkqsp("simulate", "one-compartment", table, "-o", out, *settings)
    assert code == 2
    assert "did you mean CL?" in text
    assert text.count("is not a setting") == 2
    assert not out.exists()


def test_simulate_refuses_negative_parameters(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    code, text = pkqsp("simulate", "one-compartment", table, "-o", out, "--set", "V=-3")
    assert code == 2
    assert "it must be positive" in text


def test_simulate_into_a_folder_that_is_not_there(table: Path, tmp_path: Path) -> None:
    code, text = pkqsp("simulate", "one-compartment", table, "-o", tmp_path / "no" / "out.csv")
    assert code == 2
    assert "cannot be written: there is no folder" in text


def test_version() -> None:
    code, text = pkqsp("--version")
    assert code == 0
    assert text.count(".") == 2


def test_data_lists_the_studies_and_prints_where_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PKQSP_DATA", raising=False)
    code, text = pkqsp("data")
    assert code == 0
    for part in ("theophylline", "quinidine", "mavoglurant", "O'Reilly 1963, 1968"):
        assert part in text
    code, text = pkqsp("data", "theophylline")
    assert code == 0
    assert Path(text.strip()).read_text().startswith("ID,")
    assert pkqsp("data", "theofylline")[0] == 2


def test_data_copies_a_study(tmp_path: Path) -> None:
    copy = tmp_path / "study.csv"
    code, text = pkqsp("data", "tutorial", "-o", str(copy))
    assert (code, text.strip()) == (0, str(copy))
    assert copy.read_bytes() == pq.datasets.path("tutorial").read_bytes()
    assert pkqsp("data", "-o", str(copy))[0] == 2


def test_a_study_is_named_as_in_python(tmp_path: Path) -> None:
    code, text = pkqsp("check", "one-compartment", "theophylline")
    assert code == 0
    assert "12 subjects" in text
    code, text = pkqsp("simulate", "one-compartment", "theophyline")
    assert (code, "did you mean theophylline?" in text) == (2, True)
    file = tmp_path / "found.CSV"
    code, _ = pkqsp("simulate", "one-compartment", "theophylline", "--ignore", "ID > 1", "-o", file)
    assert code == 0
    assert set(pd.read_csv(file)["ID"]) == {1}


def test_the_list_of_models_has_short_lines(tmp_path: Path) -> None:
    code, text = pkqsp("models")
    assert code == 0
    assert "description" not in text
    assert pkqsp("models", "-o", tmp_path / "models.csv")[0] == 0
    assert "description" in pd.read_csv(tmp_path / "models.csv").columns


@pytest.mark.parametrize("ending", ["csv", "JSON"])
def test_a_population_is_written_with_its_subjects(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"people.{ending}"
    assert pkqsp("population", 3, "-o", file)[0] == 0
    read = pd.read_csv if ending == "csv" else pd.read_json
    assert read(file)["subject"].tolist() == pq.virtual_population(3, 1).index.tolist()


def test_text_is_not_written_to_a_picture(tmp_path: Path) -> None:
    code, text = pkqsp("show", "one-compartment", "-o", tmp_path / "m.png")
    assert (code, "picture" in text) == (2, True)
    assert not list(tmp_path.iterdir())
