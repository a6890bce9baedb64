"""Bars: how much of what. Parts differ by texture, sign or name too, so that they are told apart without colour."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cfbench.answers import Bar
from cfbench.text import width as text_width
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, cut, fit
from cfbench.tui.drawing.series import finite

_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
_GAP = 2
_SHARE = 7  # cells of "100.0 %"
_LEAST_BAR = 4
_BOUND = 7  # cells of " ± 0.12"
_BOUNDS_FROM = 56

Part = tuple[str, int, str, str]
"""Of a whole: name, count, role, and the letter that fills it."""

Item = tuple[str, float, int]
"""A title, its value, and how often it was seen."""


def bar(fraction: float, width: int) -> str:
    """Return a bar in eighths of a cell, padded to `width`; at least an eighth where there is anything at all."""
    if not fraction > 0 or width <= 0:
        return " " * max(0, width)
    full, rest = divmod(max(1, round(min(1.0, fraction) * width * 8)), 8)
    return ("█" * full + _EIGHTHS[rest]).ljust(width)


def meter(fraction: float, width: int, role: str = "ok") -> Line:
    """Return how far something is, as a heavy line on a thin one."""
    done = math.floor(max(0.0, min(1.0, fraction if finite(fraction) else 0.0)) * width + 1e-9)
    return [(text, tone) for text, tone in (("━" * done, role), ("─" * (width - done), "faint")) if text]


def histogram(bars: Sequence[Bar], width: int, height: int, role: str = "s1") -> list[Line]:
    """Return at most `height` lines: label, bar, count, share. Neighbours share a line where there are more bars.

    Narrow ones lack the share, then the bar.
    """
    if not bars or height < 1:
        return []
    many = math.ceil(len(bars) / height)
    bars = [_together(bars[n : n + many]) for n in range(0, len(bars), many)]
    labels = _labels(bars)
    counts = [figures.count(one.count) for one in bars]
    label_cells, count_cells = (max(map(text_width, texts)) for texts in (labels, counts))
    room = width - label_cells - count_cells - 2 * _GAP
    shares = room >= _SHARE + _GAP + _LEAST_BAR
    bar_cells = max(0, room - (_SHARE + _GAP) * shares)
    total, most = sum(one.count for one in bars), max(one.count for one in bars) or 1
    gap = " " * _GAP
    lines: list[Line] = []
    for one, label, count in zip(bars, labels, counts, strict=True):
        line = [(fit(label, label_cells, ">") + gap, "b")]
        if bar_cells >= _LEAST_BAR:
            line.append((bar(one.count / most, bar_cells) + gap, role))
        line.append((fit(count, count_cells, ">"), ""))
        if shares:
            line.append((gap + fit(figures.share(one.count, total), _SHARE, ">"), "dim"))
        lines.append(cut(line, width))
    return lines


def split_bar(parts: Sequence[Part], width: int) -> list[Line]:
    """Return two lines: name, count and share of each part, and under them a bar of all; the least part has a cell."""
    total = sum(count for _, count, _, _ in parts)
    if not parts or width < 1:
        return []
    filled = [part for part in parts if part[1] > 0]
    gap = 1 if width > 3 * len(filled) else 0
    cells = _shared_out([count for _, count, _, _ in filled], width - gap * max(0, len(filled) - 1))
    line: Line = []
    starts: dict[str, int] = {}
    used = 0
    for (name, _, role, texture), size in zip(filled, cells, strict=True):
        if used and gap:
            line.append((" ", ""))
            used += gap
        starts[name] = used
        line.append((texture * size, role))
        used += size
    return [_names(parts, starts, total, width), cut(line, width)]


def diverging(items: Sequence[Item], width: int, height: int, bounds: Sequence[float | None] = ()) -> list[Line]:
    """Return lines of title, count, value and a bar: to the right and solid above 0, to the left and shaded below.

    `bounds` say how sure each value is; wide ones show them behind it.

    Where there are more items than `height`, the first and the last are shown; a blank line parts the signs if there is
    room. Narrow ones lack the count, then the bar.
    """
    sure = width >= _BOUNDS_FROM and any(bound is not None for bound in bounds)
    told = dict(zip(items, bounds, strict=False)) if sure else {}
    shown: list[Item | None] = list(items)
    turn = next((n for n in range(1, len(items)) if (items[n - 1][1] > 0) != (items[n][1] > 0)), 0)
    if len(shown) > height:
        top = (height + 1) // 2
        shown = [*shown[:top], *shown[len(shown) - (height - top) :]]
    elif turn and len(shown) < height:
        shown.insert(turn, None)
    kept = [item for item in shown if item is not None]
    if not kept:
        return []
    values = [value for _, value, _ in kept if finite(value)]
    below, above = -min([0.0, *values]), max([0.0, *values])
    value_cells = max(text_width(_signed(value)) for _, value, _ in kept)
    count_cells = max(len(figures.count(count)) for _, _, count in kept) + _GAP if width >= 60 else 0
    bar_cells = min(40, width // 3) if width >= 30 else 0
    left = round(bar_cells * below / (below + above)) if below + above else 0
    if below and bar_cells:
        left = max(1, min(bar_cells - 1, left))
    bound_cells = _BOUND * sure
    title_cells = max(
        0, width - count_cells - value_cells - bound_cells - _GAP - (bar_cells + 1 + _GAP if bar_cells else 0)
    )
    lines: list[Line] = []
    for item in shown:
        if item is None:
            lines.append(cut([], width))
            continue
        title, value, count = item
        good = finite(value)
        line: Line = [(fit(title, title_cells), "")]
        if count_cells:
            line.append((fit(figures.count(count), count_cells, ">"), "dim"))
        line.append((" " * _GAP + fit(_signed(value), value_cells, ">"), "" if good else "bad"))
        if sure:
            bound = told.get(item)
            line.append((fit("" if bound is None else f" ± {bound:.2f}", _BOUND), "dim"))
        if bar_cells:
            line.append((" " * _GAP, ""))
            line += _either_side(value if good else 0.0, below, above, left, bar_cells - left)
        lines.append(cut(line, width))
    return lines


def _either_side(value: float, below: float, above: float, left: int, right: int) -> Line:
    """Return a bar from an axis after `left` cells; both sides have one scale."""
    shaded = max(1, round(left * value / -below)) if value < 0 else 0
    solid = bar(value / above, right) if value > 0 else " " * right
    return [(" " * (left - shaded) + "▒" * shaded, "s2"), ("│", "faint"), (solid, "s1")]


def _signed(value: float) -> str:
    if not finite(value):
        return "NaN"
    return figures.signed(value) if abs(value) < 1e6 else f"{value:+.3g}".replace("-", figures.MINUS)


def _together(bars: Sequence[Bar]) -> Bar:
    return Bar(bars[0].low, bars[-1].high, sum(one.count for one in bars))


def _labels(bars: Sequence[Bar]) -> list[str]:
    """Return what each bar stands for, all numbers with as many decimals as one of them needs."""
    ends = [f"{end:g}" for one in bars for end in (one.low, one.high)]
    places = 0 if any("e" in end for end in ends) else max(len(end.partition(".")[2]) for end in ends)

    def written(value: float) -> str:
        return f"{value:,.{places}f}".replace("-", figures.MINUS) if places < 7 and abs(value) < 1e6 else f"{value:g}"

    to = "–" if all(one.low >= 0 for one in bars) else " … "
    return [written(one.low) if one.low == one.high else f"{written(one.low)}{to}{written(one.high)}" for one in bars]


def _shared_out(counts: Sequence[int], cells: int) -> list[int]:
    """Return how many of the cells each count gets: at least one, the rest as is their share."""
    total = sum(counts)
    given = [max(1, round(cells * count / total)) for count in counts]
    while counts and sum(given) > max(cells, len(counts)):
        most = max(range(len(given)), key=lambda n: given[n])
        given[most] -= 1
    while counts and sum(given) < cells:
        most = max(range(len(given)), key=lambda n: counts[n] / given[n])
        given[most] += 1
    return given


def _names(parts: Sequence[Part], starts: dict[str, int], total: int, width: int) -> Line:
    """Return each part's name over its bar, the last one at the right end; without shares where there is no room."""
    texts = [f"{name} {figures.count(count)}" for name, count, _, _ in parts]
    full = [f"{text}  {figures.share(part[1], total)}" for text, part in zip(texts, parts, strict=True)]
    if sum(map(text_width, full)) + 2 * _GAP * (len(parts) - 1) <= width:
        texts = full
    line: Line = []
    used = 0
    for n, ((name, _, role, _), text) in enumerate(zip(parts, texts, strict=True)):
        latest = width - sum(map(text_width, texts[n:])) - _GAP * (len(parts) - n - 1)
        wanted = latest if n and n == len(parts) - 1 else starts.get(name, 0)
        start = max(used + _GAP * (n > 0), min(wanted, latest))
        line += [(" " * (start - used), ""), (fit(text, text_width(text)), role)]
        used = start + text_width(text)
    return cut([span for span in line if span[0]], width)
