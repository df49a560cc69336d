"""Commands about models, designs and bodies, as a user runs them."""

import json
from pathlib import Path

import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.library import names
from tests.test_cli import pkqsp

TIMES = (0.25, 0.5, 1, 2, 4, 8, 12, 24)
POINT = ("--point", "sigma[cp.additive]=0.05", "--point", "sigma[cp.proportional]=0.1")


def test_models_lists_the_library(tmp_path: Path) -> None:
    code, text = pkqsp("models")
    assert code == 0
    for name in names():
        assert name in text
    code, text = pkqsp("models", "-o", tmp_path / "models.json")
    rows = {row["name"]: row for row in json.loads((tmp_path / "models.json").read_text())}
    assert set(rows) == set(names())
    assert rows["mavoglurant"]["study"] == "mavoglurant"
    assert rows["tmdd-antibody"]["endpoints"] == "cp, target"
    assert rows["one-compartment"]["study"] == ""
    assert pq.models().loc["two-compartment", "parameters"] == "CL, V1, Q, V2"


def test_designs_are_compared(tmp_path: Path) -> None:
    """Standard errors fall with the square root of the number of subjects."""
    text = "ID,TIME,AMT,EVID,CMT,WT\n"
    for name, count in (("few", 3), ("many", 12)):
        rows = [
            f"{k},0,100,1,oral,70\n" + "".join(f"{k},{t},0,0,.,70\n" for t in TIMES)
            for k in range(count)
        ]
        (tmp_path / f"{name}.csv").write_text(text + "".join(rows))
    files = [tmp_path / "few.csv", tmp_path / "many.csv"]
    code, text = pkqsp("design", "one-compartment", *files, *POINT, "-o", tmp_path / "out.csv")
    assert code == 0, text
    found = pd.read_csv(tmp_path / "out.csv").set_index("parameter")
    few, many = found[str(files[0])], found[str(files[1])]
    assert few["CL"] / many["CL"] == pytest.approx(2, rel=1e-6)


def test_identifiability_prints_its_verdicts(table: Path, tmp_path: Path) -> None:
    line = ("identifiability", "one-compartment", table, "--starts", 0, *POINT)
    code, text = pkqsp(*line, "--plot", tmp_path / "i.png")
    assert code == 0, text
    assert "condition number" in text
    code, text = pkqsp(*line, "-o", tmp_path / "i.csv")
    assert "verdict" in pd.read_csv(tmp_path / "i.csv").columns


def test_body(tmp_path: Path) -> None:
    code, text = pkqsp("body", "human", "--covariate", "WT=19", "--covariate", "AGE=5",
                       "--covariate", "SEX=0", "-o", tmp_path / "b.csv")  # fmt: skip
    assert code == 0, text
    child = pq.reference_body("human", WT=19.0, AGE=5.0, SEX=0.0)
    found = pd.read_csv(tmp_path / "b.csv").set_index("organ")
    assert found.loc["liver", "volume (L)"] == pytest.approx(float(child.organs["liver"].volume))
    code, text = pkqsp("body", "human", "--impair", "gfr=0.4")
    whole = pq.reference_body("human")
    assert f"GFR {0.4 * float(whole.gfr):.4g} L/h" in text
    code, text = pkqsp("body", "human", "--covariate", "WTT=19")
    assert code == 2
    assert "did you mean WT?" in text


def test_population_kp_and_ontogeny(tmp_path: Path) -> None:
    code, text = pkqsp("population", 5, "--seed", 2, "-o", tmp_path / "v.csv")
    assert code == 0, text
    wanted = pq.virtual_population(5, 2)
    assert pd.read_csv(tmp_path / "v.csv")["WT"].to_numpy() == pytest.approx(
        wanted["WT"].to_numpy()
    )
    code, text = pkqsp("kp", "--logP", 2.3, "--fup", 0.33, "--base", 8.6, "-o", tmp_path / "k.csv")
    assert code == 0, text
    drug = pq.DrugChemistry(logP=2.3, fup=0.33, pKa_base=(8.6,))
    found = pd.read_csv(tmp_path / "k.csv").set_index("tissue")
    assert found.loc["liver"].to_numpy() == pytest.approx(pq.kp_table(drug).loc["liver"].to_numpy())
    code, text = pkqsp("ontogeny", "CYP3A4", 0.5, 20, "-o", tmp_path / "o.json")
    assert code == 0, text
    rows = json.loads((tmp_path / "o.json").read_text())
    assert rows[0]["factor"] == pytest.approx(float(pq.ontogeny_factor("CYP3A4", 0.5)))


def test_show_writes_a_file(tmp_path: Path) -> None:
    code, text = pkqsp("show", "one-compartment", "--as", "stan", "-o", tmp_path / "ode.stan")
    assert (code, text) == (0, f"{tmp_path / 'ode.stan'}\n")
    assert "matrix ode_solve" in (tmp_path / "ode.stan").read_text()
