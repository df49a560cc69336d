"""Commands about physiology: ``pkqsp body``, ``population``, ``kp``, ``ontogeny``."""

from typing import TYPE_CHECKING, Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.output import TableFile, answer
from pkqsp_bayes.cli.scenario import parse_numbers
from pkqsp_bayes.console import print_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["body", "kp", "ontogeny", "population"]

Species = Annotated[str, typer.Argument(help="Species: human, rat, mouse, dog, monkey.")]


def body(
    species: Species = "human",
    *,
    covariate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Covariate of the body: WT, HT, AGE, SEX."),
    ] = None,
    impair: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FACTOR", help="Multiply a value of the body: gfr=0.4, liver.flow=0.8."
        ),
    ] = None,
    output: TableFile = None,
) -> None:
    """Print the volumes, masses and flows of a body of the library."""
    known = ("WT", "HT", "AGE", "SEX")
    of = parse_numbers("--covariate", covariate or [], known)
    found = pq.reference_body(
        species, WT=of.get("WT"), HT=of.get("HT"), AGE=of.get("AGE"), SEX=of.get("SEX")
    )
    found = pq.impair_body(found, parse_numbers("--impair", impair or []))
    answer(_organs(found), output)
    if output is None:
        print_text(
            f"cardiac output {found.cardiac_output:.4g} L/h, GFR {found.gfr:.4g} L/h, "
            f"weight {found.weight:.4g} kg, haematocrit {found.haematocrit:.3g}"
        )


def _organs(found: "pq.Body") -> "pd.DataFrame":
    import pandas as pd

    rows = {
        name: {"volume (L)": organ.volume, "mass (kg)": organ.mass, "flow (L/h)": organ.flow}
        for name, organ in found.organs.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("organ").astype(float)


def population(
    n: Annotated[int, typer.Argument(help="Number of virtual subjects.")],
    *,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    species: Annotated[
        str, typer.Option(help="Species: human, rat, mouse, dog, monkey.")
    ] = "human",
    age_from: Annotated[float, typer.Option(help="Lowest age, in years.")] = 20.0,
    age_to: Annotated[float, typer.Option(help="Highest age, in years.")] = 50.0,
    female: Annotated[float, typer.Option(help="Share of women.")] = 0.5,
    weight_cv: Annotated[
        float, typer.Option(help="CV of the weight of animals, which differ in weight only.")
    ] = 0.0,
    output: TableFile = None,
) -> None:
    """Draw a virtual population, one subject a row."""
    settings = pq.PopulationSettings(age=(age_from, age_to), female=female, weight_cv=weight_cv)
    answer(pq.virtual_population(n, seed, species=species, settings=settings), output)


def kp(
    *,
    log_p: Annotated[
        float, typer.Option("--logP", help="log10 of the octanol-water partition coefficient.")
    ],
    fup: Annotated[float, typer.Option(help="Unbound fraction in plasma.")],
    bp: Annotated[float, typer.Option("--BP", help="Blood-to-plasma ratio.")] = 1.0,
    acid: Annotated[list[float] | None, typer.Option(help="pKa of an acidic group.")] = None,
    base: Annotated[list[float] | None, typer.Option(help="pKa of a basic group.")] = None,
    output: TableFile = None,
) -> None:
    """Print tissue-to-plasma partition coefficients of a drug, by several methods."""
    drug = pq.DrugChemistry(
        logP=log_p, fup=fup, BP=bp, pKa_acid=tuple(acid or ()), pKa_base=tuple(base or ())
    )
    answer(pq.kp_table(drug).rename_axis("tissue"), output)


def ontogeny(
    protein: Annotated[str, typer.Argument(help="Enzyme: CYP3A4, UGT1A1, ...")],
    age: Annotated[list[float], typer.Argument(help="Ages, in years.")],
    *,
    organ: Annotated[str, typer.Option(help="Organ: liver, duodenum, plasma, ...")] = "liver",
    source: Annotated[
        str, typer.Option(help="Source: pksim, pksim-table, salem-2013, salem-2014, ...")
    ] = "pksim",
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Accept a curve that is not verified.")
    ] = False,
    output: TableFile = None,
) -> None:
    """Print the activity of an enzyme at an age as a fraction of an adult's."""
    import pandas as pd

    factors = [
        float(pq.ontogeny_factor(protein, one, organ=organ, source=source, unverified=unverified))
        for one in age
    ]
    answer(pd.DataFrame({"age": age, "factor": factors}), output)
