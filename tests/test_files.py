"""What is read is a regular file of a bounded size, or refused at once, by its name."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.files import read_bytes, read_json, read_text

READERS: list[Callable[[str], object]] = [
    pq.load_model, pq.read_study, pq.read_priors, pq.read_statements, pq.read_causal, pq.read_fit,
]  # fmt: skip


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it: whoever opens it as a file waits for ever
    return str(tmp_path / "pipe")


@pytest.mark.parametrize("reader", READERS)
def test_what_never_ends_is_refused_at_once(
    reader: Callable[[str], object], pipe: str, tmp_path: Path
) -> None:
    endless = tmp_path / "endless.toml"
    endless.symlink_to("/dev/zero")
    for place in ("/dev/zero", "/dev/urandom", pipe, str(endless), str(tmp_path), "/proc/kmsg"):
        began = time.monotonic()
        with pytest.raises(pq.CheckError) as caught:
            reader(place)
        assert time.monotonic() - began < 2
        assert Path(place).name in str(caught.value)


@pytest.mark.parametrize("reader", READERS)
def test_a_file_of_terabytes_is_refused_at_once(
    reader: Callable[[str], object], tmp_path: Path
) -> None:
    for name in ("large", "fit.nc"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2**40)  # a hole: it takes no room
        with pytest.raises(pq.CheckError, match=name):
            reader(str(tmp_path / name))


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "", "nowhere/at/all"])
@pytest.mark.parametrize("reader", READERS)
def test_odd_paths_are_refused(reader: Callable[[str], object], name: str) -> None:
    with pytest.raises(pq.CheckError):
        reader(name)


def test_the_limit_is_exact(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert read_bytes(path, limit=100) == b"x" * 100
    with pytest.raises(pq.CheckError, match="more than 99 bytes"):
        read_bytes(path, limit=99)


def test_a_file_without_a_stated_size_is_bounded() -> None:
    if not Path("/proc/self/smaps").exists():
        pytest.skip("no /proc")
    assert Path("/proc/self/smaps").stat().st_size == 0
    with pytest.raises(pq.CheckError, match="more than 10 bytes"):
        read_bytes("/proc/self/smaps", limit=10)


@pytest.mark.parametrize("content", [b"\xff\xfe1\0", b"\x80abc", b"a\0b"])
def test_a_file_that_is_not_text_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(pq.CheckError, match="text"):
        read_text(tmp_path / "file", limit=1000)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": 1' + "0" * 5000 + "}", "nan?"])
def test_a_file_that_is_not_json_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(pq.CheckError, match=r"not JSON.*\(mend it\)"):
        read_json(tmp_path / "file", limit=1_000_000, remedy="mend it")


def test_what_is_well_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbf" + json.dumps({"é": [1]}).encode())
    assert read_json(tmp_path / "file", limit=1000, remedy="") == {"é": [1]}
