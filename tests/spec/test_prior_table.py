"""Prior tables: their content, and their effect on a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pkqsp_bayes as pq
from pkqsp_bayes.spec.prior_table import (
    PriorEntry,
    PriorTable,
    format_priors,
    merge_tables,
    parse_priors,
    read_priors,
    write_priors,
)
from pkqsp_bayes.spec.priors.addresses import stated_values, with_values
from pkqsp_bayes.spec.priors.apply_priors import apply_priors
from pkqsp_bayes.spec.priors.prior import JointPriorSpec, PriorSpec, Provenance
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from tests.spec.examples import EVERYTHING

MODEL = """
title = "table"
covariates = { SEX = { category = true, levels = { female = 1, male = 2 } }, WT = "kg" }
equations = "d(A)/dt = -CL / V * A"
[population]
V = { typical = 20, iiv = "lognormal" }
[population.CL]
typical = "lognormal(1, 0.5)"
iiv = "lognormal"
iov = "lognormal"
covariates = { SEX = "categorical(male = from_qsp)", WT = "power(normal(0.75, 0.1), 70)" }
[population.omega]
CL = "from_qsp"
V = 0.3
correlate = ["CL", "V"]
[observe.cp]
value = "A / V"
error = "combined"
[observe.pd]
value = "A"
error = { form = "proportional", sigma = 0.1 }
"""
JOINT = """
[joint.CL]
targets = ["CL", "omega[CL]"]
scales = ["log", "log"]
mean = [1, -1]
sd = [0.2, 0.3]
correlation = [[1, 0.5], [0.5, 1]]
"""
REST = """
[priors."beta[CL,SEX,male]"]
prior = "normal(0, 0.5)"
"""


def model() -> pq.ModelSpec:
    return parse_model(MODEL)


def problems(table: str) -> list[str]:
    with pytest.raises(pq.CheckError) as caught:
        apply_priors(model(), parse_priors(table))
    return [str(issue) for issue in caught.value.issues]


def test_everything_that_may_have_a_prior_has_an_address() -> None:
    assert stated_values(model()) == {
        "V": 20, "CL": parse_prior("lognormal(1, 0.5)"),
        "beta[CL,SEX,male]": PriorSpec(family="from_qsp"),
        "beta[CL,WT]": parse_prior("normal(0.75, 0.1)"),
        "omega[V]": 0.3, "omega[CL]": PriorSpec(family="from_qsp"), "omega_iov[CL]": None,
        "sigma[cp.additive]": None, "sigma[cp.proportional]": None, "sigma[pd]": 0.1,
    }  # fmt: skip


def test_each_address_is_the_place_that_is_replaced() -> None:
    for stated in (model(), parse_model(EVERYTHING)):
        for number, address in enumerate(stated_values(stated), start=1):
            changed = with_values(stated, {address: number + 0.5})
            assert stated_values(changed) == stated_values(stated) | {address: number + 0.5}


def test_a_table_replaces_priors() -> None:
    table = parse_priors(
        JOINT + REST + '[priors."sigma[cp.additive]"]\nprior = "exponential(2)"\n'
        '[priors.corr]\nprior = "lkj(5)"\n'
        '[priors."omega_iov[CL]"]\nprior = "half_normal(0.2)"\ndiscount = 0.25'
    )
    applied = apply_priors(model(), table)
    values = stated_values(applied)
    assert str(values["CL"]) == "lognormal(1, 0.2)"
    assert str(values["omega[CL]"]) == "lognormal(-1, 0.3)"
    assert values["omega_iov[CL]"] == parse_prior("half_normal(0.4)")
    assert values["sigma[cp.additive]"] == parse_prior("exponential(2)")
    assert applied.population.omega.lkj == 5
    assert applied.joint_prior == table.joint
    assert parse_model(format_model(applied)) == applied
    assert apply_priors(applied, PriorTable()) == applied


def test_from_qsp_without_a_table_is_refused_with_the_remedy() -> None:
    told = problems("")
    assert len(told) == 2
    assert "omega[CL]: from_qsp is not a distribution of a number" in told[1]
    assert "pkqsp_bayes.derive_priors" in told[1]
    assert "priors=" in told[1]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[priors."omega[C]"]\nprior = "half_normal(1)"', "did you mean omega[CL]?"),
        ('[priors.V]\nprior = "half_normal(1)"', "the model states V as a number: 20"),
        ('[priors.CL]\nprior = "half_normal(1)"\ndiscount = 0', "the discount is 0"),
        ('[priors.CL]\nprior = "student_t(1, 0, 1)"\ndiscount = 0.1', "is not a distribution"),
        ('[priors.CL]\nprior = "half_normal(1)"\nweight = 0.5', "a mixture needs"),
        ('[priors.CL]\nprior = "half_normal(1)"\nweight = 2', "the weight is 2"),
        ('[priors.CL]\nprior = "exponential(1)"\nweight = 0.5\nvague = "normal(0, 1)"',
         "have different supports"),
        ('[priors.CL]\nprior = "lkj(1)"', "is not a distribution of a number"),
        ('[priors.CL]\nprior = "normal(-5, 0.1)"', "has no mass on the valid values"),
        ('[priors.corr]\nprior = "normal(0, 1)"', "write lkj(2)"),
        ('[priors.corr]\nprior = "lkj(5)"\ndiscount = 0.5', "neither a discount nor a mixture"),
        (JOINT + '[priors.CL]\nprior = "half_normal(1)"', "CL is also in a joint prior"),
        (JOINT.replace("0.5], [0.5", "1.5], [1.5"), "the correlation matrix is not valid"),
        (JOINT.replace("sd = [0.2, 0.3]", "sd = [0.2]"), "sd has another length"),
        (JOINT.replace("[0.2, 0.3]", "[0.2, -1]"), "is not positive"),
        (JOINT.replace('"omega[CL]"', '"CL"'), "CL has two joint priors"),
        (JOINT + "weight = 0.5", "vague_sd has another length"),
        (JOINT + "discount = 3", "the discount is 3"),
    ],
)  # fmt: skip
def test_bad_entries_are_refused(table: str, said: str) -> None:
    told = problems(table if "[priors" in table[1:12] else table + REST)
    assert any(said in line for line in told), told


def test_a_prior_of_correlations_needs_correlated_effects() -> None:
    plain = parse_model(MODEL.replace('correlate = ["CL", "V"]', ""))
    with pytest.raises(pq.CheckError, match="states no correlated random effects"):
        apply_priors(plain, parse_priors(REST + '[priors.corr]\nprior = "lkj(5)"'))


def test_all_problems_of_a_file_come_together() -> None:
    text = '[priors.CL]\nprior = "lognrmal(0, 1)"\ndiscunt = 1\n[joint.x]\ntargets = ["a"]'
    with pytest.raises(pq.CheckError) as caught:
        parse_priors(text, where="my.toml")
    told = str(caught.value)
    for part in ("did you mean lognormal?", "did you mean discount?", "my.toml: joint.x.mean"):
        assert part in told


def test_later_tables_win() -> None:
    one, two = parse_priors(JOINT + REST), parse_priors('[priors.CL]\nprior = "exponential(1)"')
    merged = merge_tables(one, two)
    assert set(merged.priors) == {"CL", "beta[CL,SEX,male]"}
    assert not merged.joint
    assert merge_tables(two, one) == one


def test_files_are_written_whole_and_read_back(tmp_path) -> None:
    path = tmp_path / "priors.toml"
    table = parse_priors(JOINT + REST)
    write_priors(table, path)
    assert read_priors(path) == table
    assert [file.name for file in tmp_path.iterdir()] == ["priors.toml"]
    with pytest.raises(pq.CheckError, match="cannot be written"):
        write_priors(table, tmp_path / "no" / "priors.toml")
    with pytest.raises(pq.CheckError, match="cannot be read"):
        read_priors(tmp_path / "none.toml")


numbers = st.floats(-1e6, 1e6).filter(lambda x: x != 0)
shares = st.floats(0.01, 1)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
accounts = st.none() | st.builds(
    Provenance, method=texts, source=texts, seed=st.none() | st.integers(0, 10**6),
    fit=st.dictionaries(texts, numbers, max_size=2),
    ess=st.dictionaries(texts, numbers, max_size=2),
)  # fmt: skip
priors = st.builds(lambda m, s: PriorSpec(family="normal", args=(m, s)), numbers, st.floats(0.1, 9))
entries = st.builds(
    PriorEntry, prior=priors, vague=st.none() | priors, weight=shares, discount=shares,
    provenance=accounts,
)  # fmt: skip


@given(st.dictionaries(texts, entries, max_size=3), shares, accounts)
def test_tables_survive_the_round_trip(priors, weight, account) -> None:
    joint = JointPriorSpec(
        targets=("CL",), scales=("log",), mean=(0.5,), sd=(1.0,), correlation=((1.0,),),
        weight=weight, vague_sd=(2.0,), provenance=account,
    )  # fmt: skip
    table = PriorTable(title="t", priors=priors, joint={"a": joint})
    assert parse_priors(format_priors(table)) == table


def test_a_table_of_an_earlier_version_is_read() -> None:
    text = '[priors.{}]\nprior = "lkj(3)"\n'
    old, new = (parse_priors(text.format(name)) for name in ("correlation", "corr"))
    assert old == new
    assert list(new.priors) == ["corr"]
    assert "[priors.corr]" in format_priors(old)
    with pytest.raises(pq.CheckError, match=r"it has two names in this table \(keep corr\)"):
        parse_priors(text.format("correlation") + text.format("corr"))
