"""Composition of a stated model into one flat system of equations with full names."""

from collections.abc import Collection, Sequence

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.anatomy import add_anatomy, expand_model
from pkqsp_bayes.ode.components.absorption import add_absorption, add_doses
from pkqsp_bayes.ode.components.antibody import add_antibody
from pkqsp_bayes.ode.components.body import add_body, add_drug
from pkqsp_bayes.ode.components.circulation import add_circulation
from pkqsp_bayes.ode.components.component import Component, check_order
from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.elimination import add_elimination
from pkqsp_bayes.ode.components.finish import finish_system
from pkqsp_bayes.ode.components.links import add_links
from pkqsp_bayes.ode.components.named import add_named, add_outputs
from pkqsp_bayes.ode.components.partition import add_chemistry
from pkqsp_bayes.ode.components.proteins import add_binding, add_blood
from pkqsp_bayes.ode.components.time_varying import add_time_varying
from pkqsp_bayes.ode.qsp.embed import add_modules
from pkqsp_bayes.ode.qsp.equations import add_free_equations
from pkqsp_bayes.ode.qsp.metabolism import replaced_organs
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.unfold import unfold_trajectories

__all__ = ["COMPONENTS", "compose_model"]

COMPONENTS: tuple[Component, ...] = (
    Component(name="named quantities", build=add_named, gives=("names",)),
    Component(
        name="time-varying parameters",
        build=lambda draft: add_time_varying(draft, draft.occasions),
        needs=("names",),
        gives=("moved",),
    ),
    Component(name="drug", build=add_drug, needs=("names",), gives=("drug",)),
    Component(name="body", build=add_body, needs=("names",), gives=("body",)),
    Component(name="anatomy", build=add_anatomy, needs=("names", "body"), gives=("anatomy",)),
    Component(
        name="protein binding",
        build=add_binding,
        needs=("names", "drug", "anatomy"),
        gives=("binding",),
    ),
    Component(
        name="blood", build=add_blood, needs=("drug", "anatomy", "binding"), gives=("blood",)
    ),
    Component(name="chemistry", build=add_chemistry, needs=("drug", "blood"), gives=("partition",)),
    Component(
        name="circulation",
        build=add_circulation,
        needs=("anatomy", "blood", "partition"),
        gives=("organs",),
    ),
    Component(name="antibody", build=add_antibody, needs=("names",), gives=("antibody spaces",)),
    Component(name="equations", build=add_free_equations, needs=("names",), gives=("equations",)),
    Component(
        name="absorption",
        build=add_absorption,
        needs=("organs", "antibody spaces", "equations"),
        gives=("depots",),
    ),
    Component(
        name="elimination",
        build=lambda draft: add_elimination(draft, replaced_organs(draft.spec)),
        needs=("organs", "antibody spaces", "equations", "depots"),
        gives=("clearances",),
    ),
    Component(
        name="QSP modules",
        build=add_modules,
        needs=("organs", "antibody spaces", "equations", "clearances"),
        gives=("modules",),
    ),
    Component(
        name="links",
        build=add_links,
        needs=("names", "moved", "partition", "organs", "equations", "clearances", "modules"),
        gives=("links",),
    ),
    Component(
        name="doses",
        build=add_doses,
        needs=("organs", "antibody spaces", "equations", "depots", "modules"),
        gives=("doses",),
    ),
    Component(name="outputs", build=add_outputs, gives=("outputs",)),
)
"""The steps of composition, in their order."""

check_order(COMPONENTS)


def compose_model(
    spec: ModelSpec, *, occasions: Sequence[str] = (), individual: Collection[str] = ()
) -> OdeSystem:
    """Compose a model.

    Parameters
    ----------
    spec : ModelSpec
        The stated model.
    occasions : sequence of str
        Labels of the study's occasions for between-occasion variability; without labels it is left
        out.
    individual : collection of str
        Known parameters that must be individual parameters all the same.

    Returns
    -------
    OdeSystem
        States in the model's units (``amount_unit``, L, ``time_unit``); population parameters are
        individual parameters in their stated units, except those with one fixed number for all
        subjects. These and the numbers of ``[parameters]`` are constants. The notes list the
        decisions made for the user.

    Raises
    ------
    CheckError
        With all problems, each with its path in the model file.

    Examples
    --------
    >>> from pkqsp_bayes.spec import EquationsSpec, ModelSpec
    >>> decay = ModelSpec(title="decay", equations=EquationsSpec(text="d(A)/dt = -A; A(0) = 1"))
    >>> compose_model(decay).states[0].rhs
    -A
    """
    draft = Draft(
        spec=expand_model(unfold_trajectories(spec)),
        occasions=tuple(occasions),
        individual=frozenset(individual),
    )
    for component in COMPONENTS:
        component.build(draft)
    system = finish_system(draft)
    if draft.issues:
        raise CheckError(dict.fromkeys(draft.issues))
    return system
