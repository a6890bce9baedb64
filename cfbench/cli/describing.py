"""What is in the data, as lines of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from cfbench.answers import CrossTab, DataProfile, Finding
from cfbench.text import label, pad, width

WIDTH = 80
_CROSSTAB = 6
"""Cells; no line of `lines` is wider."""


def lines(profile: DataProfile) -> list[str]:
    """Return the profile as lines of plain text, safe to draw and at most 80 cells wide."""
    blocks = [
        _file_lines(profile),
        _column_lines(profile),
        _figure_lines(profile),
        _target_lines(profile),
        _row_lines(profile),
        _crosstab_lines(profile.crosstab),
        finding_lines(profile.findings),
    ]
    return [line for number, block in enumerate(filter(None, blocks)) for line in ([""] * (number > 0) + block)]


def _file_lines(profile: DataProfile) -> list[str]:
    found = []
    for file in profile.files:
        found.append(f"{file.table:8} {label(file.name, 50)}  {file.rows:,} rows")
        for word, guessed in (("given", False), ("guessed", True)):
            parts = [f"{part.name} {part.value}" for part in file.layout if part.guessed == guessed]
            found += _wrapped(f"{word}: {', '.join(parts)}", " " * 9) if parts else []
    return found


def _column_lines(profile: DataProfile) -> list[str]:
    used = [column for column in profile.columns if column.role]
    found = _aligned([(column.table, column.name, column.role, column.reason) for column in used], (8, 14, 11, 41))
    for table in ("ratings", "items", "users"):
        own = [column for column in profile.columns if column.table == table and not column.flag_of]
        unused = [label(column.name, 40) for column in own if not column.role]
        found += _wrapped(f"{table}, not used: {', '.join(unused)}") if unused else []
    return found


def _figure_lines(profile: DataProfile) -> list[str]:
    figures = {
        "rows": f"{profile.kept:,} of {profile.read:,} read",
        **{f"  {reason}": f"{count:,} dropped" for reason, count in profile.dropped.items()},
        "users": f"{profile.users:,}",
        "items": f"{profile.items:,}",
        "density": f"{profile.density:.3%}",
        "long tail": f"half of all rows in {100 * profile.half_items:.1f} % of the items",
        "": f"and in {100 * profile.half_users:.1f} % of the users",
        "seen once": f"{profile.single_items:,} items, {profile.single_users:,} users",
        "feedback": profile.feedback,
        "mean": f"{profile.target_mean:z.4f}",
        "time": f"{profile.time_first} to {profile.time_last}" if profile.time_first else "none",
        **({"same second": f"{profile.ties:.1%} of rows, with another of their user"} if profile.ties else {}),
        "repeats": f"{profile.duplicates:,} rows, {profile.conflicts:,} pairs with another target",
        "titles": f"{profile.shared_titles:,} borne by several ids, {profile.merged_items:,} items merged",
        **{f"field {name}": f"{count:,} labels" if count else "numbers" for name, count in profile.fields.items()},
    }
    return _aligned(list(figures.items()), (34, 44))


def _target_lines(profile: DataProfile) -> list[str]:
    most = max(bar.count for bar in profile.targets)
    names = [
        f"{bar.low:g}" if bar.low == bar.high else f"{_short(bar.low)} to {_short(bar.high)}" for bar in profile.targets
    ]
    wide = max(map(len, names))
    return [
        f"{name:>{wide}}  {bar.count:>11,}  {'#' * round(bar.count / most * (WIDTH - wide - 15))}".rstrip()
        for name, bar in zip(names, profile.targets, strict=True)
    ]


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _row_lines(profile: DataProfile) -> list[str]:
    rows = [(row.user, row.item, f"{row.target:g}", row.time or "") for row in profile.first]
    return _aligned([("user", "item", "target", "time" if profile.time_first else ""), *rows], (12, 34, 8, 20))


def _aligned(rows: list[tuple[str, ...]], most: tuple[int, ...]) -> list[str]:
    """Rows as columns two blanks apart, each as wide as its widest value and never wider than `most`."""
    widths = [min(limit, max(width(label(row[number], limit)) for row in rows)) for number, limit in enumerate(most)]
    return ["  ".join(map(pad, row, widths)).rstrip() for row in rows]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        label(text, 2000), WIDTH, initial_indent=indent, subsequent_indent=indent or "  ", break_on_hyphens=False
    )


def _crosstab_lines(crosstab: CrossTab) -> list[str]:
    """The densest users by items: a column a user, its target in each."""
    users, items = crosstab.users[:_CROSSTAB], crosstab.items[:_CROSSTAB]
    if len(users) < 2 or len(items) < 2:
        return []
    rows = [("", *(label(user, 7) for user in users))]
    for n, item in enumerate(items):
        cells = (crosstab.cells[user][n] for user in range(len(users)))
        rows.append((item, *("·" if cell is None else f"{cell:.3g}" for cell in cells)))
    names = min(24, max(width(label(row[0], 24)) for row in rows))
    wide = [max(width(row[n]) for row in rows) for n in range(1, len(rows[0]))]
    return [
        "  ".join([pad(row[0], names), *(pad(cell, w, right=True) for cell, w in zip(row[1:], wide, strict=True))])
        for row in rows
    ]


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """What was found, each with what to do about it."""
    signs = {"wrong": "✗", "look": "!", "note": "·", "fine": "✓"}
    found = []
    for finding in findings:
        told = textwrap.wrap(label(finding.what, 2000), WIDTH - 2, break_on_hyphens=False)
        found += [f"{signs[finding.level]} {told[0]}", *(f"  {line}" for line in told[1:])]
        found += _wrapped(finding.mend, "    → ")[:1] if finding.mend else []
        found += _wrapped(finding.mend, "      ")[1:] if finding.mend else []
    return found
