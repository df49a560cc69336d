"""Log-normal residual error: the logarithm of the observation is normal around log f."""

from pkqsp_bayes.program.residual.family import Family, Scale

__all__ = ["FAMILIES"]

FAMILIES = {
    "lognormal": Family(
        scales=(Scale(field="sigma", default=lambda _: "half_normal(0.5)"),),
        distribution="lognormal",
        arguments=lambda s: f"log(f), {s['sigma']}",
    ),
}
