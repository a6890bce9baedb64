"""Numbers as the screens write them: one form for each kind, everywhere the same."""

from __future__ import annotations

import math

MISSING = "–"
MINUS = "\N{MINUS SIGN}"


def count(value: int) -> str:
    """Return a whole number: 80,000."""
    return f"{value:,}".replace("-", MINUS)


def metric(value: float | None, places: int = 3) -> str:
    """Return a measured value with three decimals, NaN as it is, a missing one as a dash."""
    if value is None:
        return MISSING
    return f"{float(value):z,.{places}f}".replace("-", MINUS) if math.isfinite(value) else "NaN"


def signed(value: float, places: int = 2) -> str:
    """Return a number with its sign always shown."""
    return f"{round(value, places) + 0.0:+.{places}f}".replace("-", MINUS)


def plain(value: float) -> str:
    """Return a number with as few digits as it has: 0.005, 1e-05, 50."""
    return f"{value:g}".replace("-", MINUS) if value < 0 else f"{value:g}"


def share(part: float, whole: float) -> str:
    """Return a share in per cent with one decimal: 27.1 %."""
    return f"{100 * part / whole:.1f} %" if whole else MISSING


def clock(seconds: float) -> str:
    """Return a span as on a clock: 1:02 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def span(seconds: float) -> str:
    """Return a short span: 12 ms, 4.0 s, and a clock's from two minutes on."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else clock(seconds)


def age(seconds: float) -> str:
    """Return how long ago: now, 31 m, 2 h, 3 d."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return "now"


def size(n_bytes: float) -> str:
    """Return an amount of memory: 640 kB, 1.98 MB, 1.3 GB."""
    for unit, scale, places in (("GB", 1e9, 2), ("MB", 1e6, 2), ("kB", 1e3, 0)):
        if n_bytes >= scale:
            return f"{n_bytes / scale:.{places}f} {unit}"
    return f"{n_bytes:.0f} B"


def short(value: float) -> str:
    """Return a large number in few characters: 6,240, 71.6 k, 1.5 M."""
    for unit, scale in (("M", 1e6), ("k", 1e4)):
        if abs(value) >= scale:
            return f"{value / (1e6 if unit == 'M' else 1e3):.1f} {unit}"
    return f"{value:,.0f}"
