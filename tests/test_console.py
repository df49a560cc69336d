"""What commands print arrives as it is."""

import pandas as pd
import pytest

from pkqsp_bayes import console


def test_labels_in_brackets_are_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    labels = ["omega[ka]", "sigma[cp.additive]", "beta[CL,SEX,male]"]
    table = pd.DataFrame({"mean": [0.5, 0.25, float("nan")]}, index=labels)
    console.print_table(table.assign(words="a line that is longer than a terminal is wide " * 3))
    told = capsys.readouterr().out
    assert all(label in told for label in labels)
    assert len(told.splitlines()) == 4
