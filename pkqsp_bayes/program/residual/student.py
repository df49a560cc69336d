"""Student's t around the prediction: for data with outliers."""

from pkqsp_bayes.program.residual.family import Family, Scale

__all__ = ["FAMILIES"]

FAMILIES = {
    "student_t": Family(
        scales=(
            Scale(field="sigma", default=lambda deviation: f"half_normal({deviation:.3g})"),
            # Juarez & Steel 2010, J Business Econ Stat 28:52: vague, away from df = 0.
            Scale(field="df", default=lambda _: "gamma(2, 0.1)"),
        ),
        distribution="student_t",
        arguments=lambda s: f"{s['df']}, f, {s['sigma']}",
    ),
}
