"""The complete specification of a model, with its instructions for studies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pkqsp_bayes.notebook import html_table
from pkqsp_bayes.spec.body import BodySpec, CovariateSpec, LumpSpec, OrganSpec, PoolSpec
from pkqsp_bayes.spec.drug import BindingSpec, BloodSpec, DrugSpec, PartitionSpec
from pkqsp_bayes.spec.kinetics import AbsorptionSpec, AntibodySpec, DoseSpec, EliminationSpec
from pkqsp_bayes.spec.mechanism import EquationsSpec, LinkSpec, QspSpec, TrajectorySpec
from pkqsp_bayes.spec.population import ObservationSpec, PopulationSpec
from pkqsp_bayes.spec.priors.prior import JointPriorSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["ModelSpec", "StudySpec", "dose_numbers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec:
    """Instructions for tables, ``[study]``; options of `read_study` take precedence.

    Parameters
    ----------
    columns : mapping of str to str
        Name in the file by name in the model: ``{ DV = "conc", WT = "weight" }``.
    units : mapping of str to str
        Unit of a column; ``"DV.cp"`` is that of DV in the rows of the output ``cp``.
    date_format : str, optional
        Format of DATE if it is not ``2024-03-01``, such as ``"%d/%m/%Y"``.
    ignore : tuple of str
        Rows to leave out: ``["C == C", "DV < 0"]``.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model as stated: the result of `pkqsp_bayes.load_model`, and the input of the composition.

    Mappings keep the order of the file.

    Parameters
    ----------
    title : str
        One line for display.
    source : str
        Origin of the structure and of the priors.
    description : str
        Text for display.
    time_unit : str
        Unit of TIME, of rate constants, flows and clearances.
    amount_unit : str
        Unit of drug amounts. Rates and concentrations of the model follow. AMT is in this unit if
        neither its header nor the ``[dose.*]`` states one.
    drug : DrugSpec, optional
        The drug; a model with equations only needs none.
    body : BodySpec, optional
        The body; a model with equations only has none.
    covariates : mapping of str to CovariateSpec
        Columns of the study; in TOML under ``[body]``, or at the top level without a body.
    parameters : mapping of str to Quantity [any]
        Constants, and helper quantities defined by expressions.
    pools : mapping of str to PoolSpec
        Blood pools.
    organs : mapping of str to OrganSpec
        Organs.
    lump : mapping of str to LumpSpec
        Organs that are lumped into one.
    partition : PartitionSpec, optional
        Method that derives partition coefficients from the properties of the drug.
    binding : mapping of str to BindingSpec
        Proteins that bind the drug in plasma.
    blood : BloodSpec, optional
        Red cells and plasma, for a blood-to-plasma ratio that depends on binding.
    trajectory : mapping of str to TrajectorySpec
        Quantities that change over time, given or solved.
    absorption : mapping of str to AbsorptionSpec
        Absorption routes.
    elimination : mapping of str to EliminationSpec
        Elimination pathways.
    dose : mapping of str to DoseSpec
        Dosing compartments.
    antibody : AntibodySpec, optional
        Minimal PBPK of an antibody.
    qsp : mapping of str to QspSpec
        QSP modules.
    link : tuple of LinkSpec
        Dynamic links.
    equations : EquationsSpec, optional
        Free equations.
    population : PopulationSpec
        Individual parameters, their variability and covariate effects.
    joint_prior : mapping of str to JointPriorSpec
        Priors of several parameters together; they replace the parameters' own priors.
    observe : mapping of str to ObservationSpec
        Outputs.
    study : StudySpec, optional
        How to read the table of the study.
    """

    title: str
    source: str = ""
    description: str = ""
    time_unit: str = "h"
    amount_unit: str = "mg"
    drug: DrugSpec | None = None
    body: BodySpec | None = None
    covariates: Mapping[str, CovariateSpec] = field(default_factory=dict)
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    pools: Mapping[str, PoolSpec] = field(default_factory=dict)
    organs: Mapping[str, OrganSpec] = field(default_factory=dict)
    lump: Mapping[str, LumpSpec] = field(default_factory=dict)
    partition: PartitionSpec | None = None
    binding: Mapping[str, BindingSpec] = field(default_factory=dict)
    blood: BloodSpec | None = None
    trajectory: Mapping[str, TrajectorySpec] = field(default_factory=dict)
    absorption: Mapping[str, AbsorptionSpec] = field(default_factory=dict)
    elimination: Mapping[str, EliminationSpec] = field(default_factory=dict)
    dose: Mapping[str, DoseSpec] = field(default_factory=dict)
    antibody: AntibodySpec | None = None
    qsp: Mapping[str, QspSpec] = field(default_factory=dict)
    link: tuple[LinkSpec, ...] = ()
    equations: EquationsSpec | None = None
    population: PopulationSpec = field(default_factory=PopulationSpec)
    joint_prior: Mapping[str, JointPriorSpec] = field(default_factory=dict)
    observe: Mapping[str, ObservationSpec] = field(default_factory=dict)
    study: StudySpec | None = None

    def _repr_html_(self) -> str:
        rows = [
            (name, p.typical, p.unit, p.iiv or "", p.iov or "", ", ".join(p.covariates))
            for name, p in self.population.parameters.items()
        ]
        head = ("parameter", "typical value", "unit", "IIV", "IOV", "covariates")
        endpoints = ", ".join(o for o, stated in self.observe.items() if stated.error is not None)
        return html_table(self.title, head, rows, f"Endpoints: {endpoints or 'none'}")


def dose_numbers(spec: ModelSpec) -> dict[str, int]:
    """Return the CMT number of each dosing compartment, in the order of `OdeSystem.doses`.

    Those that state ``cmt`` have it; the others take the numbers that are left, in the order of
    the file: ``[dose.*]`` first, then the absorption routes that no ``[dose.*]`` names.

    Examples
    --------
    >>> from pkqsp_bayes.spec import DoseSpec, ModelSpec
    >>> doses = {"oral": DoseSpec(to="depot"), "iv": DoseSpec(to="central", cmt=1)}
    >>> dose_numbers(ModelSpec(title="two ways", dose=doses))
    {'iv': 1, 'oral': 2}
    """
    named = {d.to for d in spec.dose.values()}
    order = [*spec.dose, *(r for r in spec.absorption if r not in named and r not in spec.dose)]
    stated = {n: c for n in spec.dose if (c := spec.dose[n].cmt) is not None}
    free = (i for i in range(1, len(order) + len(stated) + 1) if i not in stated.values())
    numbers = {name: stated[name] if name in stated else next(free) for name in order}
    return dict(sorted(numbers.items(), key=lambda item: item[1]))
