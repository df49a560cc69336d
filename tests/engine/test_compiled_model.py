"""The compiled model: one in a process, its parts on disk, none of them trusted."""

import ast
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.cached_text import sign_entry
from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.engine import compiled_model, model_store
from pkqsp_bayes.engine.compiled_model import FORMS, CompiledModel, compile_model, examine_model
from pkqsp_bayes.ode.checks.baseline import baseline_outputs
from pkqsp_bayes.ode.checks.units import output_units
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.lowering.structure import find_reached_outputs
from pkqsp_bayes.spec.reading.toml import format_model, parse_model

PACKAGE = Path(pq.__file__).parent
MODEL = pq.load_model("one-compartment")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of one's own, and a process that remembers nothing."""
    monkeypatch.setenv("PKQSP_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled_model, "_COMPILED", type(compiled_model._COMPILED)())
    return tmp_path / "model"


def facts(model: CompiledModel) -> list[object]:
    """Return what every command reads."""
    return [model.ode, model.outcomes, model.output_units, model.reached_outputs,
            model.unread_states, model.own_inputs, model.baselines(), model.formulas.helpers,
            *(model.text(form) for form in FORMS)]  # fmt: skip


def new(model: pq.ModelSpec = MODEL) -> CompiledModel:
    """Return a model as another process would have it."""
    compiled_model._COMPILED.clear()
    return compile_model(model)


def test_a_process_has_one(cache: Path) -> None:
    made = compile_model(MODEL)
    assert compile_model(parse_model(format_model(MODEL))) is made
    assert compile_model(MODEL, individual=["WT"]) is not made
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: id(compile_model(MODEL).lowered), range(8))) == {
            id(made.lowered)
        }


def test_parts_are_those_of_the_functions_that_make_them(cache: Path) -> None:
    system = compose_model(MODEL)
    lowered = lower_system(system)
    for model in (new(), new()):  # made, and read from the disk
        assert model.system == system
        assert model.lowered == lowered
        assert model.header == emit_cpp(lowered)
        assert model.stan_functions().startswith(emit_stan(lowered, prefix="ode"))
        assert model.output_units == output_units(MODEL, system)
        assert model.baselines() == baseline_outputs(system)
        assert model.baselines(["central"]) == baseline_outputs(system, dosed=["central"])
        reached = {name: set(found) for name, found in model.reached_outputs.items()}
        assert reached == find_reached_outputs(lowered)
        assert model.ode.states == tuple(s.name for s in system.states)
        assert model.ode.quantities == system.parameters


def test_a_second_process_needs_no_algebra(cache: Path) -> None:
    wanted = repr(facts(new()))
    code = (
        "import sys; from tests.engine.test_compiled_model import facts, MODEL\n"
        "from pkqsp_bayes.engine.compiled_model import compile_model\n"
        "print(repr(facts(compile_model(MODEL))))"
    )
    env = {**os.environ, "PKQSP_CACHE": str(cache.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout.strip() == wanted, done.stderr
    code = (
        "import sys, pkqsp_bayes as pq\n"
        "pq.check('one-compartment')\n"
        "from pkqsp_bayes.engine.compiled_model import FORMS, compile_model\n"
        "model = compile_model(pq.load_model('one-compartment'))\n"
        "[model.text(form) for form in FORMS]; model.reached_outputs; model.formulas\n"
        "print({'sympy', 'scipy.stats', 'xarray', 'cmdstanpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout.strip() == "set()", done.stderr


def _signed(entry: str, text: str) -> str:
    return f"{sign_entry(entry, text)}\n{text}"


@pytest.mark.parametrize(
    "damage",
    [
        lambda _, __: "",
        lambda _, text: text[: len(text) // 2],
        lambda _, text: text.replace("1", "2"),
        lambda _, text: "\0" * len(text),
        lambda entry, _: _signed(entry, "[]"),
        lambda entry, _: _signed(entry, "{"),
        lambda entry, _: _signed(entry, '{"nodes":[["Symbol","x"],["__import__",0]],"record":{}}'),
        lambda entry, _: _signed(entry, '{"nodes":[],"record":{"title":7}}'),
        lambda entry, _: _signed(entry, "[" * 100_000),
    ],
    ids=["empty", "short", "changed", "zeros", "list", "half", "unknown", "wrong", "deep"],
)  # fmt: skip
def test_a_damaged_part_is_made_anew(cache: Path, damage: object) -> None:
    wanted = facts(new())
    system = new().system
    parts = [p for p in cache.glob("*/part.json") if not p.parent.name.endswith(_TEXTS)]
    assert len(parts) >= 6
    whole = {part: part.read_text() for part in parts}
    for part in parts:
        part.write_text(damage(part.parent.name, whole[part]))  # type: ignore[operator]
    assert facts(new()) == wanted
    assert new().system == system
    assert {part: part.read_text() for part in parts} == whole


def test_a_part_of_another_model_is_not_read(cache: Path) -> None:
    """A whole entry in the folder of another model is computed again."""
    wanted = facts(new())
    mine = next(cache.glob("*-checked/part.json"))
    other = new(parse_model('title = "other"\nequations = "d(A)/dt = -0.2 * A; A(0) = 1"'))
    assert other.ode.states == ("A",)
    found = [p for p in cache.glob("*-checked/part.json") if p != mine]
    mine.write_text(found[0].read_text())
    assert facts(new()) == wanted


_TEXTS = ("header", "stan-bdf", "equations", "latex", "mathml", "json")


def test_a_damaged_text_is_made_anew(cache: Path) -> None:
    header = new().header
    (part,) = cache.glob("*-header/part.json")
    part.write_text(part.read_text().replace("double", "float"))
    assert new().header == header
    assert part.read_text().partition("\n")[2] == header


def test_a_text_that_everybody_may_write_is_made_anew(cache: Path) -> None:
    header = new().header
    (part,) = cache.glob("*-header/part.json")
    part.write_text(_signed(part.parent.name, "#include <evil.hpp>"))
    part.chmod(0o666)
    assert new().header == header
    assert not part.stat().st_mode & 0o002


def test_without_a_cache_it_is_made_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("PKQSP_CACHE", str(file))
    assert new().ode.states == tuple(s.name for s in compose_model(MODEL).states)
    assert new().header == emit_cpp(lower_system(compose_model(MODEL)))


def test_processes_at_once_and_what_a_killed_one_left(cache: Path) -> None:
    key = new()._store.key
    wanted = repr(compile_model(MODEL).ode)
    for part in cache.glob("*"):
        part.rename(part.with_name(f"old{part.name}"))
    left = cache / f".{key}-checked.12345678.part"
    left.mkdir()
    (left / "part.json").write_text("half")
    code = (
        "import pkqsp_bayes as pq\n"
        "from pkqsp_bayes.engine.compiled_model import compile_model\n"
        "print(compile_model(pq.load_model('one-compartment')).ode)"
    )
    env = {**os.environ, "PKQSP_CACHE": str(cache.parent)}
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) for _ in range(2)
    ]
    assert [p.communicate()[0].strip() for p in running] == [wanted, wanted]
    assert not left.exists()
    assert not list(cache.glob(".*.part"))


def test_the_version_of_the_code_is_in_the_key(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = new()._store.key
    assert new()._store.key == key
    monkeypatch.setattr(model_store, "code_version", lambda: "another")
    assert new()._store.key != key


def test_errors_are_raised_each_time_and_kept_nowhere(cache: Path) -> None:
    wrong = parse_model('title = "growth"\nequations = "d(A)/dt = A; A(0) = A"')
    for _ in range(2):
        with pytest.raises(pq.CheckError, match="depends on states or time"):
            compile_model(wrong)
    compiled, issues = examine_model(wrong)
    assert compiled is None
    assert [issue.severity for issue in issues] == ["error"]
    assert not list(cache.glob("*-checked"))


ONLY_HERE = {
    "compose_model", "lower_system", "check_system", "run_checks", "emit_cpp", "emit_stan",
    "emit_stan_timeline", "find_reached_outputs", "find_unread_states", "find_own_inputs",
    "baseline_outputs", "output_units", "CHECKS",
}  # fmt: skip


def test_nobody_else_goes_from_a_model_to_its_equations() -> None:
    layers = (PACKAGE / "ode", PACKAGE / "emit")
    mine = PACKAGE / "engine" / "compiled_model.py"
    found = [
        (path.relative_to(PACKAGE), alias.name)
        for path in PACKAGE.rglob("*.py")
        if path != mine and not any(layer in path.parents for layer in layers)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.name in ONLY_HERE
    ]
    assert found == []
    names = {a.name for n in ast.walk(ast.parse(mine.read_text())) if isinstance(n, ast.ImportFrom)
             for a in n.names}  # fmt: skip
    assert {"compose_model", "lower_system", "run_checks", "emit_cpp"} <= names
