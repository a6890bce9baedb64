"""Pictures as SVG: pure functions from numbers and titles to text that any browser draws, without a script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cfbench.answers import CalibrationBin
from cfbench.explore.report.axes import Axis, axis_over, extent, frame
from cfbench.explore.report.marks import WIDE, dot, ink, nothing, picture, say, wide
from cfbench.explore.report.words import safe, signed

_SERIES = ("s1", "s2", "s3", "s4", "s5")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2")
_HIGH, _ROW = 320, 22
_MOST_MARKERS = 40
_Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Line:
    """A named series; a value that is None or no finite number leaves a gap."""

    name: str
    x: Sequence[float]
    y: Sequence[float | None]


@dataclass(frozen=True)
class Bar:
    """A value by name, give or take `within` where that is known; `note` stands at the right."""

    name: str
    value: float
    within: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Cloud:
    """Points (x, y) of one colour; without a name there is no legend."""

    name: str
    points: Sequence[tuple[float, float]]


def lines(
    series: Sequence[Line], x_label: str, y_label: str, title: str, marks: Sequence[tuple[float, str]] = ()
) -> str:
    """Return series over one axis of whole numbers, each with its name at its end.

    Args:
        series: at most five differ in colour.
        x_label: what is counted.
        y_label: what is measured.
        title: what is to be seen, in words.
        marks: places on the x axis with a name, such as the best epoch.
    """
    known = [Line(one.name, *_finite(one)) for one in series]
    known = [one for one in known if any(y is not None for y in one.y)]
    if not known:
        return nothing(title)
    right = WIDE - 14 - max(wide(one.name, 24) for one in known)
    across = axis_over((x for one in known for x in one.x), 58, right, 10, whole=True)
    upwards = axis_over((y for one in known for y in one.y if y is not None), _HIGH - 44, 30, 6)
    body = frame(across, upwards, x_label, y_label)
    for place, name in marks:
        x, near_end = across.at(place), across.at(place) > (across.start + across.end) / 2
        rule = f'<path d="M{x:.1f} {upwards.start}V{upwards.end}" stroke="currentColor" stroke-dasharray="1 3"/>'
        body += ink("dim", rule + say(x + (-5 if near_end else 5), 26, f"◆ {name}", "end" if near_end else "start"))
    ends = [next(y for y in reversed(one.y) if y is not None) for one in known]
    labels = _apart([upwards.at(y) + 4 for y in ends], 15)
    for n, (one, at) in enumerate(zip(known, labels, strict=True)):
        drawn = _strokes(one, across, upwards, _DASHES[n % 5])
        body += ink(_SERIES[n % 5], drawn + say(right + 10, at, one.name, cells=24, bold=True))
    told = "; ".join(
        f"{one.name} from {next(y for y in one.y if y is not None):.4g} to {end:.4g}"
        for one, end in zip(known, ends, strict=True)
    )
    return picture(WIDE, _HIGH, title, body, f"{y_label} by {x_label}: {told}.")


def bars(rows: Sequence[Bar], title: str, form: str = ".3g") -> str:
    """Return horizontal bars that go right above zero and left below it, names left and notes right.

    Args:
        rows: from the top.
        title: what is to be seen, in words.
        form: how values are written, as for `format`.
    """
    rows = [row for row in rows if math.isfinite(row.value)]
    if not rows:
        return nothing(title)
    written = [signed(format(row.value, form)) for row in rows]
    room = max(map(wide, written)) + 10
    left = 14 + max(wide(row.name, 40) for row in rows) + (room if any(row.value < 0 for row in rows) else 0)
    right = WIDE - 14 - max(wide(row.note) for row in rows) - room
    reach = [(row.value - (row.within or 0), row.value + (row.within or 0)) for row in rows]
    low, high = min(0.0, *(low for low, _ in reach)), max(0.0, *(high for _, high in reach))
    across = Axis(low, high if high > low else 1.0, left, max(right, left + 60), ())
    high_up, zero, body = len(rows) * _ROW + 16, across.at(0), ""
    for n, (row, said, (low, high)) in enumerate(zip(rows, written, reach, strict=True)):
        y, x = 8 + n * _ROW, across.at(row.value)
        body += ink("text", say(8, y + 15, row.name, cells=40))
        shape = f'<rect x="{min(x, zero):.1f}" y="{y + 3}" width="{abs(x - zero):.1f}" height="15" rx="1.5"'
        body += ink("s1" if row.value >= 0 else "s2", f'{shape} fill="currentColor" fill-opacity="0.85"/>')
        end = x
        if row.within:
            span = f"M{across.at(low):.1f} {y + 10.5}H{across.at(high):.1f}"
            body += ink("text", f'<path d="{span}" stroke="currentColor" stroke-width="1.2"/>')
            end = across.at(high if row.value >= 0 else low)
        beside, anchor = (end + 6, "start") if row.value >= 0 else (end - 6, "end")
        body += ink("text", say(beside, y + 15, said, anchor, bold=True))
        body += ink("dim", say(WIDE - 8, y + 15, row.note, "end")) if row.note else ""
    axis = f'<path d="M{zero:.1f} 6V{high_up - 6}" stroke="currentColor"/>'
    told = "; ".join(f"{row.name} {said}" for row, said in zip(rows, written, strict=True))
    return picture(WIDE, high_up, title, body + ink("dim", axis), f"{told}.")


def scatter(
    points: Sequence[Cloud],
    named: Sequence[tuple[str, float, float]],
    x_label: str,
    y_label: str,
    title: str,
    window: _Box | None = None,
) -> str:
    """Return clouds of points, and over them those with names, as many names as stand apart.

    Args:
        points: at most five differ in colour.
        named: name, x, y; what comes first is sooner written.
        x_label: the axis across, in words.
        y_label: the axis upwards.
        title: what is to be seen.
        window: left, right, bottom, top of what is shown; all points where it is not said.
    """
    places = [place for cloud in points for place in cloud.points] + [(x, y) for _, x, y in named]
    places = [place for place in places if math.isfinite(sum(place))]
    if not places:
        return nothing(title)
    left, right, bottom, top = window or (*extent(x for x, _ in places), *extent(y for _, y in places))
    height = 540
    across = axis_over((left, right), 58, WIDE - 20, 8, tight=True)
    upwards = axis_over((bottom, top), height - 44, 36, 8, tight=True)
    body, legend = frame(across, upwards, x_label, y_label), WIDE - 20.0
    for n, cloud in reversed(list(enumerate(points))):
        dots = "".join(f"M{across.at(x):.1f} {upwards.at(y):.1f}h0" for x, y in cloud.points if math.isfinite(x + y))
        drawn = f'<path d="{dots}" stroke="currentColor" stroke-width="4.4" stroke-linecap="round" opacity="0.55"/>'
        if cloud.name:
            drawn += say(legend, 20, f"● {cloud.name}", "end", cells=24, bold=True)
            legend -= wide(f"● {cloud.name}", 24) + 16
        body += ink(_SERIES[n % 5], drawn)
    taken: list[_Box] = []
    for name, x, y in named:
        if math.isfinite(x + y):
            body += _named(name, across.at(x), upwards.at(y), taken)
    return picture(WIDE, height, title, body, f"{y_label} over {x_label}, {len(places):,} places with a point.")


def calibration(bins: Sequence[CalibrationBin], title: str = "What was rated, by what was predicted") -> str:
    """Return the mean rating of rows by their mean prediction, with its interval and the diagonal of a perfect one."""
    known = [one for one in bins if math.isfinite(one.predicted + one.rated)]
    if not known:
        return nothing(title)
    within = {one: one.within if one.within is not None and math.isfinite(one.within) else 0.0 for one in known}
    ends = [end for one in known for end in (one.predicted, one.rated - within[one], one.rated + within[one])]
    side = 420
    across, upwards = axis_over(ends, 58, side - 20, 6), axis_over(ends, side - 44, 30, 6)
    low, high = across.low, across.high
    diagonal = f"M{across.at(low):.1f} {upwards.at(low):.1f}L{across.at(high):.1f} {upwards.at(high):.1f}"
    body = frame(across, upwards, "predicted", "rated")
    body += ink("dim", f'<path d="{diagonal}" stroke="currentColor" stroke-dasharray="4 4"/>')
    drawn = ""
    for one in known:
        x, lowest, top = (
            across.at(one.predicted), upwards.at(one.rated - within[one]), upwards.at(one.rated + within[one])
        )  # fmt: skip
        bar = f"M{x:.1f} {lowest:.1f}V{top:.1f}M{x - 4:.1f} {lowest:.1f}h8M{x - 4:.1f} {top:.1f}h8"
        drawn += f'<path d="{bar}" stroke="currentColor" stroke-width="1.4"/>' + dot(x, upwards.at(one.rated), 3.5)
    told = "; ".join(f"predicted {one.predicted:.2f}, rated {one.rated:.2f} ± {within[one]:.2f}" for one in known)
    return picture(side, side, title, body + ink("s1", drawn), f"{told}. The diagonal is a perfect prediction.")


def _strokes(line: Line, across: Axis, upwards: Axis, dashes: str) -> str:
    """Return a series as a line with gaps; points that stand alone, or are few, have markers."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(line.x, line.y, strict=True):
        if y is None:
            runs.append([])
        else:
            runs[-1].append((across.at(x), upwards.at(y)))
    way = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in runs if len(run) > 1)
    texture = f' stroke-dasharray="{dashes}"' if dashes else ""
    drawn = f'<path d="{way}" stroke="currentColor" stroke-width="2"{texture}/>' if way else ""
    few = len(line.x) <= _MOST_MARKERS
    return drawn + "".join(dot(x, y, 3) for run in runs if few or len(run) == 1 for x, y in run)


def _named(name: str, x: float, y: float, taken: list[_Box]) -> str:
    """Return a point with its name beside it, above or below, or without a name where there is no room."""
    point, room = dot(x, y, 2.8), wide(name, 28)
    beside = (x + 7, y + 4, "start", 0.0), (x - 7, y + 4, "end", room)
    for at, base, anchor, before in (*beside, (x, y - 8, "middle", room / 2), (x, y + 16, "middle", room / 2)):
        left = at - before
        box = left, left + room, base - 11, base + 3
        if box[0] >= 58 and box[1] <= WIDE - 8 and not any(_touch(box, other) for other in taken):
            taken += [box, (x - 4, x + 4, y - 4, y + 4)]
            said = say(at, base, name, anchor, 28)
            around = said.replace("<text ", '<text stroke="currentColor" stroke-width="3" stroke-linejoin="round" ', 1)
            return ink("ground", around) + ink("text", point + said)
    return ink("text", f"<g>{point}<title>{safe(name)}</title></g>")


def _touch(one: _Box, other: _Box) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]


def _apart(places: Sequence[float], least: float) -> list[float]:
    """Return places in the same order, moved down as far as it takes to have `least` between them."""
    moved, below = dict[int, float](), -math.inf
    for n in sorted(range(len(places)), key=places.__getitem__):
        below = moved[n] = max(places[n], below + least)
    return [moved[n] for n in range(len(places))]


def _finite(line: Line) -> tuple[list[float], list[float | None]]:
    pairs = [(x, y if y is not None and math.isfinite(y) else None) for x, y in zip(line.x, line.y, strict=True)]
    return [x for x, _ in pairs], [y for _, y in pairs]
