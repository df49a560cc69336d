"""The wheel that the repository builds works when it is installed elsewhere."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_CHECK = """
import json, pathlib
import pkqsp_bayes
from pkqsp_bayes.assets import stan_folder
from pkqsp_bayes.engine.toolchain import locate_stan
package = pathlib.Path(pkqsp_bayes.__file__).parent
print(json.dumps([str(package), str(stan_folder()), locate_stan().path.name]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


def test_it_carries_sources_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"pkqsp_bayes/__init__.pyi", "pkqsp_bayes/py.typed"} <= names
    assert "pkqsp_bayes/_stan/cpp/driver/main.cpp" in names
    assert "pkqsp_bayes/_stan/cpp/cmdstan/makefile" in names
    assert "pkqsp_bayes/_data/theophylline/study.csv" in names
    assert "pkqsp_bayes/_data/quinidine/PROVENANCE.md" in names
    assert "pkqsp_bayes/_data/tutorial/study.csv" in names
    assert not [n for n in names if n.startswith(("tests/", "stan/", "data/", "examples/"))]


def test_it_has_no_case_studies_and_no_demo(wheel: Path) -> None:
    """They belong to the repository and are not part of the installed package."""
    names = zipfile.ZipFile(wheel).namelist()
    assert not [n for n in names if "case" in Path(n).name or Path(n).name == "demo.py"]
    assert not [n for n in names if n.endswith("published.csv")]
    assert not [n for n in names if "reports/" in n or "conftest" in n]


def test_it_works_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """Compiles and samples from the wheel's own files; the dependencies are this environment's."""
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(site), str(wheel)], check=True)
    environment = os.environ | {"PYTHONPATH": str(site)}
    environment.pop("CMDSTAN", None)
    run = {"cwd": tmp_path, "env": environment, "check": True, "capture_output": True, "text": True}
    shown = subprocess.run([sys.executable, "-c", _CHECK], **run).stdout  # type: ignore[call-overload]
    assert str(site / "pkqsp_bayes" / "_stan") in shown
    command = [sys.executable, "-m", "pkqsp_bayes.cli", "doctor", "--compile", "--json"]
    proof = subprocess.run(command, **run).stdout  # type: ignore[call-overload]
    assert "posterior mean right" in proof
