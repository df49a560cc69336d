"""Tables of a study and its replicates, censored at the same limits of quantification."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.likelihood.quantification_limits import Limits

__all__ = ["CensoredTables", "Statistic"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Statistic = Callable[[pd.DataFrame], float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CensoredTables:
    """Observations and D replicates of them, with the limit instead of values beyond it.

    Parameters
    ----------
    table : pandas.DataFrame
        The observations: ``endpoint``, ``DV``, ``censored``, ``LLOQ``, ``ULOQ``, ``mean`` and
        ``sd`` of replicates, and further columns.
    values : (D, N) array
        Censored replicates.
    side : (D, N) array of int
        -1 below LLOQ, 1 above ULOQ.
    """

    table: pd.DataFrame
    values: FloatArray
    side: IntArray

    @classmethod
    def of(cls, table: pd.DataFrame, limits: Limits, values: FloatArray) -> Self:
        """Censor observations and replicates at the same limits.

        Parameters
        ----------
        table : pandas.DataFrame
            Observations with ``DV`` and ``censored``.
        limits : Limits
            Limits of each observation.
        values : (D, N) array
            Replicates.
        """
        own, clipped = table["DV"].to_numpy(dtype=float), limits.clip(values)
        return cls(
            table=table.assign(
                DV=limits.clip(own),
                censored=limits.side(own, table["censored"].to_numpy()),
                LLOQ=np.where(np.isinf(limits.lower), np.nan, limits.lower),
                ULOQ=np.where(np.isinf(limits.upper), np.nan, limits.upper),
                mean=clipped.mean(axis=0),
                sd=clipped.std(axis=0),
            ),
            values=clipped,
            side=limits.side(values),
        )

    def statistics(
        self, endpoint: str, chosen: Mapping[str, Statistic]
    ) -> tuple[FloatArray, FloatArray]:
        """Return statistics of an endpoint: observed (K,), replicated (K, D)."""
        mine = np.flatnonzero((self.table["endpoint"] == endpoint).to_numpy())
        part = self.table.iloc[mine]
        tables = [
            part.assign(DV=y[mine], censored=side[mine])
            for y, side in zip(self.values, self.side, strict=True)
        ]
        observed = np.array([statistic(part) for statistic in chosen.values()])
        replicated = [[statistic(table) for table in tables] for statistic in chosen.values()]
        return observed, np.array(replicated).reshape(len(chosen), len(tables))
