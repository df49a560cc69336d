"""Summarise the draws of one or more chains: what CmdStan's program of this name reports."""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
from arviz_stats.base import array_stats
from numpy.typing import NDArray
from stan_csv import Chain, CsvError, read_chains, readable_name

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stansummary", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="CSV files of the sampler")
    parser.add_argument("-p", "--percentiles", default="5,50,95", help="from 1 to 99, by commas")
    parser.add_argument("-s", "--sig_figs", type=int, default=2, choices=range(1, 19))
    parser.add_argument("-c", "--csv_filename", help="write the table to this file")
    parser.add_argument("-i", "--include_param", action="append", help="only this parameter")
    return parser


def _percentiles(text: str) -> list[float]:
    values = [float(part) for part in text.split(",")]
    if sorted(set(values)) != values or values[0] <= 0 or values[-1] >= 100:
        raise ValueError("percentiles must increase, and lie between 0 and 100")
    return values


def _statistics(
    x: NDArray[np.float64], percentiles: list[float], seconds: float
) -> dict[str, float]:
    """Return the row of one quantity; x is chains x draws."""
    axes = {"chain_axis": 0, "draw_axis": 1}
    bulk = float(array_stats.ess(x, method="bulk", **axes))
    row = {
        "Mean": x.mean(),
        "MCSE": float(array_stats.mcse(x, method="mean", **axes)),
        "StdDev": x.std(ddof=1),
        "MAD": 1.4826 * np.median(np.abs(x - np.median(x))),
    }
    row |= {f"{p:g}%": np.percentile(x, p) for p in percentiles}
    row["ESS_bulk"] = bulk
    row["ESS_tail"] = float(array_stats.ess(x, method="tail", prob=(0.05, 0.95), **axes))
    row["ESS_bulk/s"] = bulk / seconds if seconds > 0 else np.nan
    row["R_hat"] = float(array_stats.rhat(x, method="rank", **axes))
    return row


def _row(x: NDArray[np.float64], percentiles: list[float], seconds: float) -> dict[str, float]:
    """Return the row of one quantity; one that does not move has neither ESS nor R-hat."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        row = _statistics(x, percentiles, seconds)
    if not np.isfinite(x).all() or np.ptp(x) == 0:
        row |= dict.fromkeys(("MCSE", "ESS_bulk", "ESS_tail", "ESS_bulk/s", "R_hat"), np.nan)
    return row


def _table(
    chains: list[Chain], percentiles: list[float], only: list[str] | None
) -> dict[str, dict[str, float]]:
    draws = np.stack([chain.draws for chain in chains])
    seconds = sum(chain.seconds.get("Sampling", 0.0) for chain in chains)
    names = [readable_name(column) for column in chains[0].columns]
    unknown = sorted(set(only or ()) - {name.partition("[")[0] for name in names} - set(names))
    if unknown:
        raise ValueError(f"no such parameter: {', '.join(unknown)}")
    return {
        name: _row(draws[:, :, j], percentiles, seconds)
        for j, name in enumerate(names)
        if only is None or name in only or name.partition("[")[0] in only
    }


def _head(chains: list[Chain]) -> list[str]:
    first, count = chains[0].settings, len(chains)
    timing = {
        phase: ", ".join(f"{chain.seconds.get(phase, float('nan')):g}" for chain in chains)
        for phase in ("Warm-up", "Sampling")
    }
    return [
        f"Inference for Stan model: {first.get('model', '?')}",
        f"{count} chain{'s' * (count > 1)}: {first['num_warmup']} warm-up and "
        f"{first['num_samples']} sampling iterations each, thinned by {first['thin']}; "
        f"{count * len(chains[0].draws)} draws",
        f"Seconds of warm-up: {timing['Warm-up']}; of sampling: {timing['Sampling']}",
    ]


def _csv(table: dict[str, dict[str, float]], head: list[str], figures: int) -> str:
    columns = list(next(iter(table.values())))
    rows = [
        ",".join([f'"{name}"', *(f"{row[c]:.{figures}g}" for c in columns)])
        for name, row in table.items()
    ]
    return "\n".join([",".join(["name", *columns]), *rows, *(f"# {line}" for line in head), ""])


def _text(table: dict[str, dict[str, float]], head: list[str], figures: int) -> str:
    columns = list(next(iter(table.values())))
    grid = [["", *columns]]
    grid += [[name, *(f"{row[c]:.{figures}g}" for c in columns)] for name, row in table.items()]
    widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in grid
    ]
    return "\n".join([*head, "", *lines, ""])


def main(arguments: list[str]) -> int:
    """Summarise the files named on the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        percentiles = _percentiles(options.percentiles)
        chains = read_chains(options.files)
        table = _table(chains, percentiles, options.include_param)
        if options.csv_filename:
            text = _csv(table, _head(chains), options.sig_figs)
            Path(options.csv_filename).write_text(text, encoding="utf-8")
    except (CsvError, ValueError, OSError) as error:
        sys.stderr.write(f"stansummary: {error}\n")
        return 1
    sys.stdout.write(_text(table, _head(chains), options.sig_figs))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
