"""The diagram of a model: a circulation with its organs, or states with the flows between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.ode.anatomy import expand_model
from pkqsp_bayes.reporting.state_diagram import draw_states
from pkqsp_bayes.reporting.svg import Box, Drawing
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["draw_diagram"]

_ORGAN, _POOL, _MODULE, _DEPOT = "#e8f1f8", "#f8e3da", "#e2f3ec", "#f5f0dc"
_OUT, _IN, _LINK = "#b03a00", "#00664b", "#555555"
_ROW, _HEIGHT = 46.0, 30.0
_VEIN, _NEAR, _FAR, _ARTERY = 8.0, 128.0, 338.0, 548.0
"""Left edges of the columns: venous pool, organs, portal organs, arterial pool."""
_WIDE, _THIN = 150.0, 34.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attached:
    """A dose, pathway or module that is attached to an organ or a pool."""

    kind: str
    text: str


@dataclass(slots=True, kw_only=True)
class _Circulation:
    """The parts of the diagram, after lumping."""

    series: list[str] = field(default_factory=list)
    parallel: list[str] = field(default_factory=list)
    feeders: dict[str, list[str]] = field(default_factory=dict)
    attached: dict[str, list[_Attached]] = field(default_factory=dict)
    loose: list[_Attached] = field(default_factory=list)


def draw_diagram(compiled: CompiledModel) -> str:
    """Return the diagram of a model as SVG.

    Parameters
    ----------
    compiled : CompiledModel
        The model.

    Returns
    -------
    str
        An ``svg`` element. Models with organs are drawn as a circulation, with doses, absorption,
        elimination and modules. Other models are drawn as states.
    """
    spec = expand_model(compiled.spec)
    if not spec.organs or not spec.pools:
        return draw_states(compiled.system)
    return _draw(spec, _read(spec))


def _read(spec: ModelSpec) -> _Circulation:
    owner = _owners(spec)
    found, seen = _Circulation(), set[str]()
    for name, organ in spec.organs.items():
        whole = owner.get(name, name)
        if whole in seen:
            continue
        seen.add(whole)
        drain = owner.get(organ.drains_to or "", organ.drains_to)
        if organ.position == "series":
            found.series.append(whole)
        elif drain is not None and drain != whole:
            found.feeders.setdefault(drain, []).append(whole)
        else:
            found.parallel.append(whole)
    for place, attached in _attachments(spec):
        if place is None or place not in {*spec.organs, *spec.pools, *owner}:
            found.loose.append(attached)
        else:
            found.attached.setdefault(owner.get(place, place), []).append(attached)
    return found


def _owners(spec: ModelSpec) -> dict[str, str]:
    """Return the organ that each lumped organ is part of."""
    owner = {name: lump for lump, one in spec.lump.items() for name in one.organs}
    kept = spec.body.subset if spec.body is not None else ()
    rest = [n for n, o in spec.organs.items() if o.flow is not None and o.flow.value == "balance"]
    if kept and rest:
        owner |= {name: rest[0] for name in spec.organs if name not in kept and name != rest[0]}
    return owner


def _attachments(spec: ModelSpec) -> Iterator[tuple[str | None, _Attached]]:
    for name, way in spec.absorption.items():
        yield way.into, _Attached(kind="in", text=f"{name}: {way.kind}")
    for name, dose in spec.dose.items():
        if dose.to not in spec.absorption:
            yield dose.to, _Attached(kind="dose", text=f"dose {name}")
    for name, pathway in spec.elimination.items():
        ways = [k for k in ("CLint", "Vmax", "GFR") if getattr(pathway, k) is not None]
        organ = pathway.organ or name
        label = " + ".join(ways) if organ == name else f"{name} ({' + '.join(ways)})"
        yield organ, _Attached(kind="out", text=label)
    for name, module in spec.qsp.items():
        kind = module.template or "equations"
        yield module.organ, _Attached(kind="module", text=f"{name}: {kind}")
    if spec.equations is not None:
        yield None, _Attached(kind="module", text="equations of the model file")


def _draw(spec: ModelSpec, found: _Circulation) -> str:
    drawing = Drawing()
    pools = list(spec.pools)
    vein = "venous" if "venous" in pools else pools[0]
    artery = "arterial" if "arterial" in pools else pools[0]
    top = _ROW
    y = top
    for name in found.series:
        y = _row(drawing, found, name, y, _NEAR, series=True)
    for name in found.parallel:
        y = _group(drawing, found, name, y)
    bottom = y - _ROW + _HEIGHT
    left = Box(x=_VEIN, y=top, width=_THIN, height=bottom - top, text=vein, fill=_POOL)
    right = Box(x=_ARTERY, y=top, width=_THIN, height=bottom - top, text=artery, fill=_POOL)
    drawing.box(left)
    drawing.box(right)
    if vein == artery:
        drawing.text((_VEIN + _ARTERY) / 2, top - 22, "one blood pool, drawn on both sides",
                     space=300, anchor="middle")  # fmt: skip
    below = y
    for pool, x in {vein: _VEIN, artery: _ARTERY}.items():
        below = max(below, _draw_attached(drawing, found.attached.get(pool, []), x, bottom, y))
    _loose(drawing, found.loose, below)
    return drawing.svg(f"Compartments of {spec.title}")


def _group(drawing: Drawing, found: _Circulation, name: str, y: float) -> float:
    """Draw an organ, and to its right the organs that drain into it."""
    feeders = list(_all_feeders(found.feeders, name))
    if not feeders:
        return _row(drawing, found, name, y, _NEAR)
    start = y
    for feeder, drain in feeders:
        text = feeder if drain == name else f"{feeder} (into {drain})"
        y = _row(drawing, found, feeder, y, _FAR, into=_NEAR + _WIDE, text=text)
    own = y - start - _ROW + _HEIGHT
    # The artery of the organ is drawn below those of the organs that feed it.
    box = Box(x=_NEAR, y=start, width=_WIDE, height=own + _ROW, text=name, fill=_ORGAN)
    drawing.box(box)
    low = start + own + _ROW - _HEIGHT / 2
    drawing.line([(_ARTERY, low), (_NEAR + _WIDE, low)])
    middle = start + (own + _ROW) / 2
    drawing.line([(_NEAR, middle), (_VEIN + _THIN, middle)])
    return _draw_attached(drawing, found.attached.get(name, []), _NEAR, start + own + _ROW,
                 y + _ROW)  # fmt: skip


def _all_feeders(feeders: Mapping[str, list[str]], name: str) -> Iterator[tuple[str, str]]:
    """Yield each organ that drains into an organ, directly or through others, with its drain."""
    for feeder in feeders.get(name, ()):
        yield feeder, name
        yield from _all_feeders(feeders, feeder)


def _row(
    drawing: Drawing,
    found: _Circulation,
    name: str,
    y: float,
    x: float,
    *,
    into: float = _VEIN + _THIN,
    text: str = "",
    series: bool = False,
) -> float:
    """Draw an organ; blood flows from right to left (in series: from left to right)."""
    middle = y + _HEIGHT / 2
    ends = ([(into, middle), (x, middle)], [(x + _WIDE, middle), (_ARTERY, middle)])
    for start, end in ends:
        drawing.line([start, end] if series else [end, start])
    drawing.box(Box(x=x, y=y, width=_WIDE, height=_HEIGHT, text=text or name, fill=_ORGAN))
    return _draw_attached(drawing, found.attached.get(name, []), x, y + _HEIGHT, y + _ROW)


def _draw_attached(
    drawing: Drawing, attached: list[_Attached], x: float, under: float, y: float
) -> float:
    """Draw the attachments of a box whose lower edge is at ``under``, one below the other.

    The lines run down the left side, so that they do not cross.
    """
    for one in attached:
        middle = y + _HEIGHT / 2 - 4
        corner = [(x + 12, under), (x + 12, middle), (x + 34, middle)]
        if one.kind == "out":
            drawing.line(corner, colour=_OUT)
            drawing.text(x + 40, middle + 4, one.text, space=130, colour=_OUT)
        else:
            is_module = one.kind == "module"
            colour = _LINK if is_module else _IN
            drawing.line(corner if is_module else corner[::-1], colour=colour, dashed=is_module,
                         head=not is_module)  # fmt: skip
            fill = _MODULE if is_module else _DEPOT
            drawing.box(Box(x=x + 34, y=middle - 12, width=_WIDE - 34, height=24, text=one.text,
                            fill=fill, round=12))  # fmt: skip
        y += _ROW - 8
    return y


def _loose(drawing: Drawing, loose: list[_Attached], y: float) -> None:
    """Draw the modules that are not attached to an organ, below the diagram."""
    for place, one in enumerate(loose):
        x = _VEIN + 200 * (place % 3)
        drawing.box(Box(x=x, y=y + 10 + 36 * (place // 3), width=184, height=26, text=one.text,
                        fill=_MODULE, round=12))  # fmt: skip
