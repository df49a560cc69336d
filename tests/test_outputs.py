"""Files are written atomically, and only files are replaced."""

import os
from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.cli.output import answer
from pkqsp_bayes.engine.tables import simulation_table
from pkqsp_bayes.outputs import stage_output, write_output, write_text
from pkqsp_bayes.study.write import write_study


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.txt", "target.txt"]


def test_a_pipe_and_a_device_are_refused_and_stay(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to("/dev/null")
    for place in (pipe, link):
        with pytest.raises(pq.CheckError, match="a device, a pipe or a socket"):
            write_text(place, "lost")
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert Path("/dev/null").is_char_device()


def test_a_folder_is_never_replaced_by_a_file_nor_a_file_by_a_folder(tmp_path: Path) -> None:
    folder, file = tmp_path / "results", tmp_path / "file"
    folder.mkdir()
    (folder / "kept.csv").write_text("kept")
    file.write_text("kept")
    with pytest.raises(pq.CheckError, match="there is a folder with this name"):
        write_text(folder, "lost")
    with (
        pytest.raises(pq.CheckError, match="there is a file with this name"),
        stage_output(file) as part,
    ):
        part.mkdir()
    assert (folder / "kept.csv").read_text() == file.read_text() == "kept"


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(pq.CheckError, match="there is no folder"),
        write_output(tmp_path / "absent" / "file") as part,
    ):
        part.write_text("lost")
    with pytest.raises(UnicodeEncodeError), write_output(tmp_path / "file") as part:
        part.write_text("half\ud800", encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


def test_studies_priors_and_simulations_are_written_so(tmp_path: Path) -> None:
    pipe, study = tmp_path / "pipe", pq.load_dataset("theophylline")
    os.mkfifo(pipe)
    with pytest.raises(pq.CheckError, match="a pipe"):
        write_study(study, pipe)
    with pytest.raises(pq.CheckError, match="a pipe"):
        pq.write_priors(pq.PriorTable(), pipe)
    with pytest.raises(pq.CheckError, match="a pipe"):
        answer(simulation_table(pq.simulate("one-compartment", study)), pipe)
    assert pipe.is_fifo()
