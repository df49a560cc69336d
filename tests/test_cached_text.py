"""Answers in the cache: kept between processes, and never believed when they may be wrong."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pkqsp_bayes.cached_text import StoredAnswers, read_signed, write_signed

CODE = """
import sys
from pkqsp_bayes.units import UnitError, amount_factor, conversion_factor, dimension
assert conversion_factor("mL/min", "L/h") == 0.06
assert amount_factor("mg", "umol", 500) == 2.0
assert dimension("kg/m^3") == dimension("mg/L")
try:
    conversion_factor("mg", "L")
except UnitError as error:
    assert "no conversion" in str(error)
else:
    raise AssertionError
"""
WITHOUT_REFUSAL = CODE[: CODE.index("try:")] + "print('pint' in sys.modules)"


def run(code: str, cache: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, env={**os.environ, "PKQSP_CACHE": str(cache)}, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_the_second_process_does_not_import_pint(tmp_path: Path) -> None:
    run(CODE, tmp_path)
    assert run(WITHOUT_REFUSAL, tmp_path) == "False"
    run(CODE, tmp_path)  # a refusal is asked again


def store(version: str = "1") -> StoredAnswers:
    return StoredAnswers("kind", lambda: version)


def _change_a_number(path: Path) -> None:
    path.write_text(path.read_text().replace("0.06", "0.07"))


def _sign_another_entry(path: Path) -> None:
    write_signed(path, "another", '{"a": 0.07}')


@pytest.mark.parametrize(
    "damage",
    [
        _change_a_number,
        _sign_another_entry,
        lambda path: path.write_text(""),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: write_signed(path, path.parent.name, "[0.07]"),
        lambda path: write_signed(path, path.parent.name, '{"a": true}'),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.chmod(0o666),
    ],
)
def test_a_damaged_file_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], object]
) -> None:
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path))
    first = store()
    first.ask("a", float, lambda: 0.06)
    first.save()
    assert store().ask("a", float, lambda: 9.0) == 0.06
    (path,) = tmp_path.glob("kind/*/answers.json")
    damage(path)
    again = store()
    assert again.ask("a", float, lambda: 0.06) == 0.06
    again.save()
    assert store().ask("a", float, lambda: 0.06) == 0.06


def test_without_a_cache_the_answers_are_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("PKQSP_CACHE", str(blocked))
    first = store()
    assert first.ask("a", float, lambda: 0.06) == 0.06
    first.save()
    assert store().ask("a", float, lambda: 0.07) == 0.07


def test_answers_of_two_processes_are_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path))
    one, two = store(), store()
    assert one.ask("a", float, lambda: 1.0) == 1.0
    assert two.ask("b", str, lambda: "2") == "2"
    one.save()
    two.save()
    third = store()
    assert third.ask("a", float, lambda: 9.0) == 1.0
    assert third.ask("b", str, lambda: "9") == "2"
    assert third.ask("b", float, lambda: 9.0) == 9.0  # another type is another question
    assert store("2").ask("a", float, lambda: 9.0) == 9.0


def test_the_number_of_answers_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path))
    few = StoredAnswers("kind", lambda: "1", most=3)
    for i in range(9):
        few.ask(str(i), float, lambda i=i: float(i))
    few.save()
    (path,) = tmp_path.glob("kind/*/answers.json")
    assert list(json.loads(read_signed(path, path.parent.name))) == ["6", "7", "8"]
    assert not stat.S_IMODE(path.stat().st_mode) & stat.S_IWOTH
