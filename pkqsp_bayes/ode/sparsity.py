"""Elimination order with little fill-in (Markowitz criterion with diagonal pivots)."""

from collections.abc import Iterable

from pkqsp_bayes.ode.lowered import Elimination

__all__ = ["plan_elimination"]


def _least_costly(rows: list[set[int]], cols: list[set[int]], left: set[int]) -> int:
    """Return the pivot whose elimination changes the fewest pairs (ties: the first state)."""
    return min(left, key=lambda i: ((len(rows[i]) - 1) * (len(cols[i]) - 1), i))


def plan_elimination(size: int, pattern: Iterable[tuple[int, int]]) -> Elimination:
    """Order the states so that the LU of ``a I - J`` has little fill-in.

    Organs that exchange with the blood alone come first, so that the arrow matrix of a
    perfusion-limited body has no fill-in.

    Parameters
    ----------
    size : int
        Number of states.
    pattern : iterable of (row, column)
        Structural non-zeros of J.

    Examples
    --------
    >>> plan_elimination(3, [(0, 1), (1, 0), (0, 2), (2, 0)]).fill_in
    0
    """
    entries = set(pattern) | {(i, i) for i in range(size)}
    filled = set(entries)
    rows = [{c for r, c in entries if r == i} for i in range(size)]
    cols = [{r for r, c in entries if c == i} for i in range(size)]
    left, order = set(range(size)), []
    while left:
        pivot = _least_costly(rows, cols, left)
        left.discard(pivot)
        order.append(pivot)
        for r in cols[pivot] - {pivot}:
            for c in rows[pivot] - {pivot}:
                filled.add((r, c))
                rows[r].add(c)
                cols[c].add(r)
        for r in cols[pivot]:
            rows[r].discard(pivot)
        for c in rows[pivot]:
            cols[c].discard(pivot)
    return Elimination(
        order=tuple(order), filled=tuple(sorted(filled)), fill_in=len(filled) - len(entries)
    )
