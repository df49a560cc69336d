"""The code blocks of the README run."""

import re
from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.statements import parse_statements
from pkqsp_bayes.spec.reading.toml import parse_model

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_model_file_passes_every_check() -> None:
    text = blocks("toml")[0]
    assert pq.check(parse_model(text, where="README.md")) == []


def test_the_body_of_the_library_passes_every_check() -> None:
    text = next(block for block in blocks("toml") if "icrp89" in block)
    assert pq.check(parse_model(text, where="README.md")) == []


def test_the_statements_can_be_read() -> None:
    text = next(block for block in blocks("toml") if "[[quantiles]]" in block)
    said = parse_statements(text, where="README.md")
    assert (len(said.quantiles), len(said.predictive), len(said.mechanism)) == (1, 1, 1)


def test_the_simulation_runs() -> None:
    code = next(block for block in blocks("python") if "pq.simulate" in block)
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)  # our own text, not a user's
    assert float(scope["result"].cp.max()) > 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", sorted(re.findall(r"`([a-z-]+)`", README.split("The library has")[1].split("each")[0]))
)
def test_library_models_that_it_names_are_there(name: str) -> None:
    assert pq.load_model(name).source
