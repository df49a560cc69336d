"""The numbers by which CMT of a study calls dosing compartments."""

from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["dose_numbers"]


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
