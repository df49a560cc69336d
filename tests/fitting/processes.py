"""Fits in processes of their own, to be killed."""

import subprocess
import sys
import time
from pathlib import Path

_LONG = """
import signal
import sys
# Started in the background of a shell, a process ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.fitting.conftest import TEXT
study = pq.read_study(sys.argv[1])
settings = pq.FitSettings(chains=2, warmup=300, draws=int(sys.argv[3]), seed=3)
pq.fit(parse_model(TEXT), study, sys.argv[2], settings=settings, cores=1, resume=True)
"""


def start(table: Path, folder: Path, draws: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _LONG, str(table)]
    return subprocess.Popen(
        [*command, str(folder), str(draws)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
        start_new_session=True,
    )


def wait_for(pattern: str, folder: Path, process: subprocess.Popen[str]) -> Path:
    for _ in range(4800):  # a busy machine takes a minute to begin
        found = [p for p in folder.glob(pattern) if p.stat().st_size > 20_000]
        if found:
            return found[0]
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    raise AssertionError(f"no {pattern}")


def sampler_of(process: subprocess.Popen[str]) -> int:
    listed = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True)
    return int(listed.stdout.split()[-1])
