"""Virtual populations: the sources' means and CVs, sums, determinism, refusals."""

import time

import numpy as np
import pytest
from scipy.stats import truncnorm

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.physiology.body import FEMALE, MALE
from pkqsp_bayes.physiology.human import human_body
from pkqsp_bayes.physiology.human_reference import BLOOD_DENSITY, HUMAN_ORGANS
from pkqsp_bayes.physiology.population import (
    Gene,
    PopulationSettings,
    hardy_weinberg,
    virtual_population,
)

_N = 20_000


@pytest.fixture(scope="module")
def people():
    return virtual_population(_N, seed=11)


@pytest.fixture(scope="module")
def standard():
    """Men of one size, with the variability between individuals of one size."""
    settings = PopulationSettings(
        age=(30.0, 30.0), female=0.0, height_cv=(0.0, 0.0), bmi_cv=(0.0, 0.0)
    )
    return virtual_population(_N, seed=12, settings=settings)


def test_size_is_that_of_the_source(people):
    """ICRP 89 means; SD 7.5 cm of 172 and 161, BMI 3.3 of 22.8 and 4.5 of 22.5 (Huisinga 2012)."""
    for sex, height, bmi, height_cv, bmi_cv in (
        (MALE, 176.0, 23.567, 7.5 / 172, 3.3 / 22.8),
        (FEMALE, 163.0, 22.583, 7.5 / 161, 4.5 / 22.5),
    ):
        some = people[sex == people.SEX]
        assert some.HT.mean() == pytest.approx(height, rel=0.003)
        assert some.HT.std() / some.HT.mean() == pytest.approx(height_cv, rel=0.03)
        assert some.BMI.mean() == pytest.approx(bmi, rel=0.01)
        assert some.BMI.std() / some.BMI.mean() == pytest.approx(bmi_cv, rel=0.04)


def test_organs_vary_as_in_willmann(standard):
    usual = human_body(WT=73.0, HT=176.0)
    for name, figures in HUMAN_ORGANS.items():
        if name == "adipose":
            continue  # takes the rest of the weight
        ratio = standard[f"{name}.V"] / usual.organs[name].volume
        if figures.volume_geometric_sd is None:
            cv = figures.volume_cv
            # No one is below zero: of the skin, CV 45 %, that is a tail of 1 %.
            expected = truncnorm(-1.0 / cv, np.inf, loc=1.0, scale=cv)
            assert ratio.mean() == pytest.approx(expected.mean(), abs=0.01), name
            assert ratio.std() == pytest.approx(expected.std(), rel=0.03), name
        else:
            spread = np.exp(np.log(ratio).std())
            assert spread == pytest.approx(figures.volume_geometric_sd, rel=0.02), name


def test_flows_and_filtration_are_near_the_usual(standard):
    assert standard.cardiac_output.mean() == pytest.approx(390.0, rel=0.01)
    assert standard.gfr.std() / standard.gfr.mean() == pytest.approx(0.228, rel=0.03)


def test_everyone_adds_up(people):
    masses = sum(people[f"{name}.V"] * figures.density for name, figures in HUMAN_ORGANS.items())
    blood = (people.arterial_volume + people.venous_volume) * BLOOD_DENSITY
    total = masses + blood + people["rest.V"] * 1.04
    np.testing.assert_allclose(total, people.WT, rtol=1e-12)
    portal = {"gut", "pancreas", "spleen", "stomach"}
    veins = [c for c in people if c.endswith(".Q") and c.removesuffix(".Q") not in portal]
    np.testing.assert_allclose(people[veins].sum(axis=1), people.cardiac_output, rtol=1e-12)
    numbers = people.drop(columns="SEX")
    assert (numbers > 0.0).all(axis=None)


def test_enzymes_vary_as_in_pksim(people):
    for name, spread in {"CYP3A4": 1.182, "CYP2D6": 2.488}.items():
        assert np.exp(np.log(people[name]).std()) == pytest.approx(spread, rel=0.02)
        assert people[name].median() == pytest.approx(1.0, abs=0.03)


def test_proteins_vary_as_in_pksim(people):
    for name, usual, spread in (("albumin", 44.0, 1.177), ("aag", 0.61, 1.441)):
        assert np.exp(np.log(people[name]).std()) == pytest.approx(spread, rel=0.02)
        assert people[name].median() == pytest.approx(usual, rel=0.02)


def test_chunks_are_the_whole(people):
    chunk = virtual_population(50, seed=11, first=700)
    assert chunk.equals(people.iloc[700:750])
    assert chunk.index.tolist() == list(range(700, 750))


def test_another_seed_is_another_population(people):
    assert not np.isclose(virtual_population(20, seed=3).WT, people.WT[:20]).any()


def test_stated_correlations_appear():
    settings = PopulationSettings(correlations={("liver", "CYP3A4"): 0.6, ("height", "bmi"): -0.3})
    some = virtual_population(_N, seed=5, settings=settings)
    men = some[some.SEX == MALE]
    assert np.corrcoef(men.HT, np.log(men.BMI))[0, 1] == pytest.approx(-0.3, abs=0.03)
    # Size moves the liver as well, so that 0.6 is diluted.
    assert 0.4 < np.corrcoef(men["liver.V"], np.log(men.CYP3A4))[0, 1] < 0.62


def test_genotypes_have_their_frequencies_and_activities():
    gene = Gene(
        frequencies=hardy_weinberg({"*1": 0.8, "*3": 0.2}),
        enzyme="CYP2C9",
        activity={"*1/*3": 0.5, "*3/*3": 0.1},
    )
    settings = PopulationSettings(genes={"CYP2C9_genotype": gene})
    some = virtual_population(_N, seed=8, settings=settings)
    shares = some.CYP2C9_genotype.value_counts(normalize=True)
    assert shares["*1/*1"] == pytest.approx(0.64, abs=0.01)
    assert shares["*1/*3"] == pytest.approx(0.32, abs=0.01)
    medians = some.groupby("CYP2C9_genotype", observed=True).CYP2C9.median()
    assert medians["*1/*3"] / medians["*1/*1"] == pytest.approx(0.5, rel=0.05)


def test_criteria_include_without_clipping():
    settings = PopulationSettings(weight=(60.0, 90.0), age=(18.0, 80.0), female=0.3)
    some = virtual_population(2000, seed=2, settings=settings)
    assert some.WT.between(60.0, 90.0).all()
    assert not some.WT.isin([60.0, 90.0]).any()
    assert some.AGE.min() < 19.0
    assert some.AGE.max() > 79.0


def test_children_are_small_and_immature():
    some = virtual_population(500, seed=2, settings=PopulationSettings(age=(0.0, 1.0)))
    assert some.WT.median() < 10.0
    assert some.CYP3A4.median() < 0.5


def test_animals_vary_in_weight_alone():
    rats = virtual_population(
        1000, seed=1, species="rat", settings=PopulationSettings(weight_cv=0.1)
    )
    assert rats.WT.std() / rats.WT.mean() == pytest.approx(0.1, rel=0.1)
    assert (rats["liver.V"] / rats.WT).std() == pytest.approx(0.0, abs=1e-12)


def test_a_hundred_thousand_in_seconds():
    """2.6 s on two shared cores; the bound is for a busy machine."""
    started = time.process_time()
    assert len(virtual_population(100_000, seed=1)) == 100_000
    assert time.process_time() - started < 20.0


def test_everything_wrong_at_once():
    settings = PopulationSettings(
        age=(50.0, 20.0),
        female=1.5,
        enzymes={"CYP3A4": 0.9},
        genes={"G": Gene(frequencies={"a": 0.5}, enzyme="CYP3A5", activity={"b": -1.0})},
        correlations={("livr", "height"): 0.2},
    )
    with pytest.raises(CheckError) as caught:
        virtual_population(0, seed=1, settings=settings)
    where = {issue.where.removeprefix("population.") for issue in caught.value.issues}
    assert where == {"n", "age", "female", "enzymes.CYP3A4", "genes.G", "correlations"}
    assert len(caught.value.issues) == 9


def test_impossible_correlations_and_criteria():
    pairs = {("height", "bmi"): 0.9, ("height", "gfr"): 0.9, ("bmi", "gfr"): -0.9}
    with pytest.raises(CheckError, match="not positive definite"):
        virtual_population(5, seed=1, settings=PopulationSettings(correlations=pairs))
    with pytest.raises(CheckError, match="widen the ranges"):
        virtual_population(5, seed=1, settings=PopulationSettings(weight=(400.0, 500.0)))
