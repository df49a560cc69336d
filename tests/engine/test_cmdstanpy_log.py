"""No message of cmdstanpy reaches the user from within; outside its logger is left alone."""

import logging
import subprocess
import sys
import threading

import pytest

from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan

SCRIPT = """
import logging
from cmdstanpy.utils import get_logger
from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
said = get_logger()  # with the handler that cmdstanpy gives itself
with quiet_stan():
    said.warning("Some chains may have failed to converge")
    with quiet_stan():
        said.error("Command failed")
    said.info("compiling stan file")
said.warning("heard")
"""


def test_nothing_of_cmdstanpy_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "heard" in done.stderr


def test_its_messages_are_kept_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    theirs, before = logging.getLogger("cmdstanpy"), logging.getLogger("cmdstanpy").level
    theirs.setLevel(logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG, logger="pkqsp_bayes"), quiet_stan():
            theirs.info("compiling")
            thread = threading.Thread(target=theirs.warning, args=("from a thread",))
            thread.start()
            thread.join()
    finally:
        theirs.setLevel(before)
    said = [(r.levelname, r.getMessage()) for r in caplog.records if r.name != "cmdstanpy"]
    assert said == [("INFO", "cmdstanpy: compiling"), ("DEBUG", "cmdstanpy: from a thread")]
    assert not [r for r in caplog.records if r.name == "cmdstanpy"]


def test_an_error_ends_the_quiet(caplog: pytest.LogCaptureFixture) -> None:
    @quiet_stan()
    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    theirs = logging.getLogger("cmdstanpy")
    theirs.addHandler(caplog.handler)  # whatever its level and its parents are in this process
    try:
        theirs.critical("heard again")
    finally:
        theirs.removeHandler(caplog.handler)
    assert "heard again" in caplog.text
