"""Linear algebra of a model header: norm, LU factors and solution for its sparse Jacobian."""

from collections.abc import Iterable, Sequence

from pkqsp_bayes.ode.lowering.lowered import LoweredOde

__all__ = ["print_algebra"]


def print_algebra(ode: LoweredOde, jacobian: Sequence[str]) -> Iterable[str]:
    """Print the functions ``norm``, ``factor`` and ``solve``.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system with its elimination order.
    jacobian : sequence of str
        The text of each entry of ``ode.rhs.by_state``.

    Returns
    -------
    iterable of str
        Lines of C++.
    """
    yield from _norm(ode, jacobian)
    yield from _factor(ode, jacobian)
    yield from _solve(ode)


def _norm(ode: LoweredOde, jacobian: Sequence[str]) -> Iterable[str]:
    """Yield the 1-norm of the Jacobian, a bound of its spectral radius, for the stiffness test."""
    columns: dict[int, list[str]] = {}
    for entry, text in zip(ode.rhs.by_state, jacobian, strict=True):
        columns.setdefault(entry.col, []).append(f"std::fabs({text})")
    yield "static double norm(const double* q, const double* jac) {"
    yield "  double most = 0.0;"
    for parts in columns.values():
        yield f"  most = std::fmax(most, {' + '.join(parts)});"
    yield "  return most;"
    yield "}"


def _factor(ode: LoweredOde, jacobian: Sequence[str]) -> Iterable[str]:
    """Yield the LU of a I - J in straight-line code; the diagonal of ``lu`` has inverse pivots."""
    plan, place = ode.elimination, _places(ode)
    entries = {(e.row, e.col): text for e, text in zip(ode.rhs.by_state, jacobian, strict=True)}
    yield "static bool factor(double a, const double* q, const double* jac, double* lu) {"
    yield "  const double tiny = 1e-14 * a;"
    yield "  bool ok = true;"
    for cell in plan.filled:
        start = "a" if cell[0] == cell[1] else "0.0"
        minus = f" - ({entries[cell]})" if cell in entries else ""
        yield f"  double {_cell(cell)} = {start}{minus};"
    for pivot, below, right in _steps(ode):
        diagonal = _cell((pivot, pivot))
        yield f"  ok &= std::fabs({diagonal}) > tiny;"
        yield f"  {diagonal} = 1.0 / {diagonal};"
        for r in below:
            yield f"  {_cell((r, pivot))} *= {diagonal};"
            for c in right:
                yield f"  {_cell((r, c))} -= {_cell((r, pivot))} * {_cell((pivot, c))};"
    for cell, k in place.items():
        yield f"  lu[{k}] = {_cell(cell)};"
    yield "  return ok;"
    yield "}"


def _solve(ode: LoweredOde) -> Iterable[str]:
    place = _places(ode)
    yield "template <class T> static void solve(const double* lu, T* b) {"
    steps = list(_steps(ode))
    for pivot, below, _ in steps:
        for r in below:
            yield f"  b[{r}] -= lu[{place[(r, pivot)]}] * b[{pivot}];"
    for pivot, _, right in reversed(steps):
        for c in right:
            yield f"  b[{pivot}] -= lu[{place[(pivot, c)]}] * b[{c}];"
        yield f"  b[{pivot}] = lu[{place[(pivot, pivot)]}] * b[{pivot}];"
    yield "}"


def _places(ode: LoweredOde) -> dict[tuple[int, int], int]:
    return {cell: k for k, cell in enumerate(ode.elimination.filled)}


def _steps(ode: LoweredOde) -> Iterable[tuple[int, list[int], list[int]]]:
    """Yield each pivot with the rows below it and the columns right of it, in order."""
    plan = ode.elimination
    filled = set(plan.filled)
    for k, pivot in enumerate(plan.order):
        later = plan.order[k + 1 :]
        yield (
            pivot,
            [r for r in later if (r, pivot) in filled],
            [c for c in later if (pivot, c) in filled],
        )


def _cell(cell: tuple[int, int]) -> str:
    return f"w{cell[0]}_{cell[1]}"
