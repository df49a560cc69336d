"""What a record sees, time that begins again, steady states: closed forms over small tables."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.study import study_from_frame

BOLUS = """
title = "One compartment"
{head}
[equations]
text = '''
cp = central / V
d(central)/dt = -CL * cp
'''
units = {{ central = "mg", cp = "mg/L" }}
drug = {{ central = 1 }}
eliminated = "CL * cp"
[dose.iv]
to = "central"
bioavailability = "{F}"
[observe.cp]
value = "cp"
unit = "mg/L"
[observe.amount]
value = "central"
unit = "mg"
"""

WEIGHT = """
[covariates]
WT = {{ unit = "kg", interpolation = "{kind}" }}
[parameters]
CL = {{ value = 2, unit = "L/h" }}
v_per_kg = {{ value = 1, unit = "L/kg" }}
WT_ref = {{ value = 70, unit = "kg" }}
"""

OCCASIONS = """
[population]
CL = { typical = 2.0, unit = "L/h" }
V = { typical = 20.0, unit = "L", iov = "lognormal" }
F = { typical = 1.0, iov = "lognormal" }
omega = { occasion = { V = 0.3, F = 0.3 } }
"""

FORMULATIONS = """
title = "Two formulations at one time"
[covariates]
FORM = { interpolation = "locf" }
[parameters]
V = { value = 20, unit = "L" }
CL = { value = 2, unit = "L/h" }
ka = { value = 1, unit = "1/h" }
[equations]
text = '''
d(depot)/dt = -ka * depot
d(central)/dt = ka * depot - CL * central / V
'''
units = { depot = "mg", central = "mg" }
drug = { depot = 1, central = 1 }
eliminated = "CL * central / V"
[dose.po]
to = "depot"
bioavailability = "1 - 0.9 * FORM"
[observe.gut]
value = "depot"
unit = "mg"
"""


def solved(
    folder: Path, model: str, table: str, parameters: pd.DataFrame | None = None
) -> xr.Dataset:
    path = folder / "model.toml"
    path.write_text(model)
    frame = pd.read_csv(io.StringIO(table), na_values=".")
    frame["DV"] = np.where(frame["EVID"] == 0, 1.0, np.nan)
    result = pq.simulate(pq.load_model(path), study_from_frame(frame), parameters=parameters)
    assert result.reason.to_numpy().tolist() == ["ok"]
    return result


def weighed(folder: Path, kind: str, table: str) -> xr.Dataset:
    head = WEIGHT.format(kind=kind)
    model = BOLUS.format(head=head, F="WT / WT_ref").replace("central / V", "central / (WT * 1.0)")
    return solved(folder, model.replace("WT * 1.0", "WT * v_per_kg"), table)


def test_a_dose_and_a_sample_see_their_own_weight(tmp_path: Path) -> None:
    table = (
        "ID,TIME,EVID,AMT,CMT,WT\n1,0,0,0,.,70\n1,1,1,100,iv,35\n1,2,0,0,.,140\n"
        "1,2,0,0,.,70\n1,3,0,0,.,280\n"
    )
    result = weighed(tmp_path, "nocb", table)
    # to 2 h by the weight of the record that ends the interval, then by that of the last one
    second = 50 * np.exp(-2 / 140)
    third = second * np.exp(-2 / 280)
    np.testing.assert_allclose(result.amount, [0, 50, second, second, third], rtol=5e-6)
    np.testing.assert_allclose(
        result.cp, [0, 50 / 35, second / 140, second / 70, third / 280], rtol=5e-6
    )


@pytest.mark.parametrize(
    ("kind", "rate"),
    [("locf", 2 / 70), ("nocb", 2 / 70), ("linear", 2 / 70)],
)
def test_a_trough_sees_its_own_weight(tmp_path: Path, kind: str, rate: float) -> None:
    table = "ID,TIME,EVID,AMT,CMT,WT\n1,0,1,100,iv,70\n1,2,0,0,.,70\n1,2,1,100,iv,35\n"
    result = weighed(tmp_path, kind, table)
    trough = 100 * np.exp(-2 * rate)
    np.testing.assert_allclose(result.cp, [100 / 70, trough / 70, (trough + 50) / 35], rtol=5e-6)


def test_a_line_between_two_weights(tmp_path: Path) -> None:
    table = "ID,TIME,EVID,AMT,CMT,WT\n1,0,1,100,iv,70\n1,2,0,0,.,.\n1,4,0,0,.,140\n"
    result = weighed(tmp_path, "linear", table)
    # d(log A)/dt = -2 / (70 + 17.5 t)
    left = [100 * (70 / w) ** (2 / 17.5) for w in (70, 105, 140)]
    np.testing.assert_allclose(result.amount, left, rtol=5e-6)
    np.testing.assert_allclose(result.cp, np.array(left) / [70, 105, 140], rtol=5e-6)


@pytest.mark.parametrize(
    ("rows", "gut"),
    [
        ("1,0,1,100,po,0\n1,0,1,200,po,1\n1,0,0,0,.,1\n", [100, 120, 120]),
        ("1,0,1,100,po,1\n1,0,0,0,.,0\n", [10, 10]),
        ("1,0,0,0,.,0\n1,0,1,100,po,1\n1,0,0,0,.,0\n", [0, 10, 10]),
    ],
)
def test_formulations_at_one_time(tmp_path: Path, rows: str, gut: list[float]) -> None:
    result = solved(tmp_path, FORMULATIONS, f"ID,TIME,EVID,AMT,CMT,FORM\n{rows}")
    np.testing.assert_allclose(result.gut, gut, rtol=1e-9)


def occasions(folder: Path, table: str) -> xr.Dataset:
    values = pd.DataFrame(
        {
            "CL": [2.0], "V": [20.0], "F": [1.0], "kappa[V,1]": [0.0], "kappa[V,2]": [np.log(2)],
            "kappa[F,1]": [0.0], "kappa[F,2]": [np.log(0.5)],
        },
        index=["1"],
    )  # fmt: skip
    return solved(folder, BOLUS.format(head=OCCASIONS, F="F"), table, values)


def test_a_trough_belongs_to_its_own_occasion(tmp_path: Path) -> None:
    table = (
        "ID,TIME,EVID,AMT,CMT,OCC\n1,0,1,100,iv,1\n1,12,0,0,.,1\n1,12,1,100,iv,2\n1,13,0,0,.,2\n"
    )
    result = occasions(tmp_path, table)
    trough = 100 * np.exp(-0.1 * 12)
    later = (trough + 50) * np.exp(-0.05)
    np.testing.assert_allclose(
        result.cp, [5, trough / 20, (trough + 50) / 40, later / 40], rtol=5e-6
    )


@pytest.mark.parametrize("evid", [(4, 4), (1, 4)])
@pytest.mark.parametrize("again", [0, 3, 20])
def test_time_begins_again_with_a_new_occasion(
    tmp_path: Path, evid: tuple[int, int], again: float
) -> None:
    table = (
        f"ID,TIME,EVID,AMT,CMT,OCC\n1,0,{evid[0]},100,iv,1\n1,1,0,0,.,1\n1,12,0,0,.,1\n"
        f"1,{again},{evid[1]},100,iv,2\n1,{again + 1},0,0,.,2\n1,{again + 12},0,0,.,2\n"
    )
    result = occasions(tmp_path, table)
    first = 5 * np.exp(-0.1 * np.array([0, 1, 12]))
    second = 50 / 40 * np.exp(-0.05 * np.array([0, 1, 12]))
    np.testing.assert_allclose(result.cp, [*first, *second], rtol=5e-6)
    assert result.STRETCH.to_numpy().tolist() == [1, 1, 1, 2, 2, 2]
    assert result.TAD.to_numpy().tolist() == [0, 1, 12, 0, 1, 12]


@pytest.mark.parametrize("kind", ["locf", "nocb", "linear"])
def test_weights_change_where_time_begins_again(tmp_path: Path, kind: str) -> None:
    table = (
        "ID,TIME,EVID,AMT,CMT,WT\n1,0,1,100,iv,70\n1,6,0,0,.,70\n"
        "1,2,3,0,.,140\n1,2,1,100,iv,140\n1,9,0,0,.,140\n"
    )
    result = weighed(tmp_path, kind, table)
    expected = [100, 100 * np.exp(-2 * 6 / 70), 0, 200, 200 * np.exp(-2 * 7 / 140)]
    np.testing.assert_allclose(result.amount, expected, rtol=5e-6)


def test_a_record_without_a_value_is_missing_alone(tmp_path: Path) -> None:
    head = "[parameters]\nCL = { value = 2, unit = 'L/h' }\nV = { value = 20, unit = 'L' }\n"
    model = BOLUS.format(head=head, F=1)
    model = model.replace('value = "cp"\nunit = "mg/L"', 'value = "log(cp)"')
    table = "ID,TIME,EVID,AMT,CMT\n1,0,0,0,.\n1,1,1,100,iv\n1,9,0,0,.\n"
    result = solved(tmp_path, model, table)
    expected = [np.nan, np.log(5), np.log(5) - 0.8]
    np.testing.assert_allclose(result.cp, expected, rtol=5e-6)
    np.testing.assert_allclose(result.amount, [0, 100, 100 * np.exp(-0.8)], rtol=5e-6)


STEADY = """
title = "Turnover with doses"
[equations]
text = '''
d(depot)/dt = -ka * depot
d(central)/dt = kin + ka * depot - CL * central / V
d(AUC)/dt = central / V
'''
[dose.iv]
to = "central"
rate = "R"
duration = "D"
[dose.po]
to = "depot"
[population]
CL = { typical = 2.0 }
V = { typical = 20.0 }
ka = { typical = 1.0 }
kin = { typical = 4.0 }
R = { typical = 10.0 }
D = { typical = 2.0 }
[observe.cp]
value = "central / V"
[observe.AUC]
value = "AUC"
"""


def steady(folder: Path, **record: object) -> tuple[pq.ModelSpec, pq.Study]:
    path = folder / "model.toml"
    path.write_text(STEADY)
    dose = {"ID": 1, "TIME": 0, "EVID": 1, "AMT": 0, "RATE": 0, "II": 0, "SS": 1, "CMT": "iv"}
    rows = [{**dose, **record}, {**dose, "TIME": 2, "EVID": 0, "SS": 0}]
    return pq.load_model(path), study_from_frame(pd.DataFrame(rows).assign(DV=[None, 1.0]))


def test_the_steady_state_without_a_dose(tmp_path: Path) -> None:
    result = pq.simulate(*steady(tmp_path))
    np.testing.assert_allclose(result.cp, [2, 2], rtol=5e-6)
    np.testing.assert_allclose(result.AUC, [0, 4], rtol=5e-6)


def test_a_constant_infusion_at_the_rate_of_the_model(tmp_path: Path) -> None:
    result = pq.simulate(*steady(tmp_path, RATE=-1))
    np.testing.assert_allclose(result.cp, [7, 2 + 5 * np.exp(-0.2)], rtol=5e-6)


def test_a_constant_infusion_has_no_duration(tmp_path: Path) -> None:
    with pytest.raises(pq.CheckError, match="row 1, column RATE: a constant infusion") as caught:
        steady(tmp_path, RATE=-2)
    assert len(caught.value.issues) == 1


@pytest.mark.parametrize(
    "dose",
    [{"AMT": 10, "II": 12}, {"AMT": 10, "II": 12, "CMT": "po"}, {"RATE": 5}, {},
     {"AMT": 10, "RATE": -2, "II": 12}],
)  # fmt: skip
def test_without_elimination_there_is_no_steady_state(
    tmp_path: Path, dose: dict[str, object]
) -> None:
    result = pq.simulate(*steady(tmp_path, **dose), parameters={"CL": 0.0})
    assert result.reason.to_numpy().tolist() == ["no steady state was found"]
    assert np.isnan(result.cp).all()


def test_what_only_fills_is_named(tmp_path: Path) -> None:
    issues = pq.check(*steady(tmp_path))
    assert sum("AUC only fills" in issue.what for issue in issues) == 1


def test_a_second_steady_state_that_counts_the_rest_twice_is_named(tmp_path: Path) -> None:
    issues = pq.check(*steady(tmp_path, SS=2, AMT=10, II=12))
    assert {issue.severity for issue in issues} == {"warning"}
    assert sum("central has an endogenous input" in issue.what for issue in issues) == 1
