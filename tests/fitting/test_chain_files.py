"""Files that are found in the folder of a fit: damaged, replaced, or of another chain."""

import dataclasses
import json
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.manifest import begin_manifest, read_manifest
from pkqsp_bayes.fitting.sampling.solver_stats import read_solver_stats
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.fitting.conftest import SETTINGS, TEXT
from tests.fitting.processes import start, wait_for
from tests.fitting.test_faults import write_csv

Done = tuple[Path, xr.DataTree]


@pytest.fixture
def copy(done: Done, tmp_path: Path) -> Path:
    folder = shutil.copytree(done[0], tmp_path / "fit")
    (folder / "fit.nc").unlink()
    return folder


def resume(folder: Path, study: pq.Study, **changes: Any) -> xr.DataTree:
    settings = dataclasses.replace(SETTINGS, **changes)
    return pq.fit(parse_model(TEXT), study, folder, settings=settings, resume=True, progress=False)


def refused(folder: Path, study: pq.Study, file: str, what: str) -> None:
    with pytest.raises(pq.CheckError, match=what) as caught:
        resume(folder, study)
    assert all(issue.where.startswith(str(folder / file)) for issue in caught.value.issues)
    assert all(issue.remedy for issue in caught.value.issues)


def unnoted(folder: Path) -> None:
    """Forget which chains are done: they are found again, and only their headers speak for them."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chains": {}, "digests": {}}))


def test_a_folder_in_the_place_of_a_chain_is_refused_before_it_is_sampled(
    copy: Path, study: pq.Study
) -> None:
    path = copy / "manifest.json"
    found = json.loads(path.read_text())
    for name in ("chains", "digests"):
        del found[name]["1"]
    path.write_text(json.dumps(found))
    (copy / "chain_1.csv").unlink()
    (copy / "chain_1.csv").mkdir()
    refused(copy, study, "chain_1.csv", "the file of a chain must be here")


def test_a_manifest_without_digests_blames_no_chain(
    copy: Path, study: pq.Study, done: Done
) -> None:
    path = copy / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"digests": {}}))
    tree = resume(copy, study)
    xr.testing.assert_equal(tree["posterior"].to_dataset(), done[1]["posterior"].to_dataset())


def test_a_whole_folder_is_taken_as_it_is(copy: Path, study: pq.Study, done: Done) -> None:
    unnoted(copy)
    tree = resume(copy, study)
    xr.testing.assert_equal(tree["posterior"].to_dataset(), done[1]["posterior"].to_dataset())
    noted = read_manifest(copy)
    assert noted is not None
    assert noted.digests.keys() == noted.chains.keys() == {"1", "2"}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("# id = 1", "# id = 3", "id = 3, not 1"),
        ("seed = 3", "seed = 4", "seed = 4, not 3"),
        ("num_samples = 300", "num_samples = 301", "num_samples = 301"),
        ("num_warmup = 300", "num_warmup = 200", "num_warmup = 200"),
        ("model = model_model", "model = other_model", "other_model"),
        ("delta = 0.8", "delta = 0.9", "delta = 0.9"),
        ("start_1_", "start_1_0", "another model or study"),
        ("method = sample", "method = optimize", "optimize"),
        ("eta.1", "xxx.1", "columns of eta"),
        ("lp__,", "lp__,lp__,", "two columns have the same name"),
        ("# ", "x ", "another chain"),
    ],
)
def test_a_header_of_another_chain_is_refused(
    old: str, new: str, what: str, copy: Path, study: pq.Study
) -> None:
    text = (copy / "chain_1.csv").read_text()
    assert old in text
    (copy / "chain_1.csv").write_text(text.replace(old, new, 1))
    unnoted(copy)
    refused(copy, study, "chain_1.csv", what)


def test_a_chain_in_the_place_of_another_is_refused(copy: Path, study: pq.Study) -> None:
    shutil.copy(copy / "chain_2.csv", copy / "chain_1.csv")
    refused(copy, study, "chain_1.csv", "id = 2, not 1")
    unnoted(copy)
    refused(copy, study, "chain_1.csv", "id = 2, not 1")
    (copy / "chain_1.csv").unlink()  # the remedy
    assert resume(copy, study)["posterior"].sizes["chain"] == 2


def test_a_digit_that_changed_is_refused(copy: Path, study: pq.Study) -> None:
    content = bytearray((copy / "chain_1.csv").read_bytes())
    place = content.rindex(b"\n", 0, len(content) - 2000) + 1
    content[place + 1] = ord("7") if content[place + 1] != ord("7") else ord("8")
    (copy / "chain_1.csv").write_bytes(content)
    refused(copy, study, "chain_1.csv", "has changed since the chain finished|cannot be read")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda m: [m], "not a table"),
        (lambda m: m | {"odd": 1}, "unknown entry 'odd'"),
        (lambda m: {k: v for k, v in m.items() if k != "program"}, "program is not a text"),
        (lambda m: m | {"data": 3}, "data is not a text"),
        (lambda m: m | {"settings": None}, "settings are not a table"),
        (lambda m: m | {"settings": m["settings"] | {"chains": "2"}}, "settings are not a table"),
        (lambda m: m | {"settings": m["settings"] | {"draws": 1e300}}, "draws"),
        (lambda m: m | {"settings": m["settings"] | {"seed": -1}}, "seed"),
        (lambda m: m | {"settings": m["settings"] | {"chains": 10**12}}, "chains"),
        (lambda m: m | {"chains": {"1": "../../etc/passwd"}}, "chains are not those"),
        (lambda m: m | {"chains": {"7": "chain_7.csv"}}, "chains are not those"),
        (lambda m: m | {"chains": ["chain_1.csv"]}, "chains are not those"),
        (lambda m: m | {"digests": {"1": 5}}, "digests"),
        (lambda m: m | {"digests": {"9": "x"}}, "digests"),
    ],
)
def test_a_manifest_that_does_not_hold_what_it_should(
    change: Callable[[dict[str, Any]], Any], what: str, copy: Path, study: pq.Study
) -> None:
    path = copy / "manifest.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    if what == "chains":  # another number of chains is another fit, not a damaged one
        with pytest.raises(pq.CheckError, match="it is 1000000000000"):
            resume(copy, study)
        return
    refused(copy, study, "manifest.json", what)


def test_damaged_manifests_are_refused_or_read(copy: Path) -> None:
    """Bytes flipped, cut off, or of another encoding: an error that names the file, or none."""
    rng, content = random.Random(1), (copy / "manifest.json").read_bytes()
    path, count = copy / "manifest.json", 0
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 2, 10])):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged[: rng.randrange(len(damaged))] if rng.random() < 0.3 else damaged)
        try:
            read_manifest(copy)
        except pq.CheckError as error:
            assert str(path) in str(error)  # noqa: PT017
            count += 1
    assert count > 200
    for encoding in ("utf-16", "utf-32"):
        path.write_text(content.decode(), encoding=encoding)
        with pytest.raises(pq.CheckError, match=str(path)):
            read_manifest(copy)


def test_damaged_chain_files_are_refused(copy: Path, study: pq.Study) -> None:
    rng, content = random.Random(2), (copy / "chain_1.csv").read_bytes()
    manifest = (copy / "manifest.json").read_text()
    end = content[-500:]
    for number in range(12):
        damaged = bytearray(content)
        top = rng.choice([1500, len(content) - 600])
        for _ in range(rng.choice([1, 5, 50])):
            damaged[rng.randrange(top)] = rng.randrange(256)
        if number % 4 == 3:  # lines are missing, the end is there
            damaged = damaged[: rng.randrange(top)] + end
        if damaged == content:
            continue
        (copy / "chain_1.csv").write_bytes(damaged)
        (copy / "manifest.json").write_text(manifest)
        with pytest.raises(pq.CheckError, match=str(copy / "chain_1.csv")):
            resume(copy, study)


def test_unnoted_chains_that_cannot_be_parsed_are_named(copy: Path, study: pq.Study) -> None:
    text = (copy / "chain_2.csv").read_text()
    head, _, draws = text.partition("\nlp__")
    lines = draws.split("\n")
    lines[10] = "x" + lines[10][1:]
    (copy / "chain_2.csv").write_text(head + "\nlp__" + "\n".join(lines))
    unnoted(copy)
    refused(copy, study, "chain_2.csv", "cannot be read")


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", '{"solves": 1}', '{"solves": -1, "steps": 1, "rejected": 0, '
             '"failures": {}, "examples": []}', '{"solves": 1, "steps": 1, "rejected": 0, '
             '"failures": {}, "examples": [{"reason": "x", "parameters": [1]}]}']
)  # fmt: skip
def test_a_damaged_account_of_the_solver_is_told(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").write_text(text)
    assert read_solver_stats(tmp_path / "log", tmp_path / "none", ("CL", "V")).solves is None
    assert str(tmp_path / "log") in caplog.text


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_samplers_and_keeps_what_is_done(
    sign: signal.Signals, code: int, study: pq.Study, tmp_path: Path
) -> None:
    folder = tmp_path / "it's a fit: é #1 $x"
    process = start(write_csv(study, tmp_path / "study.csv"), folder, 20_000)
    wait_for(".chain_1.*.part/*.csv", folder, process)
    process.send_signal(sign)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == code, output
    assert "0 of 2 chains are finished and kept" in output
    assert not list(folder.glob(".*.part"))
    left = [p for p in psutil.process_iter(["cmdline"]) if str(folder) in str(p.info["cmdline"])]
    assert left == []


@pytest.mark.parametrize("name", ["a b", "Müller's fit", 'say "x"', "$HOME", "#1", "a:b", "a=b",
                                  "[x]", "(a) & b; c", "%d {x} *"])  # fmt: skip
def test_folders_of_any_name(name: str, copy: Path, study: pq.Study) -> None:
    """A chain is missing: sampler, progress, conversion and store all see the name."""
    folder = copy.rename(copy.with_name(name))
    (folder / "chain_2.csv").unlink()
    assert resume(folder, study)["posterior"].sizes["chain"] == 2
    assert pq.read_fit(folder)["posterior"].sizes["chain"] == 2


def test_the_key_of_a_fit_depends_on_model_and_study(study: pq.Study, copy: Path) -> None:
    bound = bind_model(parse_model(TEXT), study)
    other = bind_model(parse_model(TEXT.replace("log(3)", "log(4)")), study)
    found = read_manifest(copy)
    assert found is not None
    assert begin_manifest(bound, SETTINGS).key == found.key
    assert begin_manifest(other, SETTINGS).key != found.key
