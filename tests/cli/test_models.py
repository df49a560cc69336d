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


def test_ontogeny_of_another_source_and_organ() -> None:
    """Salem 2013: 0.08 at birth. PK-Sim, duodenum: PMA^n / (PMA50^n + PMA^n), PMA 92.18 weeks."""
    code, text = pkqsp("ontogeny", "CYP1A2", 0, "--source", "salem-2013")
    assert (code, text.split()[-1]) == (0, "0.08")
    code, text = pkqsp("ontogeny", "CYP3A4", 1, "--organ", "duodenum")
    weeks = 40 + 365.25 / 7
    wanted = weeks**1.237 / (74.055**1.237 + weeks**1.237)
    assert float(text.split()[-1]) == pytest.approx(wanted, rel=1e-3)
    code, text = pkqsp("ontogeny", "CYP3A4", 1, "--organ", "gut")
    assert code == 2
    assert text.startswith("error: --organ: pksim has no ontogeny of CYP3A4 in gut")
    assert "(it has duodenum, liver)" in text
    code, text = pkqsp("ontogeny", "CYP2A6", 1, "--source", "compiled")
    assert (code, "accept it with --unverified" in text) == (2, True)
    code, text = pkqsp("ontogeny", "CYP2A6", 1, "--source", "compiled", "--unverified")
    assert code == 0, text
    code, text = pkqsp("ontogeny", "CYP3A4", "nan")
    assert text == "error: age: it is nan (give a finite number)\n"


def test_a_population_of_animals_varies_in_weight_alone(tmp_path: Path) -> None:
    table = tmp_path / "rats.csv"
    code, text = pkqsp("population", 2000, "--species", "rat", "--weight-cv", 0.2, "-o", table)
    assert code == 0, text
    weight = pd.read_csv(table)["WT"]
    assert weight.std() / weight.mean() == pytest.approx(0.2, rel=0.08)
    assert weight.mean() == pytest.approx(0.25, rel=0.02)
    code, text = pkqsp("population", 5, "--species", "rat", "--female", 0.1)
    assert (code, text.count("--female")) == (2, 1)
    code, text = pkqsp("population", 5, "--weight-cv", 0.1)
    assert (code, "error: --weight-cv: the weight of humans" in text) == (2, True)


def test_results_are_not_written_over_a_file(tmp_path: Path) -> None:
    """The folder is refused before anything is computed: neither model nor study is read."""
    (tmp_path / "study.csv").write_text("ID,TIME\n", encoding="utf-8")
    for command in ("fit", "mode", "approximate", "prior", "sbc"):
        code, text = pkqsp(command, "absent.toml", "absent.csv", "-o", tmp_path / "study.csv")
        assert code == 2
        assert "name another folder" in text
        assert "absent" not in text
    assert (tmp_path / "study.csv").read_text(encoding="utf-8") == "ID,TIME\n"


def test_show_writes_a_file(tmp_path: Path) -> None:
    code, text = pkqsp("show", "one-compartment", "--as", "stan", "-o", tmp_path / "ode.stan")
    assert (code, text) == (0, f"{tmp_path / 'ode.stan'}\n")
    assert "matrix ode_solve" in (tmp_path / "ode.stan").read_text()
