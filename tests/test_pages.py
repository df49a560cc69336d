"""Every example of every page: files are read and checked, Python runs, commands exist."""

import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.statements import parse_statements
from pkqsp_bayes.fitting.results.store import STUDY_FILE, write_tree
from pkqsp_bayes.library import path as library_path
from pkqsp_bayes.ode.qsp.embed import TEMPLATES
from pkqsp_bayes.spec.causal_claim import parse_causal
from pkqsp_bayes.spec.prior_table import parse_priors
from pkqsp_bayes.spec.reading.documents import format_document
from pkqsp_bayes.spec.reading.toml import parse_model
from pkqsp_bayes.study.write import write_study
from tests.commands import options_of
from tests.fits import theophylline_fit
from tests.pages import DOCS, PAGES, Block, blocks_of, page_name

ROOT = DOCS.parent
READERS = {"priors": parse_priors, "statements": parse_statements, "claim": parse_causal}
WITH_FILES = [page for page in PAGES if any(blocks_of(page, "toml"))]
WITH_PYTHON = [page for page in PAGES if any(blocks_of(page, "python"))]
WITH_SHELL = [page for page in PAGES if any(blocks_of(page, "sh"))]


SLOW = {"files.md", "howto/ddi.md", "howto/priors_mechanism.md", "howto/tmdd.md"}
"""Pages whose Python takes long: a report, a virtual population, kernels of their own."""


def marked(page: Path) -> object:
    marks = [pytest.mark.slow] if page_name(page) in SLOW else []
    return pytest.param(page, marks=marks, id=page_name(page))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the study of theophylline, and a fit to it that is made by hand."""
    made = tmp_path_factory.mktemp("pages")
    (made / "fit").mkdir()
    study = pq.load_dataset("theophylline")
    write_tree(made / "fit", theophylline_fit(study), "netcdf")
    write_study(study, made / "fit" / STUDY_FILE)
    shutil.copy(made / "fit" / STUDY_FILE, made / "study.csv")
    return made


def read_file(block: Block) -> None:
    """Read a TOML block as the file that its title names; a model is checked, too."""
    kind = re.split(r"\W|_", block.title)[0]
    if kind in READERS:
        READERS[kind](block.text, where=block.title)
        return
    text = added(block) if block.base else block.text
    errors = [i for i in pq.check(parse_model(text, where=block.title)) if i.severity == "error"]
    assert errors == []


def added(block: Block) -> str:
    """Return a library model with the tables of a block, which replace its own."""
    document = tomllib.loads(library_path(block.base).read_text())
    for name, value in tomllib.loads(block.text).items():
        old = document.get(name)
        is_table = isinstance(value, dict) and isinstance(old, dict) and name != "equations"
        document[name] = {**old, **value} if is_table else value
    return format_document(document)


@pytest.mark.parametrize("page", WITH_FILES, ids=page_name)
def test_files_are_read_and_checked(page: Path) -> None:
    for block in blocks_of(page, "toml"):
        assert tomllib.loads(block.text)
        if not block.reason:
            read_file(block)


@pytest.mark.parametrize("page", [marked(page) for page in WITH_PYTHON])
def test_python_runs(
    page: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    for block in blocks_of(page, "toml", "csv", "python"):
        if block.title:
            (tmp_path / block.title).write_text(block.text)
        elif block.language == "python":
            compiled = compile(block.text, page_name(page), "exec")
            if not block.reason:
                exec(compiled, scope)  # our own text, not a user's


def commands_of(page: Path) -> list[str]:
    text = "\n".join(block.text for block in blocks_of(page, "sh")).replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("page", WITH_SHELL, ids=page_name)
def test_commands_exist_with_their_options(page: Path) -> None:
    for line in commands_of(page):
        words = shlex.split(line, comments=True)
        if words[0].rpartition("/")[2] == "pkqsp":
            name = " ".join(words[1:3]) if words[1] == "bench" else words[1]
            options = {word.partition("=")[0] for word in words[2:] if re.match("--?[a-z]", word)}
            assert options <= options_of(name) | {"--help"}, line
        elif words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_a_block_that_is_not_run_has_a_reason(page: Path) -> None:
    """So a comment above a block is spelled as the tests read it."""
    text = page.read_text()
    above = re.findall(r"^[ \t]*<!-- ([^\n]*) -->\n[ \t]*```\w", text, re.MULTILINE)
    assert all(re.match(r"(not run: [a-z].{10,}|added to: [\w-]+)$", one) for one in above)


def test_the_search_finds_blocks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('<!-- not run: it takes long -->\n```toml title="a.toml"\nx = 1\n```\n')
    (block,) = blocks_of(page, "toml")
    assert (block.title, block.reason, block.text) == ("a.toml", "it takes long", "x = 1\n")


def test_templates_are_on_the_page_of_the_model_file() -> None:
    page = (DOCS / "model_file.md").read_text()
    for name in TEMPLATES:
        assert f"| `{name}` |" in page
