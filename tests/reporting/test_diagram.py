"""Diagrams: every organ is there, every text is legible, flows are those of the equations."""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.ode.flows import find_graph
from pkqsp_bayes.reporting.describe_model import describe_model
from pkqsp_bayes.reporting.diagram import draw_diagram

MODELS = ["theophylline", "mavoglurant", "permeability-limited", "myelosuppression",
          "two-compartment", "tmdd-antibody"]  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=MODELS)
def compiled(request: pytest.FixtureRequest) -> CompiledModel:
    return compile_model(pq.load_model(request.param))


def test_organs_or_states_are_there_and_legible(compiled: CompiledModel) -> None:
    drawn = ET.fromstring(draw_diagram(compiled))
    texts = list(drawn.iter(f"{SVG}text"))
    wanted = list(compiled.spec.organs) or [s.name for s in compiled.system.states]
    assert {text.text for text in texts} >= set(wanted)
    assert min(float(text.attrib["font-size"]) for text in texts) >= 7


def test_nothing_is_outside(compiled: CompiledModel) -> None:
    drawn = ET.fromstring(draw_diagram(compiled))
    width, height = map(float, drawn.attrib["viewBox"].split()[2:])
    boxes = [[float(r.attrib[k]) for k in ("x", "y", "width", "height")]
             for r in drawn.iter(f"{SVG}rect")]  # fmt: skip
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    paths = " ".join(p.attrib["d"] for p in drawn.iter(f"{SVG}path"))
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", paths)]
    assert min(numbers) >= 0
    assert max(numbers[::2]) <= width


def test_words_say_what_varies(compiled: CompiledModel) -> None:
    told = dict(describe_model(compiled))
    varying = [n for n, p in compiled.spec.population.parameters.items() if p.iiv]
    assert all(name in told["Random effects"] for name in varying)
    assert str(len(compiled.ode.states)) in told["Size"]


def test_flows_of_two_compartments_go_both_ways() -> None:
    system = compile_model(pq.load_model("two-compartment")).system
    found = {(f.source, f.target) for f in find_graph(system).flows}
    assert {("central", "peripheral"), ("peripheral", "central"), ("central", None)} <= found


def test_cells_mature_along_the_chain_and_feed_back() -> None:
    system = compile_model(pq.load_model("myelosuppression")).system
    graph = find_graph(system)
    chain = [f"marrow.{name}" for name in ("Prol", "T1", "T2", "T3", "Circ")]
    found = {(f.source, f.target) for f in graph.flows}
    assert set(itertools.pairwise(chain)) <= found
    assert {("marrow.Circ", "marrow.Prol"), ("central", "marrow.Prol")} <= set(graph.influences)
