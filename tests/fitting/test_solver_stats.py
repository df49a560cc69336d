"""Failed solves: as the kernel counts them, and as Stan's console tells them."""

import json
from pathlib import Path

from pkqsp_bayes.fitting.sampling.solver_stats import (
    SolverFailure,
    SolverStats,
    read_solver_stats,
    summarise_solver,
)

LIMIT = "more steps than max_steps allows"
CONSOLE = """Iteration:   1 / 200 [  0%]  (Warmup)
Informational Message: The current Metropolis proposal is about to be rejected because of ...
Exception: Exception: ode_solve: more steps than max_steps allows (in 'model.stan', line 64)
Exception: Exception: Exception: lognormal_lpdf: Scale parameter is inf (in 'model.stan', line 9)
Exception: Exception: ode_solve: more steps than max_steps allows (in 'model.stan', line 64)
"""
REFUSED = {f"ode_solve: {LIMIT}": 2, "lognormal_lpdf: Scale parameter is inf": 1}


def test_the_kernels_account_in_the_users_names(tmp_path: Path) -> None:
    log, console = tmp_path / "log.json", tmp_path / "console.txt"
    examples = [{"reason": LIMIT, "parameters": [1.5, None]}] * 7
    kernel = {"solves": 90, "steps": 800, "rejected": 4, "failures": {LIMIT: 9}}
    log.write_text(json.dumps(kernel | {"examples": examples}) + "\n")
    console.write_text(CONSOLE)
    stats = read_solver_stats(log, console, ["CL", "V"])
    assert (stats.solves, stats.steps, stats.rejected_steps) == (90, 800, 4)
    assert stats.failed == {LIMIT: 9}
    assert stats.examples[0] == SolverFailure(reason=LIMIT, parameters={"CL": 1.5, "V": None})
    assert len(stats.examples) == 5
    assert stats.refused == REFUSED


def test_of_stans_solvers_the_refusals_are_known(tmp_path: Path) -> None:
    console = tmp_path / "console.txt"
    console.write_text(CONSOLE)
    stats = read_solver_stats(tmp_path / "none", console, ["CL"])
    assert stats.solves is None
    assert stats.failed == {f"ode_solve: {LIMIT}": 2}
    assert stats.refused == REFUSED


def test_a_chain_that_left_nothing(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"solves": 3, ')
    assert read_solver_stats(tmp_path / "cut.json", tmp_path / "none", []) == SolverStats()


def test_all_chains_together_then_each() -> None:
    failure = SolverFailure(reason=LIMIT, parameters={"CL": 2.0})
    one = SolverStats(solves=10, steps=50, rejected_steps=1)
    two = SolverStats(solves=20, steps=70, rejected_steps=2, failed={LIMIT: 3}, examples=(failure,))
    account = summarise_solver({1: one, 2: two}, "native")
    assert (account["solves"], account["steps"], account["failed"]) == (30, 120, 3)
    assert account["examples"] == [{"chain": 2, "reason": LIMIT, "parameters": {"CL": 2.0}}]
    assert account["chains"]["1"]["solves"] == 10
    assert summarise_solver({1: one, 2: SolverStats()}, "stan")["solves"] is None
