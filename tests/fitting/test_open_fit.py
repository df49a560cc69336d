"""A fit that is open: each thing made once, the study it is of, results of earlier versions."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results import fitted_model
from pkqsp_bayes.fitting.results.attributes import chosen_options, result_attributes
from pkqsp_bayes.fitting.results.quantities import correlation_blocks
from pkqsp_bayes.fitting.results.store import STUDY_FILE, write_tree
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.study.write import write_study
from tests.fitting.trees import made_tree

OPTIONS = pq.BindOptions(centred={"CL": False})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder as `fit` leaves it, with draws made by hand."""
    model, study = pq.load_model("one-compartment"), pq.load_dataset("theophylline")
    rng = np.random.default_rng(1)
    sample = ("chain", "draw")
    posterior = xr.Dataset(
        {n: (sample, np.exp(rng.normal(size=(2, 20)))) for n in ("CL", "V", "ka", "tlag")}
        | {
            "omega": ((*sample, "effect"), rng.uniform(size=(2, 20, 3))),
            "sigma": ((*sample, "residual"), rng.uniform(size=(2, 20, 2))),
            "eta": ((*sample, "subject", "effect"), rng.normal(size=(2, 20, 12, 3))),
        },
        coords={
            "chain": [0, 1], "draw": range(20), "subject": list(study.subjects),
            "effect": ["CL", "V", "ka"], "residual": ["cp.additive", "cp.proportional"],
        },
    )  # fmt: skip
    tree = xr.DataTree.from_dict({"posterior": posterior})
    bound = bind_model(model, study, options=OPTIONS)
    tree.attrs = result_attributes(model, bound, options=chosen_options(OPTIONS))
    write_tree(tmp_path, tree, "netcdf")
    write_study(study, tmp_path / STUDY_FILE)
    return tmp_path


def test_each_thing_is_made_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("parse_model", "read_study_of", "bind_model", "labelled_draws", "compile_model"):
        original = getattr(fitted_model, name)

        def counted(*args: object, _name: str = name, _of: object = original, **more: object):  # type: ignore[no-untyped-def]
            calls.append(_name)
            return _of(*args, **more)  # type: ignore[operator]

        monkeypatch.setattr(fitted_model, name, counted)
    fitted = pq.open_fit(folder)
    assert pq.open_fit(fitted) is fitted
    assert calls == [], "nothing before it is asked for"
    for _ in range(3):
        assert fitted.spec.title == "One compartment, oral and intravenous"
        assert fitted.study.subjects == fitted.subjects
        assert fitted.bound.program == fitted.attrs["program"], "made anew, the same program"
        assert fitted.compiled.spec == fitted.spec
        assert set(fitted.draws) == {
            "CL", "V", "ka", "tlag", "omega[CL]", "omega[V]", "omega[ka]",
            "sigma[cp.additive]", "sigma[cp.proportional]",
        }  # fmt: skip
    assert sorted(calls) == sorted({*calls})
    assert fitted.options == OPTIONS
    assert fitted.folder == folder


def test_nobody_changes_it(folder: Path) -> None:
    fitted = pq.open_fit(folder)
    before = fitted.draws["CL"].copy()
    fitted.tree["posterior"] = xr.DataTree(fitted.posterior * 2)
    with pytest.raises(ValueError, match="read-only"):
        fitted.posterior["CL"].to_numpy()[:] = 0
    table = fitted.summary
    table["mean"] = 0.0
    fitted.diagnostics.clear()
    np.testing.assert_array_equal(fitted.posterior["CL"].to_numpy().ravel(), before)
    assert (fitted.summary["mean"] != 0).any()
    tree = pq.read_fit(folder)
    opened = pq.open_fit(tree)
    tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset() * 2)
    np.testing.assert_array_equal(opened.draws["CL"], before)


def test_a_study_that_is_changed_is_another_study(folder: Path) -> None:
    fitted, study = pq.open_fit(folder), pq.load_dataset("theophylline")
    known = fitted.resolve_study(study)
    assert fitted.resolve_study(pq.load_dataset("theophylline")) is known
    study.table.loc[study.table["EVID"] == 1, "AMT"] *= 2
    assert fitted.resolve_study(study) is not known
    np.testing.assert_array_equal(known.table["AMT"], pq.load_dataset("theophylline").table["AMT"])
    with pytest.raises(pq.CheckError, match="doses"):
        fitted.resolve_study(study, own=True)


def test_the_study_is_that_of_the_folder_if_it_was_fitted(folder: Path) -> None:
    assert pq.prior_posterior(folder).equals(pq.prior_posterior(folder, "theophylline"))
    write_study(pq.load_dataset("theophylline").only(["1", "2"]), folder / STUDY_FILE)
    with pytest.raises(pq.CheckError, match="its subjects are not those that were fitted"):
        pq.prior_posterior(folder)
    (folder / STUDY_FILE).unlink()
    with pytest.raises(pq.CheckError, match=r"the study of the fit is not with it \(give the st"):
        pq.prior_posterior(folder)
    with pytest.raises(pq.CheckError, match="the study of the fit is not with it"):
        pq.prior_posterior(made_tree(model=""))


def test_what_is_no_fit_is_refused(tmp_path: Path) -> None:
    for wrong in (3, xr.Dataset(), tmp_path / "nowhere"):
        with pytest.raises(pq.CheckError):
            pq.open_fit(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "damaged", ['{"blq": "M9"}', '{"solver": 3}', '{"solver": {"rtol": "x"}}', '{"unknown": 1}']
)
def test_options_that_are_damaged_are_refused(damaged: str) -> None:
    tree = made_tree()
    tree.attrs["options"] = damaged
    with pytest.raises(pq.CheckError, match="attribute options"):
        _ = pq.open_fit(tree).options


OLD = {
    "correlation_1": (("effect_1", "effect_1b"), ["CL", "V", "ka"]),
    "correlation_2": (("effect_2", "effect_2b"), ["F", "D"]),
}


def old_posterior(rng: np.random.Generator) -> tuple[xr.Dataset, dict[str, np.ndarray]]:
    """Return a posterior as version 0.1 wrote it, and the correlations in it."""
    made, matrices = xr.Dataset({"CL": (("chain", "draw"), rng.uniform(size=(2, 5)))}), {}
    for name, (dims, labels) in OLD.items():
        x = rng.normal(size=(2, 5, len(labels), 9))
        matrices[name] = np.array([[np.corrcoef(m) for m in chain] for chain in x])
        coords = dict.fromkeys(dims, labels)
        made = made.assign_coords(coords).assign({name: (("chain", "draw", *dims), matrices[name])})
    return made.assign_coords(chain=[0, 1], draw=range(5)), matrices


def test_results_of_earlier_versions_are_read(tmp_path: Path) -> None:
    old, matrices = old_posterior(np.random.default_rng(1))
    tree = xr.DataTree.from_dict({"posterior": old})
    tree.to_netcdf(tmp_path / "fit.nc", engine="h5netcdf")
    wanted = {
        "corr[CL,V]": matrices["correlation_1"][..., 0, 1],
        "corr[CL,ka]": matrices["correlation_1"][..., 0, 2],
        "corr[V,ka]": matrices["correlation_1"][..., 1, 2],
        "corr[F,D]": matrices["correlation_2"][..., 0, 1],
    }
    for opened in (pq.open_fit(tree), pq.open_fit(tmp_path), pq.open_fit(pq.read_fit(tmp_path))):
        assert set(opened.draws) == {"CL", *wanted}
        for label, values in wanted.items():
            np.testing.assert_allclose(opened.draws[label], values.ravel(), rtol=1e-12)
        assert set(opened.posterior.coords) == {"chain", "draw", "effect_pair"}
        assert {"corr[CL,V]", "corr[F,D]"} <= set(pq.summary_table(opened).index)
        blocks = [*correlation_blocks(opened.posterior)]
        for block, matrix in zip(blocks, matrices.values(), strict=True):
            np.testing.assert_allclose(block, matrix.reshape(10, *matrix.shape[2:]), rtol=1e-12)
    assert opened.folder == tmp_path
