"""What the examples of the documentation call ``fit``, ``study`` and ``prior``."""

from typing import Any

import pytest

_MODULES = ("pkqsp_bayes.plots.", "pkqsp_bayes.analysis.predictive.")


@pytest.fixture(scope="session")
def example_objects() -> dict[str, Any]:
    """Return a study, a fit of it that is made by hand, and a prior with what it predicts."""
    import pkqsp_bayes as pq
    from tests.fits import theophylline_fit, theophylline_prior

    study = pq.load_dataset("theophylline")
    return {"study": study, "fit": theophylline_fit(study), "prior": theophylline_prior(study)}


@pytest.fixture(autouse=True)
def _name_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    if request.node.name.startswith(_MODULES):
        doctest_namespace.update(request.getfixturevalue("example_objects"))
