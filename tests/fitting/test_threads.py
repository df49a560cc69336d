"""Threads within a chain: the same draws and counts, and the processors are shared."""

import json
import re
from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.sampling import threads
from pkqsp_bayes.fitting.sampling.threads import share_processors
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BindOptions, bind_model
from pkqsp_bayes.program.data.study_data import table_arguments
from pkqsp_bayes.program.program_inits import unconstrained_point


def _settings(count: int | None) -> pq.FitSettings:
    return pq.FitSettings(chains=1, warmup=100, draws=50, seed=5, threads_per_chain=count)


def test_draws_and_counts_do_not_depend_on_threads(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    for count in (1, 2, 3):
        pq.fit(model, study, tmp_path / str(count), settings=_settings(count))
    rows, solves, used = zip(*(_of_chain(tmp_path / str(n)) for n in (1, 2, 3)), strict=True)
    assert rows[0] == rows[1] == rows[2]
    assert len(rows[0]) == 51  # names, then draws
    # A density that is not defined for one subject ends the work on the others: how many of
    # these were solved by then is chance.
    assert max(solves) - min(solves) <= 0.001 * max(solves)
    assert used == (1, 2, 3)


def _of_chain(folder: Path) -> tuple[list[str], int, int]:
    """Return the rows of draws, the number of solves, and the threads that the program reports."""
    text = (folder / "chain_1.csv").read_text()
    counts = json.loads((folder / "chain_1.solver.json").read_text().splitlines()[-1])
    used = re.search(r"num_threads = (\d+)", text)
    assert used is not None
    return [line for line in text.splitlines() if line[:1] != "#"], counts["solves"], int(used[1])


def test_a_fit_is_resumed_with_other_threads(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    pq.fit(model, study, tmp_path, settings=_settings(1))
    before = (tmp_path / "chain_1.csv").read_bytes()
    pq.fit(model, study, tmp_path, settings=_settings(2), resume=True)
    assert (tmp_path / "chain_1.csv").read_bytes() == before


@pytest.mark.parametrize("size", [1, 5, 12, 100])
def test_the_density_does_not_depend_on_slices(
    model: pq.ModelSpec, study: pq.Study, size: int
) -> None:
    default = bind_model(model, study)
    at = unconstrained_point(default.inits)[None, :] + 0.1
    other = bind_model(model, study, options=BindOptions(slice_size=size))
    for one, two in zip(log_density(default, at), log_density(other, at), strict=True):
        assert two == pytest.approx(one, rel=1e-12)


def test_nothing_that_is_copied_for_each_slice_grows_with_the_study(
    model: pq.ModelSpec, study: pq.Study
) -> None:
    """Stan copies the shared arguments of a slice if they are parameters; data it does not."""
    program = re.sub(r"\s+", " ", bind_model(model, study).program)
    called = re.search(r"reduce_sum_static\(log_lik_of, theta, slice_size, (.*?)\);", program)
    assert called is not None
    data = [name for _, name in table_arguments(intervals=False)]
    assert called[1].split(", ") == ["sigma", *data]
    assert "vector<lower=0>[1] sigma" in program or "real<lower=0> sigma" in program


@pytest.mark.parametrize(
    ("subjects", "size"), [(1, 1), (12, 1), (64, 1), (65, 2), (1000, 16), (4096, 64), (50_000, 64)]
)
def test_slices_follow_the_size_of_the_study(model: pq.ModelSpec, subjects: int, size: int) -> None:
    study = pq.regimen(pq.Dose(amount=100), [1.0], subjects=subjects)
    assert bind_model(model, study).data["slice_size"] == size


@pytest.mark.parametrize(
    ("processors", "chains", "wanted", "subjects", "cores", "expected"),
    [
        (2, 4, None, 1000, None, (2, 1)),
        (2, 1, None, 1000, None, (1, 2)),
        (16, 4, None, 1000, None, (4, 4)),
        (16, 4, None, 20, None, (8, 2)),  # eight subjects for each thread
        (16, 4, None, 4, None, (16, 1)),
        (16, 4, None, 1000, 2, (2, 8)),
        (16, 4, 3, 4, None, (5, 3)),
        (2, 4, 8, 4, None, (1, 8)),
    ],
)
def test_processors_are_shared(
    monkeypatch: pytest.MonkeyPatch, processors: int, chains: int, wanted: int | None,
    subjects: int, cores: int | None, expected: tuple[int, int],
) -> None:  # fmt: skip
    monkeypatch.setattr(threads, "count_processors", lambda: processors)
    settings = pq.FitSettings(chains=chains, threads_per_chain=wanted)
    found = share_processors(settings, subjects, cores)
    assert (found.chains, found.threads) == expected


@pytest.mark.parametrize("count", [0, -1, 2.5, True])
def test_a_number_of_threads_is_a_count(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path, count: object
) -> None:
    settings = pq.FitSettings(threads_per_chain=count)  # type: ignore[arg-type]
    with pytest.raises(pq.CheckError, match=r"settings\.threads_per_chain"):
        pq.fit(model, study, tmp_path, settings=settings)
