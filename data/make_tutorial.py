"""Simulates the study of the tutorial from a closed formula, with NumPy alone.

The script does not use the package, so that a fit of the study is an independent test of it.
"""

from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "tutorial" / "study.csv"
TRUTH = {
    "CL": 3.5,
    "V": 32.0,
    "ka": 1.2,
    "omega[CL]": 0.3,
    "omega[V]": 0.2,
    "omega[ka]": 0.5,
    "sigma[cp.additive]": 0.1,
    "sigma[cp.proportional]": 0.1,
}
"""Values of the simulation: L/h and L at 70 kg, 1/h, mg/L."""
SUBJECTS = 24
DOSE = 320.0  # mg
TIMES = (0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 24.0, 36.0)  # h
LLOQ = 0.25  # mg/L
SEED = 2024
HEAD = "ID,TIME [h],AMT [mg],EVID,CMT,DV [mg/L],WT [kg]"


def concentration(time: np.ndarray, CL: float, V: float, ka: float) -> np.ndarray:
    """Return mg/L after one oral dose in one compartment."""
    k = CL / V
    return DOSE * ka / (V * (ka - k)) * (np.exp(-k * time) - np.exp(-ka * time))


def simulate_subject(number: int, rng: np.random.Generator) -> list[str]:
    """Return the rows of a subject."""
    weight = round(float(np.clip(rng.normal(72, 12), 45, 110)), 1)
    eta = rng.normal(size=3) * [TRUTH[f"omega[{name}]"] for name in ("CL", "V", "ka")]
    size = weight / 70
    CL = TRUTH["CL"] * size**0.75 * np.exp(eta[0])
    V = TRUTH["V"] * size * np.exp(eta[1])
    f = concentration(np.array(TIMES), CL, V, TRUTH["ka"] * np.exp(eta[2]))
    sd = np.hypot(TRUTH["sigma[cp.additive]"], TRUTH["sigma[cp.proportional]"] * f)
    values = f + sd * rng.normal(size=len(f))
    shown = [f"<{LLOQ}" if value < LLOQ else f"{value:.2f}" for value in values]
    dose = f"{number},0,{DOSE:g},1,oral,.,{weight}"
    pairs = zip(TIMES, shown, strict=True)
    return [dose, *(f"{number},{time:g},0,0,.,{value},{weight}" for time, value in pairs)]


def simulate_study() -> str:
    """Return the text of the study."""
    rng = np.random.default_rng(SEED)
    rows = [row for number in range(1, SUBJECTS + 1) for row in simulate_subject(number, rng)]
    return "\n".join([HEAD, *rows]) + "\n"


if __name__ == "__main__":
    FILE.write_text(simulate_study())
