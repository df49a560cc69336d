"""Conversion of user names to identifiers of C++ and Stan."""

import re
from collections.abc import Iterable, Sequence

__all__ = ["identifiers", "mangle"]

# Words that C++ or Stan does not accept as a variable and that a user may choose as a name.
_KEYWORDS = """
alignas alignof and and_eq array asm auto bitand bitor bool break c case catch char
cholesky_factor_corr cholesky_factor_cov class compl complex concept const constexpr continue
corr_matrix cov_matrix d data decltype default delete do double dydt else enum explicit export
extern f false fatal_error float for friend functions fvar generated goto if import in inline int
jacobian k long lower lp__ matrix model multiplier mutable namespace new noexcept not not_eq nullptr
offset operator or or_eq ordered out p parameters positive_ordered print private profile
protected public q quantities rate real register reject repeat requires return row_vector s
short signed simplex sizeof static struct switch t target template then this throw transformed
true try tuple typedef typename union unit_vector unsigned until upper using var vector
virtual void volatile while x xor xor_eq y y0
"""
_RESERVED = frozenset(_KEYWORDS.split())

# Endings of names that change the kind of a Stan function: the prior of a parameter named lp is a
# function prior__lp, which Stan treats as one that changes the target.
_ENDINGS = re.compile(
    r"(?:.*_)?(?:lp|lpdf|lpmf|lupdf|lupmf|cdf|lcdf|ccdf|lccdf|log|rng|jacobian)", re.ASCII
)


def mangle(name: str) -> str:
    """Convert a user name to an identifier of both languages.

    Examples
    --------
    >>> mangle("liver.A"), mangle("offset"), mangle("2C9"), mangle("lp")
    ('liver_A', 'offset_', 'v2C9', 'lp_')
    """
    text = re.sub(r"\W", "_", name, flags=re.ASCII).rstrip("_") or "v"
    if not text[0].isalpha():
        text = "v" + text.lstrip("_")
    return f"{text}_" if text in _RESERVED or _ENDINGS.fullmatch(text) else text


def identifiers(names: Sequence[str], *, taken: Iterable[str] = ()) -> dict[str, str]:
    """Convert names together, so that no two of them have the same identifier.

    Parameters
    ----------
    names : sequence of str
        Names chosen by the user.
    taken : iterable of str
        Identifiers that are not available.

    Examples
    --------
    >>> identifiers(["a.b", "a_b"])
    {'a.b': 'a_b', 'a_b': 'a_b_2'}
    """
    gone = set(taken)
    table: dict[str, str] = {}
    for name in names:
        base = candidate = mangle(name)
        number = 1
        while candidate in gone:
            number += 1
            candidate = f"{base.rstrip('_')}_{number}"
        gone.add(candidate)
        table[name] = candidate
    return table
