"""What the Loader screen says of a preview, as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cfbench.answers import Bar, LoaderPreview
from cfbench.experiment import Data
from cfbench.registry.declarations import Declaration
from cfbench.text import label, width
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.bars import split_bar
from cfbench.tui.drawing.lines import Line, Span, cells, fit, inset, sentence, text, wrapped

_PARTS = (("train", "s1", "█"), ("valid", "s2", "▒"), ("test", "s3", "░"))
_DTYPES = {"x": "int64", "categorical": "int64", "continuous": "float32", "target": "float32"}
_WIDEST_USER = 16
_ROOMY = 90

Check = tuple[str, str, str]
"""A sign, what was found, and what to know about it."""

_TONES = {"✓": "ok", "!": "warn", "·": "dim", "✗": "bad"}


def answer(preview: LoaderPreview, size: int) -> Line:
    """Return how many rows each part has, how many batches that makes, and whether anything leaks."""
    parts = [(name, preview.rows.get(name, 0)) for name, _, _ in _PARTS]
    rows: Line = []
    for name, count in parts:
        if count or name != "test":
            rows += [("  +  ", "dim")] * bool(rows) + [(f"{figures.count(count)} {name}", "b")]
    batches = f"{_batches(preview)} an epoch" if size >= _ROOMY else _batches(preview)
    leak: Line = [("✓", "ok"), (" nothing leaks", "")]
    looks = sum(finding.level in ("look", "wrong") for finding in preview.findings)
    if preview.repeated:
        leak = [("!", "warn"), (f" {_repeated(preview)}", "")]
    elif looks:
        leak = [("!", "warn"), (f" {looks} to look at", "")]
    return sentence([rows, [(batches, "")], leak], size)


def circumstances(preview: LoaderPreview, splitter: Declaration | None, size: int) -> Line:
    """Return how it is split, what becomes of the test part, and the split's name."""
    clauses: list[Line] = [[text(f"{splitter.title}: {splitter.summary}", "dim")]] if splitter else []
    if preview.rows.get("test"):
        clauses.append([("test is held back until it is opened on purpose", "dim")])
    return sentence([*clauses, [text(f"split {preview.split_hash[:8]}", "dim")]], size)


def _batches(preview: LoaderPreview) -> str:
    noun = "batch" if preview.steps_an_epoch == 1 else "batches"
    return f"{figures.count(preview.steps_an_epoch)} {noun} of {figures.count(preview.batch_size)}"


def _many(count: int, noun: str) -> str:
    return f"{figures.count(count)} {noun}{'' if count == 1 else 's'}"


def _repeated(preview: LoaderPreview) -> str:
    stand = "stands" if preview.repeated == 1 else "stand"
    return f"{_many(preview.repeated, 'pair')} of train {stand} in another part too"


def split(preview: LoaderPreview, size: int, height: int) -> list[Line]:
    """Return the bar of train, valid and test, and what training does not know of the others."""
    parts = [
        (name, preview.rows.get(name, 0), role, fill)
        for name, role, fill in _PARTS
        if name != "test" or preview.rows.get(name)
    ]
    lines = split_bar(parts, size - 2)
    return inset([*lines, *[[]] * (height > len(lines) + 1), sentence(_unknown(preview), size - 2)])


def _unknown(preview: LoaderPreview) -> list[Line]:
    clauses: list[Line] = []
    for part, owner, count in _unseen(preview):
        clauses.append([(f"{figures.count(count)}", ""), (f" {part} rows of {owner}s that training never sees", "dim")])
    if not clauses:
        clauses.append([("training sees every user and item of the other parts", "dim")])
    dropped = sum(preview.dropped.values())
    if dropped:
        clauses.append([(figures.count(dropped), ""), (" rows in no part", "dim")])
    return clauses


def _unseen(preview: LoaderPreview) -> list[tuple[str, str, int]]:
    return [
        (part, owner, count)
        for part, owners in preview.unseen.items()
        for owner, count in owners.items()
        if count and preview.rows.get(part)
    ]


_SIGNS = {"wrong": "✗", "look": "!", "note": "·", "fine": "✓"}


def checks(preview: LoaderPreview) -> list[Check]:
    """Return what was looked at: leaks, rows left over, users and items that training never sees."""
    return [(_SIGNS[finding.level], finding.what, finding.mend) for finding in preview.findings]


def told(found: Sequence[Check], size: int) -> list[Line]:
    """Return checks as lines: the sign and what was found, and under it what to know."""
    lines: list[Line] = []
    for sign, what, why in found:
        head, *rest = wrapped(what, size - 4)
        lines.append([("  ", ""), (sign, _TONES[sign]), (" ", ""), *head])
        lines += [[("    ", ""), *line] for line in (*rest, *(wrapped(why, size - 4, "dim") if why else ()))]
    return lines


def warnings(found: Sequence[Check]) -> Line:
    """Return how many checks want to be looked at."""
    count = sum(sign in "!✗" for sign, _, _ in found)
    return [("!", "warn"), (f" {count}", "")] if count else []


def batch(preview: LoaderPreview, size: int, height: int) -> list[Line]:
    """Return the first rows of a batch in words, as many as there is room for."""
    rows = preview.batch
    room = height - (preview.batch_size > min(len(rows), height))
    shown = rows[: max(1, room)]
    users = min(_WIDEST_USER, max((width(label(str(row["user"]))) for row in shown), default=0))
    targets = [figures.plain(float(row["target"])) for row in shown]
    target_cells = max(map(len, targets), default=0)
    words = [_fields(row) for row in shown]
    left = size - 2 - len("user  gave  to ") - users - target_cells
    field_cells = min(left // 2, max(map(width, words), default=0))
    lines: list[Line] = []
    for row, target, fields in zip(shown, targets, words, strict=True):
        title = left - field_cells - 2 * bool(field_cells)
        line: Line = [
            ("  user ", "dim"),
            (fit(str(row["user"]), users, ">"), "b"),
            (" gave ", "dim"),
            (fit(target, target_cells, ">"), "s2 b"),
            (" to ", "dim"),
            (fit(str(row["title"]), title), ""),
        ]
        lines.append([*line, ("  ", ""), (fit(fields, field_cells), "dim")] if field_cells else line)
    more = preview.batch_size - len(shown)
    return [*lines, [(f"  … {figures.count(more)} more", "dim")]] if more > 0 else lines


def _fields(row: Mapping[str, str | float]) -> str:
    """Return the further fields of a row in words."""
    parts = []
    for name, value in row.items():
        if name not in ("user", "title", "target"):
            parts.append(f"{name} {value if isinstance(value, str) else figures.plain(value)}")
    return label(" · ".join(parts))


def place(preview: LoaderPreview) -> Line:
    """Return which batch of how many is shown."""
    return [(f"{figures.count(preview.batch_number)} of {figures.count(preview.steps_an_epoch)}", "dim")]


def tensors(preview: LoaderPreview, data: Data, targets: Sequence[Bar], size: int) -> list[Line]:
    """Return what a batch is made of: name, type, shape, and what its columns hold."""
    holds = {
        "x": "user, item",
        "categorical": ", ".join(data.categorical) or "no field chosen",
        "continuous": ", ".join((*data.continuous, *data.multilabel)) or "no field chosen",
        "target": f"{figures.plain(targets[0].low)} to {figures.plain(targets[-1].high)}" if targets else "",
    }
    lines: list[Line] = []
    for name, shape in preview.shapes.items():
        line: Line = [("  ", ""), (fit(name, 12), ""), (fit(_DTYPES.get(name, ""), 8), "dim")]
        line += [(fit(" × ".join(map(figures.count, shape)), 11, ">"), ""), ("   ", "")]
        lines.append([*line, (fit(holds.get(name, ""), max(1, size - cells(line))), "dim")])
    return lines


def label_row(field: str, count: int) -> Sequence[Span]:
    """Return the cells of a field's row: its name and how many labels it has."""
    return [text(field), (figures.count(count), "")]
