"""Labels of quantities: each is read as it was made, and nothing else is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkqsp_bayes.spec import labels
from pkqsp_bayes.spec.identifiers import check_name
from pkqsp_bayes.spec.labels import Label, current_label, parse_label

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text("ab1*/,[] ", min_size=1, max_size=8)  # labels of levels and occasions are any text


@given(NAMES, NAMES, TEXTS)
def test_what_is_made_is_read_again(first: str, second: str, level: str) -> None:
    made = {
        labels.omega_label(first): ("omega", first),
        labels.omega_iov_label(first): ("omega_iov", first),
        labels.corr_label(first, second): ("corr", first, second),
        labels.coefficient_label(first, second): ("beta", first, second),
        labels.coefficient_label(first, second, level): ("beta", first, second, level),
        labels.sigma_label(labels.residual_name(first, second)): ("sigma", f"{first}.{second}"),
        labels.shape_label(first): ("shape", first),
        labels.eta_label(first): ("eta", first),
        labels.kappa_label(first, level): ("kappa", first, level),
        labels.occasion_label(level): ("occasion", level),
        labels.misfit_label(first): ("misfit", first),
        first: ("typical", first),
    }
    for text, (kind, *parts) in made.items():
        assert parse_label(text) == Label(kind, tuple(parts))  # type: ignore[arg-type]
        assert str(parse_label(text)) == text


@pytest.mark.parametrize(
    "text", ["", "CL]", "CL,V", "omega[]", "omega[CL", "corr[CL]", "beta[CL]", "gamma[CL]", "[CL]"]
)
def test_anything_else_is_no_label(text: str) -> None:
    with pytest.raises(ValueError, match="is not a label"):
        parse_label(text)


@pytest.mark.parametrize("name", ["omega[CL]", "corr[CL,V]", "a,b", "a]"])
def test_no_user_can_give_such_a_name(name: str) -> None:
    assert check_name(name)


def test_the_parameter_of_a_label() -> None:
    found = {x: labels.parameter_of(x) for x in ("kappa[CL,2]", "omega_iov[V]", "eta[ka]")}
    assert found == {"kappa[CL,2]": "CL", "omega_iov[V]": "V", "eta[ka]": "ka"}
    assert {labels.parameter_of(x) for x in ("corr[CL,V]", "sigma[cp]", "misfit[cp]")} == {""}


def test_labels_of_earlier_versions() -> None:
    # The lower triangle of a block had the row first, which is the later effect.
    old = ["correlation", "correlation[CL,V]", "correlation_2[V,CL]", "correlation_1[ka, CL]"]
    assert [*map(current_label, old)] == ["corr", "corr[CL,V]", "corr[CL,V]", "corr[CL,ka]"]
    for now in ("CL", "omega[CL]", "sigma[cp.additive]", "beta[CL,SEX,male]", "corr[CL,V]"):
        assert current_label(now) == now
