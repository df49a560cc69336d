"""Partition coefficients inside the system, against the formulas over numbers."""

import numpy as np
import pytest

from pkqsp_bayes.physiology.kp import DrugChemistry, kp_function, kp_methods
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model
from tests.ode.components.models import BODY, compose
from tests.ode.numeric import Numeric

PLAIN = BODY.replace("Kp = ", "# ")
ORGANS = ("lung", "spleen", "gut", "liver", "kidney", "rest")
GROUPS = {
    "neutral": {},
    "acid": {"pKa_acid": (4.4,)},
    "weak base": {"pKa_base": (6.0,)},
    "strong base": {"pKa_base": (8.9,)},
    "zwitterion": {"pKa_acid": (4.0,), "pKa_base": (8.0,)},
    "weak zwitterion": {"pKa_acid": (4.0,), "pKa_base": (6.0,)},
    "dibase": {"pKa_base": (6.0, 8.9)},
    "diacid and dibase": {"pKa_acid": (3.0, 5.0), "pKa_base": (6.0, 8.0)},
}


def model(method: str, groups: dict[str, tuple[float, ...]], more: str = "") -> str:
    keys = "".join(f"{key} = {list(value)}\n" for key, value in groups.items())
    drug = PLAIN.replace("MW = 500\n", f"MW = 500\nlogP = 2.1\n{keys}")
    return f'{drug}\n[partition]\nmethod = "{method}"\n{more}'


@pytest.mark.parametrize("method", kp_methods())
@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
def test_coefficients_are_those_of_the_method(
    method: str, groups: dict[str, tuple[float, ...]]
) -> None:
    made = Numeric(compose(model(method, groups)))
    drug = DrugChemistry(logP=2.1, fup=0.2, BP=0.8, **groups)
    for organ in ORGANS:
        expected = kp_function(method)(organ, drug)
        assert made.helper(f"{organ}.Kp") == pytest.approx(float(expected), rel=1e-12)
        assert made.helper(f"{organ}.Kb") == pytest.approx(float(expected) / 0.8, rel=1e-12)


MOVED = """
[[link]]
target = "fup"
value = "base * X"
[[link]]
target = "logP"
value = "base + Y"
[covariates]
X = { interpolation = "locf", reference = 1 }
Y = { reference = 0 }
"""


@pytest.mark.parametrize("method", kp_methods())
def test_every_coefficient_follows_what_drives_fup_and_log_p(method: str) -> None:
    made = Numeric(compose(model(method, GROUPS["acid"], MOVED)), covariates={"X": 2, "Y": 0.5})
    drug = DrugChemistry(logP=2.6, fup=0.4, **GROUPS["acid"])
    expected = float(kp_function(method)("liver", drug))
    assert made.helper("liver.Kp") == pytest.approx(expected, rel=1e-12)


def test_a_base_keeps_its_affinity_to_red_cells_while_fup_moves() -> None:
    made = Numeric(
        compose(model("rodgers-rowland", GROUPS["strong base"], MOVED)),
        covariates={"X": 2, "Y": 0},
    )
    cells = (0.45 - 1 + 0.8) / (0.45 * 0.2)
    drug = DrugChemistry(
        logP=2.1, fup=0.4, BP=1 + 0.45 * (cells * 0.4 - 1), **GROUPS["strong base"]
    )
    expected = float(kp_function("rodgers-rowland")("liver", drug))
    assert made.helper("liver.Kp") == pytest.approx(expected, rel=1e-12)


def test_scale_tissue_and_a_stated_coefficient() -> None:
    text = model("schmitt", {}, "scale = 2\n").replace(
        "volume = 50", 'volume = 50\ntissue = "skin"'
    )
    made = Numeric(compose(text.replace("volume = 1.8", "volume = 1.8\nKp = 7")))
    drug = DrugChemistry(logP=2.1, fup=0.2)
    expected = 2 * float(kp_function("schmitt")("skin", drug))
    assert made.helper("rest.Kp") == pytest.approx(expected, rel=1e-12)
    assert made.helper("liver.Kp") == 7


@pytest.mark.parametrize("method", kp_methods())
def test_acid_cells_trap_a_base(method: str) -> None:
    text = model(method, GROUPS["weak base"]).replace("volume = 50", "volume = 50\npH = PH")
    low, same, high = (
        Numeric(compose(text.replace("PH", value))).helper("rest.Kp")
        for value in ("6.0", "7.0", "8.0")
    )
    assert low > same > high
    if method in ("poulin-theil", "berezhkovskiy", "pksim"):
        assert low / same == pytest.approx((1 + 10**0.0) / (1 + 10**-1.0), rel=1e-12)


def test_a_stated_coefficient_is_trapped_too() -> None:
    text = BODY.replace("BP = 0.8", "BP = 0.8\npKa_acid = [4.0]")
    made = Numeric(compose(text.replace("volume = 50", "volume = 50\npH = 6.5")))
    expected = 0.9 * (1 + 10**2.5) / (1 + 10**3.0)
    assert made.helper("rest.Kp.driven") == pytest.approx(expected)
    assert made.helper("rest.Kb") == pytest.approx(expected / 0.8)


def test_volume_at_steady_state() -> None:
    made = Numeric(compose(model("rodgers-rowland", {})))
    volumes = {"lung": 0.5, "spleen": 0.2, "gut": 1, "liver": 1.8, "kidney": 0.3, "rest": 50}
    tissue = sum(v * made.helper(f"{organ}.Kp") for organ, v in volumes.items())
    plasma, cells = 6 * 0.55, 6 * 0.45
    ratio = (0.8 - 0.55) / 0.45
    assert made.helper("Vss") == pytest.approx(plasma + cells * ratio + tissue, rel=1e-12)


def test_vss_is_where_the_drug_comes_to_rest() -> None:
    """Without elimination the amount over the plasma concentration tends to it."""
    made = Numeric(compose(model("berezhkovskiy", {})))
    states, _ = made.simulate(made.dosed(10.0), np.array([0.0, 500.0]))
    assert 10.0 / made.outputs(500.0, states[-1])[0] == pytest.approx(made.helper("Vss"), rel=1e-7)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (model("schmitt", {}).replace("logP = 2.1", ""), "partition", "lipophilicity"),
        (model("schmitt", {}).replace("fup = 0.2", ""), "partition", "unbound"),
        (
            model("rodgers-rowland", GROUPS["strong base"]).replace("BP = 0.8", ""),
            "partition",
            "strong base",
        ),
        (
            model("schmitt", {}).replace("[organs.gut]", "[organs.gutt]"),
            "organs.gutt.tissue",
            "did you mean gut",
        ),
        (model("schmitt", {}).replace("logP = 2.1", "logP = 21"), "drug.logP", "logP is 21"),
        (
            BODY.replace("volume = 50", "volume = 50\npH = 7"),
            "organs.rest.pH",
            "no pKa is stated",
        ),
        (model("schmitt", {}).replace("fup = 0.2", "fup = 1.2"), "drug.fup", "1.2"),
    ],
)
def test_chemistry_that_is_incomplete_is_refused(text: str, where: str, what: str) -> None:
    found = [i for i in check_model(parse_model(text)) if i.severity == "error"]
    assert any(i.where == where and what in i.what for i in found), found
