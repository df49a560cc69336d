"""User names become identifiers in one place."""

import keyword

from hypothesis import given
from hypothesis import strategies as st

from pkqsp_bayes.emit.safe_names import identifiers, mangle


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=30))
def test_identifiers_are_valid_and_distinct(names: list[str]) -> None:
    table = identifiers(names)
    assert len(set(table.values())) == len(names)
    for text in table.values():
        assert text.isascii()
        assert text.isidentifier()
        assert text[0].isalpha()
        assert not text.endswith("__"), "Stan refuses a double underscore at the end"


def test_reserved_words_are_avoided() -> None:
    for word in ("offset", "lower", "upper", "var", "real", "class", "t", "y"):
        if not keyword.iskeyword(word):
            assert mangle(word) != word
