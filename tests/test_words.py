"""Texts and names of the package use the terms of the field, in plain English."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.banned_words import NAMES, TITLES, find_banned

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "pkqsp_bayes"


def find_files(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


GENERATED = re.compile(r"^\s*//", re.MULTILINE)
"""A comment of a generated program: its text is part of the program, which golden files hold."""

MODULES = find_files("pkqsp_bayes/**/*.py")
PAGES = find_files("docs/**/*.md", "README.md", "data/README*", "stan/cpp/*/README.md")
TEMPLATES = find_files("pkqsp_bayes/**/*.jinja", "pkqsp_bayes/**/*.html", "pkqsp_bayes/**/*.toml")
CPP = find_files("stan/cpp/**/*.hpp", "stan/cpp/**/*.cpp")


def show_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings (docstrings, messages, help) and comments of a module, with their lines.

    Texts of generated programs are left out.
    """
    source = path.read_text()
    for node in ast.walk(ast.parse(source)):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and " " in text and not GENERATED.search(text):
            yield node.lineno, text
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def read_docstrings(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield getattr(node, "name", "module"), ast.get_docstring(node) or ""


def read_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@pytest.mark.parametrize("path", MODULES, ids=show_name)
def test_texts_of_modules_are_plain(path: Path) -> None:
    found = [f"line {line}: {one}" for line, text in read_texts(path) for one in find_banned(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", MODULES, ids=show_name)
def test_docstrings_begin_with_a_noun_or_a_verb(path: Path) -> None:
    found = [name for name, text in read_docstrings(path) if re.match(TITLES, text)]
    assert not found


@pytest.mark.parametrize("path", MODULES, ids=show_name)
def test_names_are_of_the_field(path: Path) -> None:
    parts = {part.lower() for name in read_names(path) for part in name.split("_")}
    assert not {part: NAMES[part] for part in parts & set(NAMES)}


@pytest.mark.parametrize("path", [*PAGES, *TEMPLATES], ids=show_name)
def test_pages_are_plain(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    found = [one for line in text.split("\n\n") for one in find_banned(line)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", CPP, ids=show_name)
def test_comments_of_cpp_are_plain(path: Path) -> None:
    text = path.read_text()
    comments = re.findall(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]* [^\"\n]*\"", text, re.DOTALL)
    found = [one for comment in comments for one in find_banned(comment)]
    assert not found, "\n".join(found)


def test_the_search_finds_and_excepts() -> None:
    assert find_banned("Nobody knows, whatever it is")
    assert find_banned("one a subject") == ["'one a subject': one per ..."]
    assert not find_banned("a power law of the reference person, `told`, there is no model")
