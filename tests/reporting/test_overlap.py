"""The picture of positivity shows both populations, in numbers and in levels."""

from pathlib import Path

import pandas as pd
from pkqsp_bayes.reporting.overlap import draw_overlap


def test_a_panel_for_each_covariate(tmp_path: Path) -> None:
    covariates = pd.DataFrame(
        {
            "WT": [50.0, 60, 70, 80, 65, 120],
            "SEX": ["m", "f", "m", "m", "f", "f"],
            "AGE": [20.0, 30, 40, 50, 35, 36],
            "CRCL": [90.0, 80, 100, 120, 95, 40],
            "population": ["study"] * 4 + ["target"] * 2,
        }
    )
    draw_overlap(covariates, tmp_path / "overlap.png", units={"WT": "kg", "AGE": "year"})
    assert (tmp_path / "overlap.png").stat().st_size > 5000
