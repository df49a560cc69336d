"""Data from a known truth, without the generated Stan program, and what a fit makes of them.

The structure is solved by the kernel (`pq.simulate`); random effects, occasions and residual
errors are drawn here with NumPy.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.quantities import population_quantities
from pkqsp_bayes.spec.reading.toml import parse_model
from pkqsp_bayes.spec.unfold import unfold_trajectories
from tests.statistical import recovery_models as models

__all__ = ["SCENARIOS", "Scenario", "recover"]

Truth = Mapping[str, float]
Draw = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A model, its truth, a design, and individual parameters drawn from the truth."""

    text: str
    truth: Truth
    design: Callable[[Draw], pq.Study]
    individuals: Callable[[Draw, pq.Study, Truth], pd.DataFrame]
    limits: Mapping[str, tuple[float, float]]

    def study(self, rng: Draw) -> pq.Study:
        """Return the design with values drawn; beyond the limits of an endpoint, censored."""
        model, design = parse_model(self.text), self.design(rng)
        solved = pq.simulate(model, design, parameters=self.individuals(rng, design, self.truth))
        table = design.table.copy()
        stated = unfold_trajectories(model).observe
        seen = {name: o for name, o in stated.items() if o.error is not None}
        for name, observed in seen.items():
            label = name if len(seen) > 1 else ""
            rows = table.EVID.eq(0) & table.DVID.eq(label)
            f = solved[name].to_numpy()[rows.to_numpy()]
            assert observed.error is not None
            values = _noisy(rng, observed.error.form, f, self.truth, name)
            low, high = self.limits.get(name, (-np.inf, np.inf))
            table.loc[rows, "DV"] = np.clip(values, low, high)
            table.loc[rows, "BLQ"] = np.where(values < low, 1, np.where(values > high, -1, 0))
            if np.isfinite(low):
                table.loc[rows, "LLOQ"] = low
            if np.isfinite(high):
                table.loc[rows, "ULOQ"] = high
        table.loc[table.EVID == 0, "MDV"] = 0
        return pq.Study(table=table, source="truth", covariates=design.covariates)


def _noisy(rng: Draw, form: str, f: np.ndarray, truth: Truth, name: str) -> np.ndarray:
    z = rng.normal(size=f.size)
    scale = {key: truth.get(f"sigma[{name}.{key}]", 0.0) for key in
             ("additive", "proportional", "sigma", "exponent", "df")}  # fmt: skip
    alone = truth.get(f"sigma[{name}]", 0.0)
    match form:
        case "additive":
            return f + alone * z
        case "proportional":
            return f * (1 + alone * z)
        case "combined":
            other = rng.normal(size=f.size)
            return f + scale["additive"] * z + scale["proportional"] * f * other
        case "lognormal":
            return f * np.exp(alone * z)
        case "power":
            return f + scale["sigma"] * f ** scale["exponent"] * z
        case "student_t":
            chi = rng.chisquare(scale["df"], size=f.size) / scale["df"]
            return f + scale["sigma"] * z / np.sqrt(chi)
    raise ValueError(form)


def _errors_design(_: Draw) -> pq.Study:
    outputs = ["plain", "relative", "both", "logarithmic", "powered", "heavy"]
    return pq.regimen(pq.Dose(amount=100), [1, 6, 12, 20], subjects=40, outputs=outputs)


def _errors_individuals(rng: Draw, design: pq.Study, t: Truth) -> pd.DataFrame:
    size = len(design.subjects)
    return pd.DataFrame(
        {
            "CL": t["CL"] * np.exp(t["omega[CL]"] * rng.normal(size=size)),
            "V": t["V"] * np.exp(t["omega[V]"] * rng.normal(size=size)),
        },
        index=design.subjects,
    )


def _effects_design(rng: Draw) -> pq.Study:
    size = 60
    covariates = {
        "WT": rng.lognormal(np.log(70), 0.25, size),
        "AGE": rng.uniform(20, 75, size),
        "SEX": rng.choice(["female", "male"], size),
        "CYP": rng.choice(["extensive", "intermediate", "poor"], size, p=[0.5, 0.3, 0.2]),
    }
    doses = [pq.Dose(amount=100, to="oral"), pq.Dose(amount=100, time=24, to="iv")]
    times = [0, 1, 6, 14, 25, 30, 38]
    return pq.regimen(doses, times, subjects=size, covariates=covariates)


def _effects_individuals(rng: Draw, design: pq.Study, t: Truth) -> pd.DataFrame:
    x = design.table.groupby("ID", sort=False).first()
    z = rng.normal(size=(4, len(x)))
    rho = t["corr[CL,V]"]
    eta_cl = t["omega[CL]"] * z[0]
    eta_v = t["omega[V]"] * (rho * z[0] + np.sqrt(1 - rho**2) * z[1])
    genotype = x.CYP.map(
        {
            "extensive": 0.0,
            "intermediate": t["beta[CL,CYP,intermediate]"],
            "poor": t["beta[CL,CYP,poor]"],
        }
    )
    male = (x.SEX == "male").astype(float)
    older = x.AGE - 40
    return pd.DataFrame(
        {
            "CL": t["CL"] * (x.WT / 70) ** t["beta[CL,WT]"] * np.exp(genotype + eta_cl),
            "V": t["V"] * np.exp(t["beta[V,AGE]"] * older + t["beta[V,SEX,male]"] * male + eta_v),
            "F": expit(logit(t["F"]) + t["omega[F]"] * z[2]),
            "b": t["b"] * (1 + t["beta[b,AGE]"] * older) + t["omega[b]"] * z[3],
        }
    )


def _moving_design(rng: Draw) -> pq.Study:
    size = 40
    doses = [pq.Dose(amount=100, time=24.0 * k) for k in range(3)]
    times = [24 * k + t for k in range(3) for t in (1, 8, 20)]
    table = pq.regimen(doses, times, subjects=size).table
    subject = table["ID"].astype(int).to_numpy() - 1
    day = np.minimum(table["TIME"].to_numpy() // 24, 2).astype(int)
    inflamed = 5 * np.exp(rng.normal(0.7, 0.9, size=(size, 3)))
    start, slope = rng.normal(42, 4, size), rng.normal(-0.05, 0.1, size)
    fed = rng.integers(0, 2, size=(size, 3))
    table = table.assign(
        OCC=(day + 1).astype(str),
        CRP=inflamed[subject, day],
        ALB=start[subject] + slope[subject] * table["TIME"],
        DIET=fed[subject, day].astype(float),
    )
    return pq.Study(table=table, source="truth", covariates=("CRP", "ALB", "DIET"))


def _moving_individuals(rng: Draw, design: pq.Study, t: Truth) -> pd.DataFrame:
    size = len(design.subjects)
    shared = ("beta[CL,CRP]", "beta[CL,DIET,fed]", "beta[V,ALB]")
    kappa = {f"kappa[CL,{k}]": t["omega_iov[CL]"] * rng.normal(size=size) for k in (1, 2, 3)}
    return pd.DataFrame(
        {
            "CL": t["CL"] * np.exp(t["omega[CL]"] * rng.normal(size=size)),
            "V": t["V"] * np.exp(t["omega[V]"] * rng.normal(size=size)),
            **kappa,
            **{name: t[name] for name in shared},
        },
        index=design.subjects,
    )


def _trajectory_design(_: Draw) -> pq.Study:
    doses = [pq.Dose(amount=100), pq.Dose(amount=100, time=24)]
    times = [0.5, 2, 6, 12, 20, 25, 30, 36, 40]
    return pq.regimen(doses, times, subjects=50, outputs=["cp", "E"])


def _trajectory_individuals(rng: Draw, design: pq.Study, t: Truth) -> pd.DataFrame:
    size = len(design.subjects)
    varying = ("CL", "E_1", "E_2", "E_3")
    values = {n: t[n] * np.exp(t[f"omega[{n}]"] * rng.normal(size=size)) for n in varying}
    return pd.DataFrame(values | {"V": t["V"]}, index=design.subjects)


SCENARIOS = {
    "errors": Scenario(
        text=models.ERRORS,
        truth=models.ERRORS_TRUTH,
        design=_errors_design,
        individuals=_errors_individuals,
        limits={"plain": (0.8, np.inf), "relative": (0.6, 5.0), "logarithmic": (0.7, 4.5)},
    ),
    "effects": Scenario(
        text=models.EFFECTS,
        truth=models.EFFECTS_TRUTH,
        design=_effects_design,
        individuals=_effects_individuals,
        limits={},
    ),
    "moving": Scenario(
        text=models.MOVING,
        truth=models.MOVING_TRUTH,
        design=_moving_design,
        individuals=_moving_individuals,
        limits={},
    ),
    "trajectory": Scenario(
        text=models.TRAJECTORY,
        truth=models.TRAJECTORY_TRUTH,
        design=_trajectory_design,
        individuals=_trajectory_individuals,
        limits={},
    ),
}


def recover(name: str, seed: int, warmup: int = 400, draws: int = 600) -> pd.DataFrame:
    """Simulate and fit once; return truth, posterior mean, sd and interval of each quantity."""
    scenario = SCENARIOS[name]
    study = scenario.study(np.random.default_rng([seed, len(name)]))
    settings = pq.FitSettings(chains=1, warmup=warmup, draws=draws, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        tree = pq.fit(parse_model(scenario.text), study, folder, settings=settings, cores=1)
    found = population_quantities(tree["posterior"].to_dataset(), ("chain", "draw"))
    draw = found.stack(sample=("chain", "draw")).transpose("parameter", "sample").to_numpy()
    low, high = np.quantile(draw, [0.025, 0.975], axis=1)
    table = pd.DataFrame(
        {"mean": draw.mean(axis=1), "sd": draw.std(axis=1), "low": low, "high": high},
        index=found["parameter"].to_numpy(),
    )
    table = table.reindex(list(scenario.truth)).assign(truth=pd.Series(scenario.truth))
    return table.assign(
        scenario=name,
        seed=seed,
        divergent=int(tree["sample_stats"]["diverging"].sum()),
        steps=float(tree["sample_stats"]["n_steps"].mean()),
    )
