"""Analyses of the fitted study refuse any other, and take the same one however it is written."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.attributes import chosen_options, result_attributes
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.spec.reading.toml import parse_model
from pkqsp_bayes.study.write import write_study
from tests.analysis.posteriors import hand_made

MODEL = """
title = "occasions and a covariate"
[covariates]
WT = { unit = "kg", reference = 70 }
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population]
V = { typical = "lognormal(log(30), 0.5)", unit = "L" }
omega = { CL = "half_normal(0.5)", occasion = { CL = "half_normal(0.5)" } }
[population.CL]
typical = "lognormal(log(3), 0.5)"
unit = "L/h"
iiv = "lognormal"
iov = "lognormal"
covariates = { WT = "power(0.75, 70)" }
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "proportional", sigma = "half_normal(0.5)" }
"""


def table() -> pd.DataFrame:
    rows = [
        {"ID": i, "TIME": 24.0 * (k - 1) + t, "EVID": int(t == 0), "AMT": 100.0 * (t == 0),
         "DV": np.nan if t == 0 else 3.0 - t / 4 + i / 10, "BLQ": int(t == 8), "LLOQ": 1.5,
         "OCC": k, "WT": 60.0 + i}
        for i in (1, 2, 3) for k in (1, 2) for t in (0.0, 2.0, 8.0)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def read(frame: pd.DataFrame, **units: str) -> pq.Study:
    return pq.study_from_frame(frame, model=parse_model(MODEL), units=units or None)


def made(study: pq.Study, options: pq.BindOptions | None = None) -> xr.DataTree:
    rng = np.random.default_rng(1)
    typical = {"CL": np.exp(0.1 * rng.normal(size=200)), "V": np.exp(0.1 * rng.normal(size=200))}
    tree = hand_made(
        MODEL, typical, omega={"CL": 0.3}, sigma={"cp": 0.2}, omega_iov={"CL": 0.1},
        eta=rng.normal(size=(200, 3, 1)), subjects=("1", "2", "3"),
    )  # fmt: skip
    model = parse_model(MODEL)
    bound = bind_model(model, study, options=options)
    tree.attrs |= result_attributes(model, bound, options=chosen_options(options))
    return tree


OTHERS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "values": (lambda t: t.assign(DV=100 * t.DV, LLOQ=100 * t.LLOQ), "observations"),
    "one value": (lambda t: t.assign(DV=t.DV.replace(t.DV[1], 9.0)), "observations"),
    "limit": (lambda t: t.assign(LLOQ=1.6), "observations"),
    "censoring": (lambda t: t.drop(columns=["BLQ", "LLOQ"]), "observations"),
    "dose": (lambda t: t.assign(AMT=2 * t.AMT), "doses"),
    "infusion": (lambda t: t.assign(RATE=t.AMT / 2), "doses"),
    "additional": (lambda t: t.assign(ADDL=t.EVID, II=12.0 * t.EVID), "doses"),
    "time": (lambda t: t.assign(TIME=1.01 * t.TIME), "doses, times"),
    "covariate": (lambda t: t.assign(WT=t.WT + 1), "covariates"),
    "occasions": (lambda t: t.assign(OCC=t.OCC.where(t.ID > 1, 3 - t.OCC)), "occasions"),
    "stranger": (lambda t: t.assign(ID=t.ID.replace(3, 4)), "subjects"),
    "fewer": (lambda t: t[t.ID < 3], "subjects"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_study_is_refused(name: str) -> None:
    change, what = OTHERS[name]
    fit, other = made(read(table())), read(change(table()))
    with pytest.raises(pq.CheckError, match=f"{what}.* not those that were fitted"):
        pq.prior_posterior(fit, other)


def test_every_analysis_of_the_fitted_study_asks(tmp_path: Path) -> None:
    fit, other = made(read(table())), read(table().assign(DV=table().DV - 0.1))
    again = pq.PriorTable()
    claim = pq.CausalSpec(claim="x", assignment="randomised")
    for asked in (
        lambda: pq.prior_posterior(fit, other),
        lambda: pq.compare_priors(fit, other, {"same": again}),
        lambda: pq.loo_subject(fit, other),
        lambda: pq.check_solver(fit, other),
        lambda: pq.identifiability(parse_model(MODEL), other, fit),
        lambda: pq.causal_record(fit, claim, study=other),
        lambda: pq.report(fit, tmp_path, study=other),
        lambda: pq.sbc(parse_model(MODEL), other, tmp_path, given=fit),
    ):
        with pytest.raises(pq.CheckError, match="its observations are not those that were fitted"):
            asked()


def test_the_same_study_however_it_is_written(tmp_path: Path) -> None:
    study = read(table())
    fit = made(study)
    write_study(study, tmp_path / "study.csv")
    minutes = table().assign(TIME=60 * table().TIME, AMT=1000 * table().AMT)
    more = table().assign(ARM=1.0)[[*reversed([*table().columns, "ARM"])]]
    blank = table().drop(columns="LLOQ").assign(LLOQ=np.where(table().BLQ == 1, 1.5, np.nan))
    for same in (
        pq.read_study(tmp_path / "study.csv"),
        read(minutes, TIME="min", AMT="ug"),
        read(more),
        read(blank),
    ):
        pq.open_fit(fit).require_own(same)


def test_a_fit_without_its_censored_values_is_of_the_same_study() -> None:
    study = read(table())
    pq.open_fit(made(study, pq.BindOptions(blq="M1"))).require_own(study)


def test_a_fit_that_does_not_say_is_told_by_its_folder_or_its_observations(tmp_path: Path) -> None:
    study, doubled = read(table()), read(table().assign(AMT=2 * table().AMT))
    fit = made(study)
    del fit.attrs["design"], fit.attrs["values"]
    pq.open_fit(fit).require_own(study)
    with pytest.raises(pq.CheckError, match="subjects"):
        pq.open_fit(fit).require_own(study.only(["1", "2"]))
    seen = study.table[study.table.EVID == 0]
    value = np.where(seen.BLQ == 1, seen.LLOQ, seen.DV)
    fit["observed_data"] = xr.DataTree(xr.Dataset({"DV": ("observation", value)}))
    pq.open_fit(fit).require_own(study)
    with pytest.raises(pq.CheckError, match="observations"):
        pq.open_fit(fit).require_own(read(table().assign(DV=table().DV - 0.1)))
    pq.open_fit(fit).require_own(doubled)  # nothing that it holds shows it
    write_study(study, tmp_path / "study.csv")
    fit.encoding["source"] = str(tmp_path / "fit.nc")
    with pytest.raises(pq.CheckError, match="doses"):
        pq.open_fit(fit).require_own(doubled)


def test_data_that_are_no_study_are_refused() -> None:
    fit, claim = made(read(table())), pq.CausalSpec(claim="x", assignment="randomised")
    for argument in ("study", "target"):
        with pytest.raises(pq.CheckError):
            pq.causal_record(fit, claim, **{argument: pd.DataFrame({"a": [1]})})


def test_times_in_another_order_are_another_study() -> None:
    study = read(table())
    turned = study.table.iloc[::-1].reset_index(drop=True)
    turned = turned.sort_values(["ID", "TIME"], ascending=[False, True], kind="stable")
    other = dataclasses.replace(study, table=turned.reset_index(drop=True))
    with pytest.raises(pq.CheckError, match="subjects"):
        pq.open_fit(made(study)).require_own(other)
