"""The pages of the library: ``python -m tests.reporting.look FOLDER [NAME ...]``.

Each model gets a study that is simulated from it, a short fit, and its report. Headless Chromium
opens the page at the width of a desk and of a phone: what it logs, what it asks the network for,
what is wider than the screen or did not load is told; ``<name>-<width>.png`` is to be looked at.
"""

import dataclasses
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.typical_individual import typical_values
from pkqsp_bayes.library import names
from tests.designs import regimen
from tests.program.studies import observed

__all__ = ["WIDTHS", "find_faults", "simulated_study"]

WIDTHS = {"desk": 1280, "phone": 390}
SETTINGS = pq.FitSettings(chains=2, warmup=100, draws=100, seed=1, max_treedepth=6)
_SPREAD, _NOISE, _COPIES = 0.2, 0.08, 6
_FRAME = """<iframe src="{page}" width="{width}" height="900" style="border:0"></iframe><pre></pre>
<script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument, edge = page.documentElement.clientWidth + 1;
  const inScroll = (e) => e.closest(".scroll, .equation") !== null;
  const wide = [...page.querySelectorAll("body *")].filter(
    (e) => e.getBoundingClientRect().right > edge && !inScroll(e) && !e.closest("svg, math"));
  const lost = [...page.images].filter((i) => i.naturalWidth === 0);
  const asked = frame.contentWindow.performance.getEntriesByType("resource").map((r) => r.name)
    .filter((name) => !name.startsWith("data:"));
  document.querySelector("pre").textContent = JSON.stringify({{
    wide: [...new Set(wide.map((e) => e.tagName + "." + e.className))].slice(0, 5),
    scroll: page.documentElement.scrollWidth > edge, lost: lost.length, asked,
    pictures: page.images.length }});
}};
</script>"""


def simulated_study(name: str) -> pq.Study:
    """Return the library's design for a model, its samples drawn around the typical values."""
    rng = np.random.default_rng(3)
    model, design = pq.load_model(name), _repeated(regimen(name))
    compiled = compile_model(model)
    typical = typical_values(compiled, {})
    values = pd.DataFrame(
        np.tile(typical, (len(design.subjects), 1)),
        index=design.subjects,
        columns=compiled.ode.parameters,
    )
    for parameter, stated in model.population.parameters.items():
        if stated.iiv == "lognormal" and parameter in values:
            values[parameter] *= np.exp(_SPREAD * rng.normal(size=len(values)))
    solved = pq.simulate(model, design, parameters=values)
    table = design.table
    seen = table.EVID.eq(0).to_numpy()
    first = next(n for n, o in model.observe.items() if o.error is not None)
    of = table.DVID.where(table.DVID != "", first)
    exact = np.array([solved[of.iloc[k]].to_numpy()[k] for k in np.flatnonzero(seen)])
    noisy = exact * np.exp(_NOISE * rng.normal(size=exact.size))
    return observed(design, noisy)


def _repeated(design: pq.Study) -> pq.Study:
    """Return a design with its subjects several times over."""
    copies = [design.table.assign(ID=design.table.ID + "abcdef"[k]) for k in range(_COPIES)]
    return dataclasses.replace(design, table=pd.concat(copies, ignore_index=True))


def find_faults(page: Path, width: int) -> list[str]:
    """Return what a browser of a width finds wrong with a page; nothing, if nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.html"
        frame.write_text(_FRAME.format(page=page.resolve().as_uri(), width=width))
        told = _chromium("--dump-dom", "--virtual-time-budget=4000", frame.as_uri())
    found = json.loads(re.search(r"<pre>(.*?)</pre>", told.stdout, re.DOTALL)[1] or "{}")
    if not found:
        return ["the page did not load"]
    faults = [f"{what} is wider than the screen" for what in found["wide"]]
    faults += ["the page scrolls sideways"] if found["scroll"] else []
    faults += [f"{found['lost']} pictures did not load"] if found["lost"] else []
    faults += [f"it asks for {name}" for name in found["asked"]]
    faults += re.findall(r"CONSOLE\S*\] (.*)", told.stderr)
    return faults


_FOLDED = """<!doctype html><iframe src="{page}" width="700" height="900"></iframe><pre></pre>
<script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const parts = [...frame.contentDocument.querySelectorAll("details")];
  const inside = parts.map((d) => d.querySelector(":scope > :not(summary)"));
  const hidden = inside.filter((e) => e.getBoundingClientRect().height === 0);
  document.querySelector("pre").textContent = JSON.stringify(
    {{ parts: parts.length, open: parts.filter((d) => d.open).length, hidden: hidden.length }});
}};
</script>"""


def count_folded(page: Path) -> dict[str, int]:
    """Return the folded parts of a page, and those that are hidden when it is printed.

    The rules for paper are taken for the screen, since a browser prints to a file of glyphs.
    """
    with tempfile.TemporaryDirectory() as folder:
        paper, frame = Path(folder) / "paper.html", Path(folder) / "frame.html"
        text = page.read_text()
        assert "@media print {" in text
        paper.write_text(text.replace("@media print {", "@media screen {"))
        frame.write_text(_FOLDED.format(page=paper.as_uri()))
        told = _chromium("--dump-dom", "--virtual-time-budget=4000", frame.as_uri())
    found: dict[str, int] = json.loads(re.search(r"<pre>(.*?)</pre>", told.stdout, re.DOTALL)[1])
    return found


def _chromium(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--allow-file-access-from-files", "--enable-logging=stderr", *arguments,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def _draw(page: Path, width: int, path: Path) -> None:
    size = f"--window-size={width},{14000 if width < 500 else 9000}"
    _chromium(size, f"--screenshot={path}", page.resolve().as_uri())


def main(folder: Path, chosen: list[str]) -> None:
    """Fit, report and look."""
    for name in chosen or names():
        place = folder / name
        study = simulated_study(name)
        fit = pq.fit(
            pq.load_model(name), study, place, settings=SETTINGS, resume=True, progress=False
        )
        page = pq.report(fit, place)
        for kind, width in WIDTHS.items():
            faults = find_faults(page, width)
            print(name, kind, faults or "nothing is wrong", flush=True)
            _draw(page, width, folder / f"{name}-{kind}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
