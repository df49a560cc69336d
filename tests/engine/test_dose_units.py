"""AMT from the header to the state: every pair of units is right, or refused with a remedy."""

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec import parse_model
from pkqsp_bayes.spec.quantity import Quantity

MW = 500.0
V = 5.0
AMOUNT = 100.0

# From first principles: grams or moles of one unit.
GRAMS = {"kg": 1e3, "g": 1.0, "mg": 1e-3, "ug": 1e-6, "ng": 1e-9}
MOLES = {"mol": 1.0, "mmol": 1e-3, "umol": 1e-6, "nmol": 1e-9}

HEADERS = (None, "mg", "g", "ng", "umol", "mmol", "mg/L", "IU")
DOSES = (None, "mg", "ug", "umol", "mol", "IU")
STATES = (None, "mg", "ug", "umol", "nmol", "mg/L")
AMOUNTS = ("mg", "umol")

# Drug in one unit of the state, by (unit of the state, unit of amounts); V is in L, MW in g/mol.
CONTENT = {
    (None, "mg"): "1", ("mg", "mg"): "1", ("ug", "mg"): "1 / 1000", ("umol", "mg"): "MW / 1000",
    ("nmol", "mg"): "MW / 1000000", ("mg/L", "mg"): "V", (None, "umol"): "1",
    ("mg", "umol"): "1000 / MW", ("ug", "umol"): "1 / MW", ("umol", "umol"): "1",
    ("nmol", "umol"): "1 / 1000", ("mg/L", "umol"): "1000 * V / MW",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A dose and its state."""

    dose: str | None
    state: str | None
    drug: bool

    def is_possible(self, amount: str, molar_mass: bool) -> bool:
        """Whether the model can be written: a content with MW needs MW."""
        return not self.drug or molar_mass or "MW" not in CONTENT[self.state, amount]


CELLS = [Cell(*cell) for cell in itertools.product(DOSES, STATES, (False, True))]


def model_of(cells: list[Cell], amount: str, molar_mass: bool) -> pq.ModelSpec:
    """One state and one dose for each cell."""
    drug = {f"A{i}": CONTENT[c.state, amount] for i, c in enumerate(cells) if c.drug}
    lines = [f'title = "doses"\namount_unit = "{amount}"']
    if molar_mass:
        lines.append(f'[drug]\nname = "x"\nMW = {MW}')
    lines.append("[equations]\ntext = '''")
    lines += [f"d(A{i})/dt = -k * A{i}" for i in range(len(cells))]
    lines.append("'''")
    units = {f"A{i}": c.state for i, c in enumerate(cells) if c.state}
    lines.append("units = { " + ", ".join(f'{n} = "{u}"' for n, u in units.items()) + " }")
    if drug:
        lines.append("drug = { " + ", ".join(f'{n} = "{t}"' for n, t in drug.items()) + " }")
        gone = " + ".join(f"k * A{n[1:]} * ({t})" for n, t in drug.items())
        lines.append(f'eliminated = "{gone}"')
    for i, c in enumerate(cells):
        lines.append(f'[dose.d{i}]\nto = "A{i}"' + (f'\nunit = "{c.dose}"' if c.dose else ""))
    lines.append('[population]\nk = { typical = 0.1, unit = "1/h" }')
    lines.append(f'[parameters]\nV = {{ value = {V}, unit = "L" }}')
    lines += [f'[observe.o{i}]\nvalue = "A{i}"' for i in range(len(cells))]
    return parse_model("\n".join(lines))


def study_of(places: list[int], header: str | None) -> pq.Study:
    rows = [(0.0, 1, f"d{i}", AMOUNT) for i in places] + [(0.0, 0, "", 0.0)]
    frame = pd.DataFrame(rows, columns=["TIME", "EVID", "CMT", "AMT"]).assign(ID="1")
    return pq.study_from_frame(frame, units={} if header is None else {"AMT": header})


def convert(value: float, source: str, target: str, molar_mass: bool) -> float | None:
    """The oracle; None where no amount is meant, or mass and moles meet without MW."""
    kinds = [unit in GRAMS for unit in (source, target)]
    if not all(unit in GRAMS or unit in MOLES for unit in (source, target)):
        return value if source == target else None
    if kinds[0] != kinds[1] and not molar_mass:
        return None
    grams = value * GRAMS[source] if kinds[0] else value * MOLES[source] * MW
    moles = grams / MW if kinds[0] != kinds[1] or not kinds[1] else None
    if kinds[1]:
        return grams / GRAMS[target]
    exact = value * MOLES[source] if not kinds[0] else moles
    assert exact is not None
    return exact / MOLES[target]


def expected(cell: Cell, header: str | None, amount: str, molar_mass: bool) -> float | None:
    """What the state holds just after the dose; None where it must be refused."""
    given = header or cell.dose or amount
    if cell.state == "mg/L":
        mass = convert(AMOUNT, given, "mg", molar_mass)
        return None if mass is None or not cell.drug else mass / V
    return convert(AMOUNT, given, cell.state or amount, molar_mass)


def accepted(amount: str, molar_mass: bool) -> Iterator[Cell]:
    for cell in CELLS:
        if cell.is_possible(amount, molar_mass):
            try:
                compile_model(model_of([cell], amount, molar_mass))
            except pq.CheckError as error:
                check_remedies(error)
                continue
            yield cell


def check_remedies(error: pq.CheckError) -> None:
    assert all(issue.remedy for issue in error.issues)


def good_places(model: pq.ModelSpec, cells: list[Cell], header: str | None) -> list[int]:
    """The cells that take the header; all refusals are reported together with their remedies."""
    every = list(range(len(cells)))
    try:
        subject_timelines(compile_model(model), study_of(every, header))
    except pq.CheckError as error:
        check_remedies(error)
        refused = {int(issue.where.rpartition("dose d")[2]) for issue in error.issues}
        return [i for i in every if i not in refused]
    return every


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("molar_mass", [True, False])
def test_every_cell_is_right_or_refused(amount: str, molar_mass: bool) -> None:
    """What enters the state: the amount on the timeline times the factor of the dose."""
    cells = list(accepted(amount, molar_mass))
    model = model_of(cells, amount, molar_mass)
    compiled, right = compile_model(model), 0
    numbers = {symbol("MW"): MW, symbol("V"): V}
    factors = {d.name: float(d.factor.xreplace(numbers)) for d in compiled.system.doses}
    for header in HEADERS:
        good = good_places(model, cells, header)
        line = subject_timelines(compiled, study_of(good, header))[0]
        for place, i in enumerate(good):
            wanted = expected(cells[i], header, amount, molar_mass)
            assert wanted is not None, (cells[i], header)
            found = line.amount[place] * factors[f"d{i}"]
            assert found == pytest.approx(wanted, rel=1e-9), (cells[i], header)
            right += 1
        if molar_mass and header in (None, "mg", "g", "ng", "umol", "mmol"):
            # With the molar mass nothing that is an amount need be refused.
            assert {i for i, c in enumerate(cells) if c.dose != "IU"} <= set(good)
    assert right > (150 if molar_mass else 60)


def check_simulation(amount: str, molar_mass: bool, every: int) -> None:
    cells = list(accepted(amount, molar_mass))[::every]
    model = model_of(cells, amount, molar_mass)
    for header in HEADERS:
        good = good_places(model, cells, header)
        result = pq.simulate(model, study_of(good, header)) if good else None
        for i in good:
            assert result is not None
            wanted = expected(cells[i], header, amount, molar_mass)
            assert float(result[f"o{i}"][-1]) == pytest.approx(wanted, rel=1e-9), cells[i]


def test_cells_through_the_simulator() -> None:
    check_simulation("mg", molar_mass=True, every=9)


@pytest.mark.slow
@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("molar_mass", [True, False])
def test_every_cell_through_the_simulator(amount: str, molar_mass: bool) -> None:
    check_simulation(amount, molar_mass, every=1)


def test_a_molar_mass_refuses_no_amount() -> None:
    for amount in AMOUNTS:
        cells = set(accepted(amount, molar_mass=True))
        amounts = {c for c in CELLS if c.dose != "IU" and (c.drug or c.state != "mg/L")}
        assert amounts <= cells


@pytest.mark.parametrize(
    ("header", "remedy"),
    [("umol", 'amount_unit = "umol"'), ("umol", "drug.MW"), ("mg/L", "correct the unit of AMT")],
)
def test_remedies_are_named(header: str, remedy: str) -> None:
    model = model_of([Cell(None, "mg", False)], "mg", molar_mass=False)
    with pytest.raises(pq.CheckError) as caught:
        subject_timelines(compile_model(model), study_of([0], header))
    assert remedy in caught.value.issues[0].remedy


@pytest.mark.parametrize(
    ("units", "rate", "interval"),
    [
        ({"AMT": "mg", "RATE": "ug/min", "II": "day"}, 100.0, 24.0),  # 6 mg/h, 500 g/mol
        ({"AMT": "mg", "RATE": "umol/h"}, 100.0, 1.0),
        ({"AMT": "mg"}, 200.0, 1.0),
        ({"TIME": "min"}, 6000.0, 1 / 60),
        ({"AMT": "g", "TIME": "day"}, 100 * 2000 / 24, 24.0),
        ({"RATE": "mg/h"}, 200.0, 1.0),
    ],
)
def test_rates_and_intervals_have_units_of_their_own(
    units: dict[str, str], rate: float, interval: float
) -> None:
    """In the unit of the dose (umol) and the model's hours; a row states RATE = 100, II = 1."""
    if units.get("RATE") == "ug/min":
        rate = 100 * 1e-6 * 60 / MW * 1e6
    model = model_of([Cell("umol", "umol", False)], "mg", molar_mass=True)
    frame = pd.DataFrame(
        {"ID": 1, "TIME": [0.0, 1.0], "AMT": [100.0, 0], "RATE": [100.0, 0], "II": [1.0, 0],
         "ADDL": [1, 0], "EVID": [1, 0], "CMT": "d0"}
    )  # fmt: skip
    line = subject_timelines(compile_model(model), pq.study_from_frame(frame, units=units))[0]
    assert line.rate[0] == pytest.approx(rate)
    assert line.interval[0] == pytest.approx(interval)


def test_codes_in_rate_are_not_converted() -> None:
    model = model_of([Cell("umol", "umol", False)], "mg", molar_mass=True)
    modelled = dataclasses.replace(
        model.dose["d0"], rate=Quantity(value=1.0), duration=Quantity(value=1.0)
    )
    model = dataclasses.replace(model, dose={"d0": modelled})
    frame = pd.DataFrame({"ID": 1, "TIME": [0.0, 0, 1], "AMT": [10.0, 10, 0], "RATE": [-1, -2, 0],
                          "EVID": [1, 1, 0], "CMT": "d0"})  # fmt: skip
    study = pq.study_from_frame(frame, units={"AMT": "mg", "RATE": "mg/h"})
    line = subject_timelines(compile_model(model), study)[0]
    np.testing.assert_array_equal(line.rate, [-1, -2, 0])
    np.testing.assert_allclose(line.amount, [20, 20, 0])
