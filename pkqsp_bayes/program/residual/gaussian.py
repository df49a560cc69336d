"""Normal residual errors, whose standard deviation may depend on the prediction."""

from pkqsp_bayes.program.residual.family import Family, Scale

__all__ = ["FAMILIES"]


def _scale_of_data(deviation: float) -> str:
    """Return a prior that leaves an additive error anywhere below the spread of the data."""
    return f"half_normal({deviation:.3g})"


def _relative(_: float) -> str:
    return "half_normal(0.5)"


_ADDITIVE = Scale(field="additive", default=_scale_of_data)
_PROPORTIONAL = Scale(field="proportional", default=_relative)

FAMILIES = {
    "additive": Family(
        scales=(Scale(field="sigma", default=_scale_of_data),),
        distribution="normal",
        arguments=lambda s: f"f, {s['sigma']}",
    ),
    "proportional": Family(
        scales=(Scale(field="sigma", default=_relative),),
        distribution="normal",
        arguments=lambda s: f"f, {s['sigma']} * abs(f)",
    ),
    "combined": Family(
        scales=(_ADDITIVE, _PROPORTIONAL),
        distribution="normal",
        arguments=lambda s: f"f, hypot({s['additive']}, {s['proportional']} * f)",
    ),
    "power": Family(
        scales=(
            Scale(field="sigma", default=_relative),
            Scale(field="exponent", default=lambda _: "half_normal(1)"),
        ),
        distribution="normal",
        arguments=lambda s: f"f, {s['sigma']} * pow(abs(f), {s['exponent']})",
    ),
}
