"""The page: whole, well-formed, on its own, and honest about what it has not."""

import re
import shutil
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.engine import compiled_model
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.engine.model_store import ModelStore
from pkqsp_bayes.fitting.results.store import STUDY_FILE
from pkqsp_bayes.likelihood.study_simulator import StudySimulator
from pkqsp_bayes.reporting.report_context import ReportOptions
from pkqsp_bayes.study.write import write_study
from tests.reporting.html import Page
from tests.reporting.look import WIDTHS, count_folded, find_faults

needs_browser = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="there is no chromium here"
)
SMALL = ReportOptions(draws=30, outer=20, inner=12, subjects=4, searches=0)
CLAIM = """
claim = "halving the dose at a weight below 50 kg keeps exposure"
assignment = "randomised"
[declared.invariance]
statement = "Clearance goes with weight below 50 kg as above"
evidence = "Holford 1996"
falsified_by = "a study in children"
"""
WITH_STUDY = {
    "parameters", "derived", "goodness", "budget", "predictive", "fits", "diagnostics", "priors",
    "data",
}  # fmt: skip


@pytest.fixture(scope="module")
def work() -> Counter[object]:
    """Return what was computed for the page, and how often."""
    return Counter()


@pytest.fixture(scope="module")
def file(
    hand_fit: xr.DataTree,
    theophylline: pq.Study,
    work: Counter[object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_study(theophylline, folder / STUDY_FILE)
    with pytest.MonkeyPatch.context() as patch:
        count_work(patch, work, subjects=len(theophylline.subjects))
        return pq.report(hand_fit, folder, options=SMALL)


def count_work(patch: pytest.MonkeyPatch, work: Counter[object], *, subjects: int) -> None:
    """Count compositions, lowerings and solves of a study; models kept earlier are forgotten."""
    patch.setattr(compiled_model, "_COMPILED", OrderedDict())
    patch.setattr(ModelStore, "fetch", lambda *given, **_: given[2]())

    def counted(owner: type, name: str, key: Callable[..., object]) -> None:
        original = getattr(owner, name)

        def call(*args: Any, **more: Any) -> Any:
            work[key(*args, **more)] += 1
            return original(*args, **more)

        patch.setattr(owner, name, call)

    def solve(simulator: StudySimulator, parameters: np.ndarray, **more: object) -> object:
        whole = len(simulator.timelines) == subjects
        records = sum(line.time.size for line in simulator.timelines)
        doses = b"".join(line.amount.tobytes() for line in simulator.timelines)
        return ("solve", whole, records, doses, parameters.tobytes(), repr(sorted(more.items())))

    counted(CompiledModel, "_compose", lambda *_: "composition")
    counted(CompiledModel, "_lower", lambda *_: "lowering")
    counted(StudySimulator, "solve", solve)


def test_nothing_is_computed_twice(file: Path, work: Counter[object]) -> None:
    assert file.exists()
    assert work["composition"] == work["lowering"] == 1
    solves = {key: n for key, n in work.items() if isinstance(key, tuple)}
    assert set(solves.values()) == {1}, "nothing is solved twice"
    # Replicates (30 for the VPC, 200 for NPDE: with 200 draws or more they are the same), typical
    # predictions, individual and population predictions for the goodness of fit, the likelihood at
    # two tolerances, the expected information. Individual fits are of some of the subjects.
    assert sum(whole for _, whole, *_ in solves) == 8  # type: ignore[misc]


@pytest.fixture(scope="module")
def page(file: Path) -> Page:
    return Page(file.read_text())


@needs_browser
@pytest.mark.parametrize("width", WIDTHS.values())
def test_a_browser_finds_nothing_wrong(file: Path, width: int) -> None:
    assert find_faults(file, width) == []


@needs_browser
def test_on_paper_nothing_is_folded(file: Path) -> None:
    found = count_folded(file)
    assert found["parts"] > found["open"]
    assert found["hidden"] == 0


@needs_browser
def test_a_browser_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text(
        '<!doctype html><body><div style="width: 600px">wide</div><img src="none.png">'
        '<link rel="stylesheet" href="http://example.invalid/a.css"><script>nothing()</script>'
    )
    told = " ".join(find_faults(tmp_path / "bad.html", 390))
    for fault in (
        "DIV",
        "sideways",
        "1 pictures",
        "asks for http://example.invalid/a.css",
        "nothing is not defined",
    ):
        assert fault in told


def test_it_has_no_script_and_asks_for_no_other_file(page: Page) -> None:
    for address in page.values("src", "href", "srcset", "action", "data", "xlink:href"):
        assert address.startswith(("data:", "#")), address
    assert not re.search(r"<script|<iframe|<object|<embed|@import|url\(", page.text)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


def test_every_link_leads_to_a_section(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids)) == 16
    links = {link[1:] for link in page.values("href") if link.startswith("#")}
    assert links == set(ids)  # fifteen sections, and the results as a whole
    assert set(ids) >= WITH_STUDY


def test_what_is_left_out_is_said(page: Page) -> None:
    text = "".join(page.words)
    assert "could not be made" not in text
    assert "No claim was stated for this fit" in text
    assert "not analysed" not in text


def test_identifiability_is_analysed(page: Page) -> None:
    """The lag of 0.01 h is before the first sample, and V hardly varies."""
    text = "".join(page.words)
    assert "2 of 9 population parameters are not identifiable from this study" in text
    assert "low precision: tlag, omega[V]" in text
    assert "7 of 9 parameters identified" in text  # the causal record's word on it
    assert "The condition number of the expected information" in text


def test_a_claim_beside_the_fit_is_recorded(
    hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path
) -> None:
    write_study(theophylline, tmp_path / STUDY_FILE)
    (tmp_path / "claim.toml").write_text(CLAIM)
    text = "".join(Page(pq.report(hand_fit, tmp_path, options=SMALL).read_text()).words)
    assert "halving the dose" in text
    assert "Holford 1996" in text
    assert "No claim was stated" not in text


def test_the_first_screen_has_verdict_and_answer(page: Page, hand_fit: xr.DataTree) -> None:
    first = "".join(page.words).partition("Population parameters of the fit")[0]
    assert "Variance." in first
    assert f"{float(hand_fit['posterior']['CL'].median()):.2f}" in first
    assert "12" in page.words
    assert "132" in page.words


def test_pictures_are_in_it_and_described(page: Page) -> None:
    pictures = [v for tag, name, v in page.attributes if (tag, name) == ("img", "src")]
    texts = [v for tag, name, v in page.attributes if (tag, name) == ("img", "alt")]
    assert len(pictures) == len(texts) == 9
    assert all(picture.startswith("data:image/png;base64,") for picture in pictures)
    assert all(texts)


def test_how_to_reproduce_names_the_seed(page: Page) -> None:
    command = next(word for word in page.words if word.startswith("pkqsp fit"))
    assert "--seed 20240527 --begin mode" in command
    assert command.endswith("\npkqsp report fit")


def test_options_without_a_word_on_the_command_line_are_reproduced_in_python(
    hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path
) -> None:
    made = hand_fit.copy(deep=True)
    made.attrs["options"] = '{"centred": {"CL": false}, "blq": "M1", "solver": {"rtol": 1e-8}}'
    (tmp_path / "model.toml").write_text(made.attrs["model"])
    write_study(theophylline, tmp_path / STUDY_FILE)
    words = Page(pq.report(made, tmp_path, options=SMALL).read_text()).words
    text = next(word for word in words if word.startswith("import pkqsp_bayes"))
    asked = ran(text, tmp_path)
    assert asked["settings"] == pq.FitSettings(
        chains=2, warmup=60, draws=60, seed=20240527, begin="mode"
    )
    assert asked["options"] == pq.BindOptions(
        centred={"CL": False}, blq="M1", solver=pq.SolverSettings(rtol=1e-8)
    )


def ran(text: str, folder: Path) -> dict[str, Any]:
    """Run what the page says in a folder; return what it asks of `pq.fit`."""
    asked: dict[str, Any] = {}

    def fit(model: pq.ModelSpec, study: pq.Study, place: str, **more: Any) -> None:
        asked.update(more)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(pq, "fit", fit)
        patch.setattr(pq, "report", lambda *_: None)
        exec(text, {})
    return asked


def test_the_page_says_whether_the_solver_was_accurate(page: Page) -> None:
    assert "Pareto k-hat of the importance weights for the tighter tolerances" in "".join(
        page.words
    )


def test_without_the_study_the_page_says_so(hand_fit: xr.DataTree, tmp_path: Path) -> None:
    text = "".join(Page(pq.report(hand_fit, tmp_path, options=SMALL).read_text()).words)
    # five sections, and the line on prediction at the top
    assert text.count("Left out: this section needs the study") == 6
    assert "not checked. Left out: this section needs the study" in text


def test_a_bad_fit_is_called_so(hand_fit: xr.DataTree, tmp_path: Path) -> None:
    bad = hand_fit.copy(deep=True)
    posterior = bad["posterior"].to_dataset()
    shift = xr.DataArray([0.0, 3.0], dims="chain")
    bad["posterior"] = xr.DataTree(posterior.assign(CL=posterior["CL"] + shift))
    stats = bad["sample_stats"].to_dataset()
    bad["sample_stats"] = xr.DataTree(stats.assign(diverging=np.logical_not(stats["diverging"])))
    text = "".join(Page(pq.report(bad, tmp_path, options=SMALL).read_text()).words)
    assert "Not reliable." in text
    assert "120 divergences" in text
    assert "the chains do not agree" in text


def test_names_and_texts_of_the_user_are_escaped(hand_fit: xr.DataTree, tmp_path: Path) -> None:
    rude = hand_fit.copy()
    title = 'title = "<script>alert(1)</script> & more"'
    rude.attrs["model"] = re.sub("^title = .*$", title, rude.attrs["model"], flags=re.MULTILINE)
    page = Page(pq.report(rude, tmp_path, options=SMALL).read_text())
    assert "<script" not in page.text
    assert page.words.count("<script>alert(1)</script> & more") >= 2
