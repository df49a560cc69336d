"""Time the compilation of a small model with the precompiled header and without; print the ratio.

Run it as ``python -m tests.driver.compile_time``.
"""

import subprocess
import tempfile
import time
from pathlib import Path

from pkqsp_bayes.engine.toolchain import find_stan

__all__ = ["measure"]

_PROGRAM = """
data { int<lower=0> N; array[N] int<lower=0, upper=1> y; }
parameters { real<lower=0, upper=1> theta; }
model { theta ~ beta(1, 1); y ~ bernoulli(theta); }
"""


def _seconds(stan: Path, *options: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "small.stan")
        source.write_text(_PROGRAM)
        start = time.perf_counter()
        command = ["make", *options, str(source.with_suffix(""))]
        subprocess.run(command, cwd=stan, check=True, capture_output=True)
        return time.perf_counter() - start


def measure(stan: Path, repeats: int = 2) -> tuple[float, float]:
    """Return the least seconds with the precompiled header and without, measured in turn."""
    with_header, without = [], []
    for _ in range(repeats):
        with_header.append(_seconds(stan))
        without.append(_seconds(stan, "PCH_KEY=none", "MODELS_PCH="))
    return min(with_header), min(without)


if __name__ == "__main__":
    fast, slow = measure(find_stan().path)
    print(f"with {fast:.1f} s, without {slow:.1f} s, ratio {slow / fast:.2f}")
