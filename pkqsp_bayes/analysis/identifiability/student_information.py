"""Fisher information of Student's t: what residual errors with heavy tails tell."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import polygamma

__all__ = ["location_spread", "scale_information"]

FloatArray = NDArray[np.float64]


def location_spread(df: FloatArray) -> FloatArray:
    """Return the variance of the normal distribution that tells as much of the location.

    Parameters
    ----------
    df : array
        Degrees of freedom.

    Returns
    -------
    array
        In units of the squared scale.

    Notes
    -----
    Lange, Little & Taylor 1989, J Am Stat Assoc 84:881-896.

    Examples
    --------
    >>> float(location_spread(np.array(1.0)))
    2.0
    """
    return np.asarray((df + 3) / (df + 1))


def scale_information(scale: float, df: float) -> FloatArray:
    """Return the information of one observation, its prediction known, on scale and df.

    Parameters
    ----------
    scale, df : float
        Scale and degrees of freedom.

    Returns
    -------
    (2, 2) array
        Of scale and df; that of a normal distribution's standard deviation is 2 / scale^2.

    Notes
    -----
    Lange, Little & Taylor 1989, J Am Stat Assoc 84:881-896.

    Examples
    --------
    >>> scale_information(1.0, 3.0).round(3)
    array([[ 1.   , -0.083],
           [-0.083,  0.017]])
    """
    both = -2 / (scale * (df + 1) * (df + 3))
    trigamma = polygamma(1, df / 2) - polygamma(1, (df + 1) / 2)
    tails = trigamma / 4 - (df + 5) / (2 * df * (df + 1) * (df + 3))
    return np.array([[2 * df / ((df + 3) * scale**2), both], [both, tails]])
