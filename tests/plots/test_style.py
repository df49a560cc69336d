"""Figures outside pyplot: the same bytes each time, whole files, pictures in a notebook."""

import io
import logging
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread

import pkqsp_bayes as pq
from pkqsp_bayes.plots.style import PlotFigure, new_figure


def small() -> PlotFigure:
    with new_figure(width=3, height=2) as figure:
        axis = figure.subplots()
        axis.plot([1, 2, 3], [1, 4, 9], label="a")
        axis.fill_between([1, 3], 0, [1, 9], hatch="//", alpha=0.4)
        figure.legend(loc="outside upper center")
    return figure


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_figure_is_the_same_file(tmp_path: Path, suffix: str) -> None:
    for name in ("one", "two"):
        pq.save_figure(small(), tmp_path / f"{name}.{suffix}")
    one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix])
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"one.{suffix}", f"two.{suffix}"]


@pytest.mark.parametrize("name", ["x", "x.gif", "x.png.txt", "x.PNG/y.bmp"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(pq.CheckError, match=r"end the name with \.png, \.svg or \.pdf"):
        pq.save_figure(small(), tmp_path / name)
    assert not any(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(pq.CheckError, match="there is no folder"):
        pq.save_figure(small(), tmp_path / "none" / "x.png")


def test_a_failed_drawing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.svg"
    path.write_text("old")
    figure = small()
    monkeypatch.setattr(figure, "savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pq.save_figure(figure, path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.svg"]


def test_a_notebook_shows_a_figure(tmp_path: Path) -> None:
    """IPython asks an object for ``_repr_png_``; there is neither pyplot nor a window."""
    (tmp_path / "x.png").write_bytes(small()._repr_png_())
    pixels = imread(tmp_path / "x.png")
    assert pixels.shape[:2] == (220, 330)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 20


def test_the_style_is_kept_outside_and_leaks_nowhere() -> None:
    before = dict(mpl.rcParams)
    figure = small()
    FigureCanvasAgg(figure).draw()
    assert dict(mpl.rcParams) == before
    ticks = figure.axes[0].xaxis.get_major_ticks()
    assert {tick.label1.get_fontsize() for tick in ticks} == {9}, "they are made only when drawn"
    assert before["font.size"] == 10


def test_characters_that_the_font_lacks_are_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    figure = small()
    figure.axes[0].set_title("subject 受試者")
    with warnings.catch_warnings(record=True) as raw, caplog.at_level(logging.WARNING):
        warnings.simplefilter("always")
        figure._repr_png_()
        FigureCanvasAgg(figure).draw()
        figure.savefig(io.BytesIO(), format="svg")
    assert not raw
    (record,) = caplog.records
    assert record.name.startswith("pkqsp_bayes")
    assert "受" in record.getMessage()


def test_other_warnings_pass() -> None:
    figure = small()
    figure.axes[0].set_zorder(3)
    figure.axes[0].draw = lambda _: warnings.warn("another", stacklevel=1)  # type: ignore[method-assign]
    with pytest.warns(UserWarning, match="another"):
        FigureCanvasAgg(figure).draw()


def test_pyplot_is_not_needed() -> None:
    import subprocess

    code = (
        "import sys, numpy as np, pandas as pd, pkqsp_bayes as pq\n"
        "table = pd.DataFrame({'WT': [1.0, 2.0], 'population': ['study', 'target']})\n"
        "pq.plot_positivity(table)._repr_png_()\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
