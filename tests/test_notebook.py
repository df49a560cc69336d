"""What a notebook shows: small tables, in which names of users do no harm."""

import dataclasses
from html.parser import HTMLParser

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.notebook import html_table, is_in_notebook
from pkqsp_bayes.spec.reading.toml import parse_model

HOSTILE = "<script>alert('x')</script>&\""
MODEL = """
title = "<script>alert(1)</script>"
[parameters]
V = { value = 10, unit = "L" }
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
[dose.iv]
to = "A"
[population]
CL = { typical = "lognormal(log(2), 0.3)", unit = "L/h", iiv = "lognormal" }
[observe.cp]
value = "A / V"
unit = "mg/L"
error = "additive"
"""


class Cells(HTMLParser):
    """The tags of a text, and what its cells say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def shown(thing: object) -> Cells:
    found = Cells(thing._repr_html_())  # type: ignore[attr-defined]
    assert found.tags <= {"p", "b", "table", "tr", "th", "td"}
    return found


def test_a_table_escapes_caption_head_cells_and_notes() -> None:
    found = Cells(html_table(HOSTILE, [HOSTILE], [[HOSTILE]], HOSTILE))
    assert found.tags == {"p", "b", "table", "tr", "th", "td"}
    assert found.words == [HOSTILE] * 4


def test_a_model() -> None:
    found = shown(parse_model(MODEL))
    assert found.words[0] == "<script>alert(1)</script>"
    for word in ("CL", "lognormal(log(2), 0.3)", "L/h", "Endpoints: cp"):
        assert word in found.words


def test_a_study() -> None:
    study = pq.load_dataset("theophylline")
    named = dataclasses.replace(study, source=HOSTILE, units={"WT": HOSTILE})
    words = shown(named).words
    assert words[0] == HOSTILE
    assert f"WT: {HOSTILE}" in words
    table = study.table
    counts = (12, (table.EVID == 1).sum(), ((table.EVID == 0) & (table.MDV == 0)).sum())
    for name, count in zip(("subjects", "doses", "observations"), counts, strict=True):
        assert words[words.index(name) + 1] == str(count)


def test_issues() -> None:
    one = pq.Issue(where=HOSTILE, what=HOSTILE, remedy=HOSTILE)
    words = shown(pq.Issues([one])).words
    assert words[0] == "1 issue"
    assert words.count(HOSTILE) == 3
    assert shown(pq.Issues()).words == ["no issues"]
    assert isinstance(pq.check("one-compartment"), pq.Issues)


def test_identifiability_and_a_budget(budget: "object", ladder: pq.Identifiability) -> None:
    words = shown(ladder).words
    assert words[0] == "Identifiability"
    assert {"CL", "omega[CL]", "verdict", "rse (%)"} <= set(words)
    failed = dataclasses.replace(ladder.structural, problem=HOSTILE)
    assert HOSTILE in shown(dataclasses.replace(ladder, structural=failed)).words
    hostile = ladder.table.rename(index={"CL": HOSTILE})
    assert HOSTILE in shown(dataclasses.replace(ladder, table=hostile, label=HOSTILE)).words
    table = pq.budget_table(budget)  # type: ignore[arg-type]
    assert "<script>" not in table.rename(index={"natural": HOSTILE}).to_html()


@pytest.fixture(scope="module")
def ladder() -> pq.Identifiability:
    design = pq.regimen(pq.Dose(amount=100, to="iv"), [1.0, 4.0, 9.0], subjects=4)
    return pq.identifiability(parse_model(MODEL), design, starts=0)


@pytest.fixture(scope="module")
def budget() -> object:
    import numpy as np

    from tests.analysis.posteriors import hand_made

    draws = {"CL": 2 * np.exp(0.1 * np.random.default_rng(1).normal(size=40))}
    fit = hand_made(MODEL, draws, omega={"CL": 0.2}, sigma={"cp": 0.1})
    return pq.variance_budget(
        fit, output="cp", times=[1.0, 2.0], regimen=pq.Dose(amount=100, to="iv"), outer=10, inner=10
    )


def test_it_is_not_in_a_notebook_here() -> None:
    assert not is_in_notebook()
