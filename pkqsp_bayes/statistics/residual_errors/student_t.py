"""Student t error, for data with outliers."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.residual_error import (
    Array,
    Distribution,
    ErrorScale,
    ResidualErrorForm,
    Scales,
    WithParameters,
    half_normal_of_data,
)

__all__ = ["FORM"]


def _scipy_student(df: Value, location: Value, scale: Value) -> Any:
    from scipy import stats  # slow to import, and few commands need it

    return WithParameters(stats.t, df=df, loc=location, scale=scale)


@final
class StudentError(ResidualErrorForm):
    """The error y ~ student_t(df, f, sigma).

    Its Fisher information is that of Lange, Little & Taylor 1989, J Am Stat Assoc 84:881-896.

    Examples
    --------
    >>> float(FORM.information_variance(np.array(0.0), {"sigma": 1.0, "df": 1.0}))
    2.0
    >>> FORM.scale_information({"sigma": 1.0, "df": 3.0}).round(3)
    array([[ 1.   , -0.083],
           [-0.083,  0.017]])
    """

    description = "Student's t"
    scales = (
        ErrorScale(
            key="sigma",
            prior=half_normal_of_data,
            has_output_unit=True,
            meaning="additive scale (Student t)",
        ),
        # Juarez & Steel 2010, J Bus Econ Stat 28:52: vague, with little mass near df = 0.
        ErrorScale(
            key="df", prior=lambda _: "gamma(2, 0.1)", meaning="degrees of freedom (Student t)"
        ),
    )
    distribution = Distribution(
        stan="student_t", arguments=("df", "location", "scale"), scipy=_scipy_student
    )

    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return sigma."""
        return scales["sigma"]

    def arguments(self, ops: StatisticalOps, f: Value, scales: Scales) -> tuple[Value, ...]:
        """Return degrees of freedom, location and scale."""
        return scales["df"], f, self.scale(ops, f, scales)

    def variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance, which is infinite for df <= 2."""
        df = scales["df"] + np.zeros_like(f)
        heavy = df <= 2
        factor = np.where(heavy, np.inf, df / np.where(heavy, 1.0, df - 2))
        return self._deviation(f, scales) ** 2 * factor

    def standard_draw(self, f: Array, scales: Scales, rng: np.random.Generator) -> Array:
        """Draw an error of scale 1 for each prediction."""
        return np.asarray(rng.standard_t(scales["df"] + np.zeros_like(f)))

    def information_variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance of the normal error with the same information on the prediction."""
        df = scales["df"]
        return np.asarray(self._deviation(f, scales) ** 2 * (df + 3) / (df + 1))

    def scale_information(self, scales: Mapping[str, float]) -> Array:
        """Return the information of one observation on scale and df."""
        from scipy.special import polygamma

        scale, df = scales["sigma"], scales["df"]
        both = -2 / (scale * (df + 1) * (df + 3))
        trigamma = polygamma(1, df / 2) - polygamma(1, (df + 1) / 2)
        tails = trigamma / 4 - (df + 5) / (2 * df * (df + 1) * (df + 3))
        return np.array([[2 * df / ((df + 3) * scale**2), both], [both, tails]])


FORM = StudentError()
