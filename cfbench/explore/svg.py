"""Pictures as SVG: pure functions from numbers and titles to text that any browser draws, without a script or a file.

A mark takes its colour from the group that it stands in, through ``currentColor``. The group has the ink of a light
ground, so a picture can be read alone; a page gives its groups other inks by their classes, as in the dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from cfbench import text
from cfbench.answers import CalibrationBin

# Okabe and Ito, "Color Universal Design", 2008: series that stay apart for colour-blind eyes.
INKS = {
    "light": {
        "text": "#1c2228", "ground": "#ffffff", "dim": "#5c6670", "faint": "#c3cad1",
        "s1": "#0066a1", "s2": "#8a5a00", "s3": "#00694d", "s4": "#9c3f72", "s5": "#6d6500",
    },
    "dark": {
        "text": "#d9dfe5", "ground": "#0e1217", "dim": "#929ca6", "faint": "#3f4a55",
        "s1": "#56b4e9", "s2": "#e69f00", "s3": "#2fb58a", "s4": "#d384af", "s5": "#f0e442",
    },
}  # fmt: skip
"""Look -> role -> colour, the same as in the workbench."""

_SERIES = ("s1", "s2", "s3", "s4", "s5")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2")
_WIDE, _HIGH, _LETTER, _ROW = 720, 320, 12, 22
_MOST_MARKERS = 40
_NOT_XML = {0xFFFE: "\N{REPLACEMENT CHARACTER}", 0xFFFF: "\N{REPLACEMENT CHARACTER}"}


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


def safe(words: str, cells: int = 500) -> str:
    """Return text from anywhere as it may stand in XML and HTML, between tags or in quotes."""
    return escape(text.label(words, cells).translate(_NOT_XML), {'"': "&quot;"})


# -- pictures --


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
        return _nothing(title)
    right = _WIDE - 14 - max(_wide(one.name, 24) for one in known)
    across = _axis((x for one in known for x in one.x), 58, right, 10, whole=True)
    upwards = _axis((y for one in known for y in one.y if y is not None), _HIGH - 44, 30, 6)
    body = _frame(across, upwards, x_label, y_label)
    for place, name in marks:
        x, near_end = across.at(place), across.at(place) > (across.start + across.end) / 2
        rule = f'<path d="M{x:.1f} {upwards.start}V{upwards.end}" stroke="currentColor" stroke-dasharray="1 3"/>'
        body += _ink("dim", rule + _say(x + (-5 if near_end else 5), 26, f"◆ {name}", "end" if near_end else "start"))
    ends = [next(y for y in reversed(one.y) if y is not None) for one in known]
    labels = _apart([upwards.at(y) + 4 for y in ends], 15)
    for n, (one, at) in enumerate(zip(known, labels, strict=True)):
        drawn = _strokes(one, across, upwards, _DASHES[n % 5])
        body += _ink(_SERIES[n % 5], drawn + _say(right + 10, at, one.name, cells=24, bold=True))
    told = "; ".join(
        f"{one.name} from {next(y for y in one.y if y is not None):.4g} to {end:.4g}"
        for one, end in zip(known, ends, strict=True)
    )
    return _picture(_WIDE, _HIGH, title, body, f"{y_label} by {x_label}: {told}.")


def bars(rows: Sequence[Bar], title: str, form: str = ".3g") -> str:
    """Return horizontal bars that go right above zero and left below it, names left and notes right.

    Args:
        rows: from the top.
        title: what is to be seen, in words.
        form: how values are written, as for `format`.
    """
    rows = [row for row in rows if math.isfinite(row.value)]
    if not rows:
        return _nothing(title)
    written = [_signed(format(row.value, form)) for row in rows]
    room = max(map(_wide, written)) + 10
    left = 14 + max(_wide(row.name, 40) for row in rows) + (room if any(row.value < 0 for row in rows) else 0)
    right = _WIDE - 14 - max(_wide(row.note) for row in rows) - room
    reach = [(row.value - (row.within or 0), row.value + (row.within or 0)) for row in rows]
    low, high = min(0.0, *(low for low, _ in reach)), max(0.0, *(high for _, high in reach))
    across = _Axis(low, high if high > low else 1.0, left, max(right, left + 60), ())
    high_up, zero, body = len(rows) * _ROW + 16, across.at(0), ""
    for n, (row, said, (low, high)) in enumerate(zip(rows, written, reach, strict=True)):
        y, x = 8 + n * _ROW, across.at(row.value)
        body += _ink("text", _say(8, y + 15, row.name, cells=40))
        shape = f'<rect x="{min(x, zero):.1f}" y="{y + 3}" width="{abs(x - zero):.1f}" height="15" rx="1.5"'
        body += _ink("s1" if row.value >= 0 else "s2", f'{shape} fill="currentColor" fill-opacity="0.85"/>')
        end = x
        if row.within:
            span = f"M{across.at(low):.1f} {y + 10.5}H{across.at(high):.1f}"
            body += _ink("text", f'<path d="{span}" stroke="currentColor" stroke-width="1.2"/>')
            end = across.at(high if row.value >= 0 else low)
        beside, anchor = (end + 6, "start") if row.value >= 0 else (end - 6, "end")
        body += _ink("text", _say(beside, y + 15, said, anchor, bold=True))
        body += _ink("dim", _say(_WIDE - 8, y + 15, row.note, "end")) if row.note else ""
    axis = f'<path d="M{zero:.1f} 6V{high_up - 6}" stroke="currentColor"/>'
    told = "; ".join(f"{row.name} {said}" for row, said in zip(rows, written, strict=True))
    return _picture(_WIDE, high_up, title, body + _ink("dim", axis), f"{told}.")


def scatter(
    points: Sequence[Cloud],
    named: Sequence[tuple[str, float, float]],
    x_label: str,
    y_label: str,
    title: str,
    window: tuple[float, float, float, float] | None = None,
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
        return _nothing(title)
    left, right, bottom, top = window or (*_ends(x for x, _ in places), *_ends(y for _, y in places))
    height = 540
    across = _axis((left, right), 58, _WIDE - 20, 8, tight=True)
    upwards = _axis((bottom, top), height - 44, 36, 8, tight=True)
    body, legend = _frame(across, upwards, x_label, y_label), _WIDE - 20.0
    for n, cloud in reversed(list(enumerate(points))):
        dots = "".join(f"M{across.at(x):.1f} {upwards.at(y):.1f}h0" for x, y in cloud.points if math.isfinite(x + y))
        drawn = f'<path d="{dots}" stroke="currentColor" stroke-width="4.4" stroke-linecap="round" opacity="0.55"/>'
        if cloud.name:
            drawn += _say(legend, 20, f"● {cloud.name}", "end", cells=24, bold=True)
            legend -= _wide(f"● {cloud.name}", 24) + 16
        body += _ink(_SERIES[n % 5], drawn)
    taken: list[tuple[float, float, float, float]] = []
    for name, x, y in named:
        if math.isfinite(x + y):
            body += _named(name, across.at(x), upwards.at(y), taken)
    return _picture(_WIDE, height, title, body, f"{y_label} over {x_label}, {len(places):,} places with a point.")


def calibration(bins: Sequence[CalibrationBin], title: str = "What was rated, by what was predicted") -> str:
    """Return the mean rating of rows by their mean prediction, with its interval and the diagonal of a perfect one."""
    known = [one for one in bins if math.isfinite(one.predicted + one.rated)]
    if not known:
        return _nothing(title)
    within = {one: one.within if math.isfinite(one.within) else 0.0 for one in known}
    ends = [end for one in known for end in (one.predicted, one.rated - within[one], one.rated + within[one])]
    side = 420
    across, upwards = _axis(ends, 58, side - 20, 6), _axis(ends, side - 44, 30, 6)
    low, high = across.low, across.high
    diagonal = f"M{across.at(low):.1f} {upwards.at(low):.1f}L{across.at(high):.1f} {upwards.at(high):.1f}"
    body = _frame(across, upwards, "predicted", "rated")
    body += _ink("dim", f'<path d="{diagonal}" stroke="currentColor" stroke-dasharray="4 4"/>')
    drawn = ""
    for one in known:
        x, lowest, top = (
            across.at(one.predicted), upwards.at(one.rated - within[one]), upwards.at(one.rated + within[one])
        )  # fmt: skip
        bar = f"M{x:.1f} {lowest:.1f}V{top:.1f}M{x - 4:.1f} {lowest:.1f}h8M{x - 4:.1f} {top:.1f}h8"
        drawn += f'<path d="{bar}" stroke="currentColor" stroke-width="1.4"/>' + _dot(x, upwards.at(one.rated), 3.5)
    told = "; ".join(f"predicted {one.predicted:.2f}, rated {one.rated:.2f} ± {one.within:.2f}" for one in known)
    return _picture(side, side, title, body + _ink("s1", drawn), f"{told}. The diagonal is a perfect prediction.")


# -- axes --


@dataclass(frozen=True)
class _Axis:
    """From numbers to places in the picture."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def step(low: float, high: float, most: int, whole: bool = False) -> float:
    """Return the smallest of 1, 2, 2.5 or 5 times a power of ten that goes at most `most` times into a range."""
    least = (high - low) / most
    power = 10.0 ** math.floor(math.log10(least))
    sizes = (1, 2, 5, 10) if whole and power <= 1 else (1, 2, 2.5, 5, 10)
    found = next(size * power for size in sizes if size * power >= least * (1 - 1e-9))
    return max(found, 1.0) if whole else found


def _axis(
    values: Iterable[float], start: float, end: float, most: int, whole: bool = False, tight: bool = False
) -> _Axis:
    low, high = _ends(values)
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        around = 0.5 if whole else max(abs(low) * 0.05, 1e-6)
        low, high = low - around, high + around
    size = step(low, high, most, whole)
    first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
    if not (whole or tight):
        first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
        low, high = first * size, last * size
    return _Axis(low, high, start, end, tuple(n * size for n in range(first, last + 1)))


def _frame(across: _Axis, upwards: _Axis, x_label: str, y_label: str) -> str:
    """Return grid, numbers and names of both axes."""
    grid = "".join(f"M{across.start} {upwards.at(tick):.1f}H{across.end:.1f}" for tick in upwards.ticks)
    said = "".join(_say(across.start - 8, upwards.at(tick) + 4, word, "end") for tick, word in _numbers(upwards.ticks))
    said += "".join(_say(across.at(tick), upwards.start + 18, word, "middle") for tick, word in _numbers(across.ticks))
    said += _say((across.start + across.end) / 2, upwards.start + 37, x_label, "middle", cells=90)
    said += _say(8, 16, y_label, cells=60)
    return _ink("faint", f'<path d="{grid}" stroke="currentColor" stroke-width="0.7"/>') + _ink("dim", said)


def _numbers(ticks: Sequence[float]) -> list[tuple[float, str]]:
    if len(ticks) < 2:
        return [(tick, _signed(f"{tick:,g}")) for tick in ticks]
    size = ticks[1] - ticks[0]
    if max(map(abs, ticks)) >= 1e6 or size < 1e-5:
        return [(tick, _signed(f"{tick:.3g}")) for tick in ticks]
    decimals = next(n for n in range(9) if abs(round(size, n) - size) < size * 1e-6)
    return [(tick, _signed(f"{tick:,.{decimals}f}")) for tick in ticks]


def _ends(values: Iterable[float]) -> tuple[float, float]:
    known = list(values)
    return min(known), max(known)


# -- marks --


def _picture(width: int, height: int, title: str, body: str, told: str) -> str:
    ground = _ink("ground", f'<rect width="{width}" height="{height}" fill="currentColor"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif" font-size="{_LETTER}" '
        f'fill="none"><title>{safe(title)}</title><desc>{safe(told, 2000)}</desc>{ground}{body}</svg>'
    )


def _nothing(title: str) -> str:
    return _picture(_WIDE, 48, title, _ink("dim", _say(8, 28, "there is no number to draw")), "It is empty.")


def _ink(role: str, body: str) -> str:
    return f'<g class="{role}" color="{INKS["light"][role]}">{body}</g>'


def _say(x: float, y: float, words: str, anchor: str = "start", cells: int = 60, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place}{weight} fill="currentColor">{safe(words, cells)}</text>'


def _dot(x: float, y: float, radius: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="currentColor"/>'


def _strokes(line: Line, across: _Axis, upwards: _Axis, dashes: str) -> str:
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
    return drawn + "".join(_dot(x, y, 3) for run in runs if few or len(run) == 1 for x, y in run)


def _named(name: str, x: float, y: float, taken: list[tuple[float, float, float, float]]) -> str:
    """Return a point with its name beside it, above or below, or without a name where there is no room."""
    point, wide = _dot(x, y, 2.8), _wide(name, 28)
    beside = (x + 7, y + 4, "start", 0.0), (x - 7, y + 4, "end", wide)
    for at, base, anchor, before in (*beside, (x, y - 8, "middle", wide / 2), (x, y + 16, "middle", wide / 2)):
        left = at - before
        box = left, left + wide, base - 11, base + 3
        if box[0] >= 58 and box[1] <= _WIDE - 8 and not any(_touch(box, other) for other in taken):
            taken += [box, (x - 4, x + 4, y - 4, y + 4)]
            said = _say(at, base, name, anchor, 28)
            around = said.replace("<text ", '<text stroke="currentColor" stroke-width="3" stroke-linejoin="round" ', 1)
            return _ink("ground", around) + _ink("text", point + said)
    return _ink("text", f"<g>{point}<title>{safe(name)}</title></g>")


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
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


def _wide(words: str, cells: int = 60) -> float:
    """Return about how wide text is, in the units of a picture."""
    return text.width(text.label(words, cells)) * _LETTER * 0.58


def _signed(number: str) -> str:
    return number.replace("-", "−")
