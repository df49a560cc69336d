"""Caches with special characters in the name: programs are compiled elsewhere, or refused."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.cached_text import cache_folder
from pkqsp_bayes.engine.plain_paths import is_plain, make_plain_link, use_plain_folder
from pkqsp_bayes.engine.toolchain import find_stan
from pkqsp_bayes.errors import ToolchainError
from tests.engine.test_compile import HEADER, PROGRAM

ODD = ["a b", "é", "it's", 'say "x"', "$HOME", "#1", "a:b", "a;b", "a&b", "(a)", "a,b", "100%",
       "*", "~", "=", "\\", "日本", "!", "`x`", "{a}", "<a>", "|"]  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_compiled_under_plain_ones(name: str, tmp_path: Path) -> None:
    odd = tmp_path / name
    odd.mkdir()
    assert is_plain(tmp_path)
    assert not is_plain(odd)
    with use_plain_folder(odd) as work:
        assert is_plain(work)
        (work / "made").write_text("x")
        link = make_plain_link(odd, work)
        assert is_plain(link)
        assert link.resolve() == odd
    assert [path.name for path in odd.iterdir()] == ["made"]
    assert not work.exists()
    with use_plain_folder(tmp_path) as same:
        assert same == tmp_path


def test_a_name_that_is_not_text_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("/tmp/a\nb", "/tmp/\x1b[31m", "/tmp/\udcff", "/tmp/tab\t"):
        monkeypatch.setenv("PKQSP_CACHE", name)
        with pytest.raises(ToolchainError, match="PKQSP_CACHE"):
            cache_folder()


@pytest.mark.parametrize("name", ["a,b", "a\nb", "a\udcffb"])
def test_a_folder_that_cannot_hold_a_fit_is_refused_at_once(name: str, tmp_path: Path) -> None:
    model, study = pq.load_model("one-compartment"), pq.load_dataset("theophylline")
    with pytest.raises(pq.CheckError, match="use another folder"):
        pq.fit(model, study, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


_USE = """
import sys
from pkqsp_bayes.engine.compile import load_program
import pkqsp_bayes as pq
program = load_program(sys.argv[1], user_header=sys.argv[2], name="twice", methods="sampling")
fit = program.sample(chains=1, seed=1, iter_sampling=1000, show_progress=False)
print(abs(fit.stan_variable("x").mean() - 3) < 0.4)
design = pq.regimen(pq.Dose(amount=100, to="oral"), [1.0], covariates={"WT": 70})
print(float(pq.simulate(pq.load_model("one-compartment"), design).cp[1]) > 0)
"""


@pytest.mark.slow
def test_a_cache_with_a_name_of_everything(tmp_path: Path) -> None:
    """The toolchain is linked over, so that only the program is compiled."""
    odd = tmp_path / "my cache é'\"$HOME #1: a,b;(x)& ~%"
    stan = find_stan()
    shutil.copytree(stan.path, odd / "stan" / stan.path.name, copy_function=os.link)
    ran = subprocess.run(
        [sys.executable, "-c", _USE, PROGRAM, "#define FACTOR 2" + HEADER],
        env={**os.environ, "PKQSP_CACHE": str(odd), "CMDSTAN": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stdout.splitlines() == ["True", "True"], ran.stdout + ran.stderr
    assert list(odd.glob("program/*/twice"))
