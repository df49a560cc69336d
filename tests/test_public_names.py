"""The public names: one stub file, the same names in the package and on the API page."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import pkqsp_bayes as pq

ROOT = Path(__file__).parent.parent
STUB = ROOT / "pkqsp_bayes" / "__init__.pyi"
API = (ROOT / "docs" / "api.md").read_text()


def stub_imports() -> list[ast.ImportFrom]:
    body = ast.parse(STUB.read_text()).body
    assert all(isinstance(node, ast.ImportFrom) for node in body)
    return typing.cast("list[ast.ImportFrom]", body)


def stub_names() -> list[str]:
    return [alias.name for node in stub_imports() for alias in node.names]


def stub_groups() -> dict[str, set[str]]:
    """Return the names by the comment above them."""
    parts = re.split(r"^# (.+)\n(?=from)", STUB.read_text(), flags=re.MULTILINE)[1:]
    return {
        title: set(re.findall(r"(\w+) as \1", text))
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def api_groups() -> dict[str, set[str]]:
    parts = re.split(r"^## (.+)\n", API, flags=re.MULTILINE)[1:]
    named = {
        title: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }
    return {title: names for title, names in named.items() if names}


def test_the_stub_and_the_package_have_the_same_names() -> None:
    names = stub_names()
    assert len(names) == len(set(names))
    assert set(names) == set(pq.__all__) == set(dir(pq))


def test_the_api_page_has_the_groups_of_the_stub() -> None:
    groups = stub_groups()
    assert set.union(*groups.values()) == set(stub_names()) - {"__version__"}
    assert {k: v for k, v in groups.items() if v} == api_groups()


@pytest.mark.parametrize("node", stub_imports(), ids=lambda node: node.module)
def test_each_name_is_public_for_checkers_and_is_there(node: ast.ImportFrom) -> None:
    module = importlib.import_module(f"pkqsp_bayes.{node.module}")
    for alias in node.names:
        assert alias.asname == alias.name
        assert getattr(pq, alias.name) is getattr(module, alias.name)


@pytest.mark.parametrize("name", sorted(set(pq.__all__) - {"__version__", "datasets"}))
def test_public_names_are_typed_and_documented(name: str) -> None:
    thing = getattr(pq, name)
    assert inspect.getdoc(thing)
    if inspect.isfunction(thing):
        signature = inspect.signature(thing)
        stated = [p.annotation for p in signature.parameters.values()]
        stated.append(signature.return_annotation)
        assert not {inspect.Parameter.empty, typing.Any} & {s for s in stated if _hashable(s)}


def _hashable(thing: object) -> bool:
    try:
        hash(thing)
    except TypeError:
        return False
    return True


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = pq.nonsense  # type: ignore[attr-defined]


def test_an_unknown_name_is_an_error_of_a_checker(tmp_path: Path) -> None:
    """What the stub imports is skipped, which makes it quick; the names are those of the stub."""
    pytest.importorskip("mypy")
    (tmp_path / "use.py").write_text("import pkqsp_bayes as pq\npq.nonsense\npq.fit\npq.check\n")
    command = [sys.executable, "-m", "mypy", "--follow-imports=skip", "--no-incremental"]
    command += ["--config-file=", str(STUB), "use.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 'use.py:2: error: Module has no attribute "nonsense"' in found.stdout, found.stderr
    assert found.stdout.count("error:") == 1
    assert (STUB.parent / "py.typed").exists()
