"""What the Data screen says of a profile, as lines and rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cfbench.answers import Bar, DataProfile, Preview, Row
from cfbench.answers import Column as DataColumn
from cfbench.errors import CfbenchError
from cfbench.text import label
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, Span, sentence, text
from cfbench.tui.parts.table import Column, widest
from cfbench.tui.screens.data import layouts
from cfbench.tui.screens.data.rows import Rows

_MOST_PLACES = 3
_UNUSED = "not used"

EMPTY: Line = [
    ("no data yet: ", "dim"), ("o", "b"), (" opens a file, ", "dim"), ("d", "b"), (" a data set, ", "dim"),
    ("p", "b"), (" takes a path", "dim"),
]  # fmt: skip
OFFER: Line = [
    ("to try it without a file: ", "dim"), ("d", "b"), (" then ", "dim"), ("enter", "b"),
    (" takes the built-in demo", "dim"),
]  # fmt: skip


def answer(profile: DataProfile, sources: Sequence[str], width: int) -> list[Line]:
    """Return how much there is, and how it was read."""
    explicit = profile.feedback == "explicit"
    how_much: Line = [
        (f"{figures.count(profile.kept)} {'ratings' if explicit else 'rows'}", "b"),
        (" by ", ""),
        (f"{figures.count(profile.users)} users", "b"),
        (" of ", ""),
        (f"{figures.count(profile.items)} items", "b"),
    ]
    filled: Line = [(f"{100 * profile.density:.2f} % filled", "")]
    mean: Line = [(f"mean {profile.target_mean:.2f}".replace("-", figures.MINUS) if explicit else "implicit", "")]
    read: Line = [text(f"read as {', '.join(layouts.summary(profile))}", "dim")] if profile.files else []
    joined = [file for file in profile.files if file.table != "ratings"]
    with_sides: Line = [text(f"with {' and '.join(file.name for file in joined)}", "dim")] if joined else []
    source: Line = [text(", ".join(sources), "dim")]
    return [sentence([how_much, filled, mean], width), sentence([source, read, with_sides], width)]


def refusal(error: CfbenchError, width: int, height: int) -> list[Line]:
    """Return what is wrong, where, and what to do about it, as far as there is room."""
    wrong: list[Line] = [[("✗ ", "bad"), text(error.what)], [text(error.where, "dim")] if error.where else []]
    mend: Line = [text(error.mend, "dim")] if error.mend else []
    return [sentence([*wrong, mend], width)] if height < 2 else [sentence(wrong, width), mend]


def day(time: str | None) -> str:
    """Return the day of a time in ISO 8601: 4 Dec 1997."""
    return datetime.fromisoformat(time).astimezone(UTC).strftime("%d %b %Y").lstrip("0") if time else figures.MISSING


def row_columns(profile: DataProfile | None) -> tuple[Column, ...]:
    """Return the columns of the table of rows."""
    users = widest([label(row.user) for row in profile.first], 24) if profile else 0
    time = (Column("time", 11, ">"),) if profile is None or profile.time_first else ()
    return Column("user", max(8, users), ">"), Column("item", 0), Column("rating", 8, ">"), *time


def column_columns(columns: Sequence[DataColumn]) -> tuple[Column, ...]:
    """Return the columns of the table of columns."""
    names = widest([label(column.name) for column in columns], 16)
    roles = widest([column.role or _UNUSED for column in columns], 12)
    return Column("column", max(6, names)), Column("read as", max(7, roles)), Column("why", 0)


def preview_columns(preview: Preview) -> tuple[Column, ...]:
    """Return the columns of the table of the first rows, while all are read."""
    return tuple(
        Column(label(name, 24), 0 if n == 1 else 12, "<" if n < 2 else ">") for n, name in enumerate(preview.shown)
    )


def preview_row(values: Sequence[str]) -> Sequence[Span]:
    """Return one of the first rows' cells, as they stand in the file."""
    return [text(value, "dim") for value in values]


def place(rows: Rows, here: int) -> Line:
    """Return which row has the cursor, of how many, in which order, and what they hold."""
    told: Line = [(f"/ {label(rows.contains, 30)}  ", "b")] if rows.contains else []
    if rows.order:
        told.append((f"by {rows.order.removeprefix('-')}{', turned' if rows.order[0] == '-' else ''}  ", ""))
    return [*told, (f"{here:,} of {rows.total:,}", "dim")] if rows.total else told


def places(bars: Sequence[Bar]) -> int:
    """Return how many decimals tell targets apart."""
    ends = [f"{end:g}" for bar in bars for end in (bar.low, bar.high)]
    return min(_MOST_PLACES, max((len(end.partition(".")[2]) for end in ends if "e" not in end), default=0))


def row(row: Row, places: int) -> Sequence[Span]:
    """Return one row's cells: user, title, target, day."""
    return [text(row.user), text(row.item), (figures.metric(row.target, places), ""), (day(row.time), "dim")]


def column(column: DataColumn) -> Sequence[Span]:
    """Return a column's cells: name, role, table and reason."""
    role: Span = (column.role, "b") if column.role else (_UNUSED, "dim")
    told = [] if column.table == "ratings" else [column.table]
    told += [column.reason] if column.role else []
    return [text(column.name), role, text(", ".join(told), "dim")]


def guesses(columns: Sequence[DataColumn]) -> Line:
    """Return how many roles were guessed."""
    guessed = sum(bool(column.role) and column.reason != "said" for column in columns)
    return [(f"{guessed} guessed" if guessed else "as said", "dim")] if columns else []


def span(bars: Sequence[Bar]) -> Line:
    """Return from where to where targets go."""
    if not bars:
        return []
    shown = [figures.plain(end) for end in (bars[0].low, bars[-1].high)]
    whole = all(end == int(end) for bar in bars for end in (bar.low, bar.high))
    to = "–" if bars[0].low >= 0 else " … "
    return [(to.join(dict.fromkeys(shown)) + (", whole" if whole else ""), "dim")]


def half(profile: DataProfile) -> Line:
    """Return how few items, and how few users, hold half of all rows."""
    return [
        ("half of all in ", "dim"), (f"{100 * profile.half_items:.0f} %", ""), (" of items, ", "dim"),
        (f"{100 * profile.half_users:.0f} %", ""), (" of users", "dim"),
    ]  # fmt: skip


def days(profile: DataProfile) -> Line:
    """Return the first and the last day."""
    return [(f"{day(profile.time_first)} – {day(profile.time_last)}", "dim")] if profile.times else []
