"""The reference of the files has every key of every record, with what a user needs."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes import spec
from pkqsp_bayes.elicit import statements
from pkqsp_bayes.file_reference.files import FILES, example_paths
from pkqsp_bayes.file_reference.find_examples import key_example, table_example
from pkqsp_bayes.file_reference.tables import Key, Table, list_tables
from pkqsp_bayes.file_reference.text import families_markdown, reference_markdown
from pkqsp_bayes.spec.priors.prior_grammar import FAMILIES, parse_prior
from pkqsp_bayes.spec.reading.shorthand import converter
from tests.test_cli import pkqsp

VALUES = {"Quantity", "PriorSpec"}
"""Records that a file writes as one value: their page is the introduction of the reference."""

OTHERS = {"PriorEntry", "PriorTable", "Provenance", "Quantity"}
"""Records of files whose names do not end in ``Spec``."""

NOT_WRITTEN = {("PriorSpec", "text")}
OTHER_NAMES = {("PopulationSpec", "parameters"): "<name>", ("OmegaSpec", "scales"): "<name>"}


def records() -> Iterator[type]:
    """Yield the records of `spec` that a file states, and those of statements."""
    found = [info.name for info in pkgutil.walk_packages(spec.__path__, "pkqsp_bayes.spec.")]
    for name in [*found, statements.__name__]:
        for thing in vars(importlib.import_module(name)).values():
            is_own = inspect.isclass(thing) and thing.__module__ == name
            if is_own and dataclasses.is_dataclass(thing) and _is_stated(thing):
                yield thing


def _is_stated(record: type) -> bool:
    name = record.__name__
    return name.endswith("Spec") or name in OTHERS or record.__module__ == statements.__name__


def rows() -> list[tuple[str, Table, Key]]:
    return [
        (f, t, k) for f, kind in FILES.items() for t in list_tables(kind.record) for k in t.keys
    ]


def test_every_field_of_every_record_is_a_key() -> None:
    found = {(t.record.__name__, k.name) for _, t, k in rows()}
    wanted = {
        (record.__name__, OTHER_NAMES.get((record.__name__, f.name), f.name))
        for record in records()
        if record.__name__ not in VALUES
        for f in dataclasses.fields(record)
    }
    assert len(wanted) > 150
    assert wanted - NOT_WRITTEN <= found
    assert found - wanted == {("ObservationSpec", "unit"), ("BodySpec", "covariates")}


@pytest.mark.parametrize(
    ("file", "table", "key"),
    rows(),
    ids=lambda one: getattr(one, "path", getattr(one, "name", one)),
)
def test_each_key_has_meaning_and_example(file: str, table: Table, key: Key) -> None:
    assert key.meaning.endswith("."), "state it in the docstring"
    example = key_example(file, table, key)
    assert example, "use the key in a file of pkqsp_bayes/file_reference/examples"
    (name,) = tomllib.loads(example)
    assert key.name in (name, "<name>")
    if "quantity" in key.kind:
        assert key.unit, f"state the unit in brackets: {key.name} : Quantity [L/time]"


@pytest.mark.parametrize("file", FILES)
def test_examples_are_read(file: str) -> None:
    """So a key in an example is one that the file may have, with a value that it may have."""
    for path in example_paths(file):
        assert FILES[file].parse(path.read_text(), where=path.name)


OWN = [path for path in example_paths("model") if path.parent.name == "examples"]


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_example_models_pass_every_check(path: Path) -> None:
    assert pq.check(path) == []


def test_each_table_example_is_toml_with_its_header() -> None:
    for file, kind in FILES.items():
        for table in list_tables(kind.record):
            if table.path:
                assert tomllib.loads(table_example(file, table)), table.path


def test_defaults_are_those_of_the_records() -> None:
    """Against a file that states nothing but what is required."""
    keys = {(t.path, k.name): k.default for f, t, k in rows() if f == "model"}
    empty = spec.parse_model('title = "x"')
    assert keys["", "time_unit"] == f'"{empty.time_unit}"'
    assert keys["", "title"] == "required"
    dosed = spec.DoseSpec(to="x")
    assert {
        keys["dose.<name>", f.name]
        for f in dataclasses.fields(dosed)
        if getattr(dosed, f.name) is None
    } == {""}
    antibody = keys["antibody", "available"]
    assert converter().structure(float(antibody), spec.Quantity).value == 0.8
    assert keys["population.omega", "lkj"] == "2.0"


@pytest.mark.parametrize(
    ("path", "name", "allowed"),
    [("organs.<name>", "model", {"perfusion", "permeability"}),
     ("link", "mode", {"replace", "multiply"}),
     ("population.<name>", "iov", {"boxcox", "logitnormal", "lognormal", "normal"})],
)  # fmt: skip
def test_allowed_values(path: str, name: str, allowed: set[str]) -> None:
    (key,) = [k for f, t, k in rows() if (f, t.path, k.name) == ("model", path, name)]
    assert set(key.allowed) == allowed


def test_a_page_has_every_table_and_key() -> None:
    page = reference_markdown("model")
    for table in list_tables(FILES["model"].record):
        assert f"`{table.header}`" in page
        title = f"# `{table.header}` {{" if table.path else "# Top level of the model file {"
        section = page.split(title)[1].split("\n## ")[0]
        assert all(f"`{key.name}`" in section for key in table.keys)
    targets = set(re.findall(r"\]\(#([\w-]+)\)", page))
    assert targets <= set(re.findall(r"\{ #([\w-]+) \}", page))


def test_families_are_those_of_the_grammar() -> None:
    page = families_markdown()
    assert len(page.splitlines()) == len(FAMILIES) + 2
    numbers = {"uniform": "uniform(1, 2)", "lognormal": "lognormal(0, 1)"}
    for name, text in numbers.items():
        assert f"| `{name}(" in page
        assert parse_prior(text).family == name


def test_the_public_table() -> None:
    keys = pq.file_keys("priors").set_index(["table", "key"])
    assert keys.loc[("[priors.<name>]", "prior"), "default"] == "required"
    with pytest.raises(pq.CheckError, match="causal"):
        pq.file_keys("nonsense")


def test_the_command(tmp_path: Path) -> None:
    code, text = pkqsp("keys")
    assert code == 0
    assert "[organs.<name>]" in text
    code, text = pkqsp("keys", "population.omega")
    assert code == 0
    assert "lkj  (number; default 2.0)" in text
    code, text = pkqsp("keys", "--file", "statements", "chips")
    assert "edges" in text
    code, text = pkqsp("keys", "organ")
    assert (code, "did you mean organs?" in text) == (2, True)
    code, text = pkqsp("keys", "xyzzy")
    assert text.count(" population,") == 1
    for name in ("credibility", "[report]"):
        code, text = pkqsp("keys", name)
        assert (code, "--file causal" in text, "did you mean" in text) == (2, True, False)
    code, text = pkqsp("keys", "-o", tmp_path / "keys.csv")
    assert code == 0
    assert "fraction_interstitial" in (tmp_path / "keys.csv").read_text()
