"""What the Explore screen says of a model's answers, as lines and rows."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.answers import Ends, Recommendations, Scored
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.bars import bar, diverging
from cfbench.tui.drawing.lines import Line, Span, inset, text


def named(scored: Scored) -> str:
    """Return a label in words."""
    return scored.title or scored.label


def biases(ends: Ends, width: int, height: int) -> list[Line]:
    """Return the highest and the lowest biases with bars, half of the lines each."""
    half = max(1, (height - 1) // 2)
    shown = [*ends.top[:half], *reversed(ends.bottom[:half])]
    return inset(diverging([(named(one), one.value, one.count) for one in shown], width - 2, height))


def answer(ends: Ends | None, recommended: Recommendations | None) -> Line:
    """Return the best item by bias, and what a user should see."""
    line: Line = []
    if ends and ends.top:
        best = ends.top[0]
        line += [("best liked: ", "dim"), text(named(best), "b"), (f"  bias {figures.signed(best.value)}", "")]
    if recommended and recommended.items:
        line += [("  ·  ", "faint")] if line else []
        first = recommended.items[0]
        line += [text(f"user {recommended.user} should see "), text(named(first), "b"), (f": {first.value:.2f}", "")]
    return line


def row(number: int, scored: Scored, low: float, high: float, places: int = 2) -> Sequence[Span]:
    """Return one line's cells: rank, title, value, bar between low and high, training rows."""
    share = (scored.value - low) / (high - low) if high > low else 1.0
    return [
        (f"{number + 1}", "dim"),
        text(named(scored)),
        (figures.metric(scored.value, places), "b"),
        (bar(max(0.02, share), 10), "s1"),
        (f"{scored.count:,}", "dim"),
    ]


def about(recommended: Recommendations) -> Line:
    """Return what the user rated, and how many items were ranked."""
    rated = f"{recommended.ratings:,} ratings, mean {recommended.mean:.1f}"
    return [text(f"user {recommended.user}", "b"), (f"  {rated}  of {recommended.unseen:,} unseen", "dim")]
