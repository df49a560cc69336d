"""The one place where user names become identifiers of C++ and Stan."""

import re
from collections.abc import Sequence

__all__ = ["identifiers", "mangle"]

# Words that neither C++ nor Stan takes as a variable, as far as a pharmacometrician may use them.
_RESERVED = frozenset(
    """
    array auto bool break case char class complex const continue corr_matrix cov_matrix data default
    delete do double else enum export extern false float for functions generated goto if import in
    inline int long lower lp__ matrix model namespace new offset operator ordered parameters print
    private profile public quantities real reject return row_vector short signed simplex sizeof
    static struct switch target template this throw transformed true try tuple typedef typename
    union unit_vector unsigned upper using vector virtual void volatile while
    y q p x c t f k theta rate
    """.split()
)


def mangle(name: str) -> str:
    """Turn one user name into an identifier of both languages.

    Examples
    --------
    >>> mangle("liver.A"), mangle("offset"), mangle("2C9")
    ('liver_A', 'offset_', 'v2C9')
    """
    text = re.sub(r"\W", "_", name, flags=re.ASCII).rstrip("_") or "v"
    if not text[0].isalpha():
        text = "v" + text.lstrip("_")
    return f"{text}_" if text in _RESERVED else text


def identifiers(names: Sequence[str]) -> dict[str, str]:
    """Mangle names together, so that no two of them become the same identifier.

    Examples
    --------
    >>> identifiers(["a.b", "a_b"])
    {'a.b': 'a_b', 'a_b': 'a_b_2'}
    """
    taken: set[str] = set()
    table: dict[str, str] = {}
    for name in names:
        base = candidate = mangle(name)
        number = 1
        while candidate in taken:
            number += 1
            candidate = f"{base.rstrip('_')}_{number}"
        taken.add(candidate)
        table[name] = candidate
    return table
