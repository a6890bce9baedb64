"""TOML text changed in one place, every other byte left as it was. Texts given are valid TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from msgspec import Struct

from cfbench.experiment import Experiment
from cfbench.tui.drafting.statements import (
    Layout,
    Path,
    Section,
    Statement,
    key_text,
    layout,
    line_end,
    line_start,
    literal,
)


def with_value(text: str, path: Path, value: Any) -> str:
    """Return the text with another value at a path; a new key comes after its table's other keys."""
    found = layout(text)
    statement = found.find(path)
    if statement:
        return text[: statement.value] + literal(value) + text[statement.end :]
    *rest, key = path
    parent = tuple(rest)
    holder = found.find(parent)
    if holder:
        return _into_braces(text, found, holder, key, value)
    if any(found.find(parent[:depth]) for depth in range(1, len(parent))):
        return with_value(text, parent, {key: value})  # an outer table in braces
    section = next((section for section in found.sections if section.path == parent), None)
    if section and (parent or section.end):
        return _into_section(text, found, section, (key,), value)
    for number, section in reversed(list(enumerate(found.sections))):
        depth = len(section.path)
        if section.path == parent[:depth] and any(_within(one, parent, number) for one in found.statements):
            return _after(text, _last(found, parent, number), path[depth:], value)
    if not parent:
        at = _above(text, found.sections[1]) if len(found.sections) > 1 else len(text)
        return _with_lines(text, at, f"{key_text(key)} = {literal(value)}\n\n")
    return with_section(text, parent, f"[{_header(parent)}]\n{key_text(key)} = {literal(value)}\n")


def without(text: str, path: Path) -> str:
    """Return the text without the statement that gives the value at a path."""
    found = layout(text)
    statement = found.find(path)
    if not statement:
        return text
    if not statement.inline:
        return text[: line_start(text, statement.key)] + text[line_end(text, statement.end) :]
    beside = [one for one in found.statements if one.path[:-1] == path[:-1] and one.section == statement.section]
    place = beside.index(statement)
    if place:
        return text[: beside[place - 1].end] + text[statement.end :]
    return text[: statement.key] + text[beside[1].key if len(beside) > 1 else statement.end :]


def with_table(text: str, table: str, values: Mapping[str, Any], block: str) -> str:
    """Return the text with another table of a plugin.

    Args:
        text: what there is.
        table: its name, such as "model".
        values: what shall be in it.
        block: the same with comments, header first: it stands there where the table has a header, or is new.
    """
    found = layout(text)
    sections = [section for section in found.sections if section.path[:1] == (table,)]
    if sections:
        for section in reversed(sections[1:]):
            text = _without_section(text, section)
        first = sections[0]
        body = block.partition("\n")[2].replace("\n", _line_end_of(text))
        return text[: first.body] + body + text[first.end :]
    old = [statement.path for statement in found.statements if statement.path[:1] == (table,)]
    if not old:
        return with_section(text, (table,), block)
    if found.find((table,)):
        return with_value(text, (table,), dict(values))
    for path in old:
        if path[1:] not in [(key,) for key in values]:
            text = without(text, path)
    for key, value in values.items():
        text = with_value(text, (table, key), value)
    return text


def with_list(text: str, name: str, wanted: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> str:
    """Return the text with other tables in a list such as [[metrics]], the lines of those that stay kept.

    Args:
        text: what there is.
        name: of the list.
        wanted: its tables.
        now: the tables that are there.
    """
    sections = [section for section in layout(text).sections if section.many and section.path[:-1] == (name,)]
    if not sections and (now or not wanted):
        return with_value(text, (name,), list(wanted))
    if not wanted:
        return with_value(_less(text, sections), (name,), [])
    end = _line_end_of(text)
    spare = [
        (table, text[section.start : section.end].replace(end, "\n").removesuffix("\n") + "\n")
        for table, section in zip(now, sections, strict=True)
    ]
    blocks = []
    for table in wanted:
        kept = next((one for one in spare if one[0] == table), None)
        blocks.append(kept[1] if kept else _block(name, table))
        spare = [one for one in spare if one is not kept]
    text = _less(text, sections[len(blocks) :]) if sections else without(text, (name,)).removeprefix(end)
    for section, block in reversed(list(zip(sections, blocks, strict=False))):
        text = text[: section.start] + block.replace("\n", end) + text[section.end :]
    for block in blocks[len(sections) :]:
        text = with_section(text, (name, 0), block)
    return text


def with_section(text: str, path: Path, block: str) -> str:
    """Return the text with a block of lines after the sections that stand before such a table in an experiment."""
    found, rank = layout(text), _rank(path)
    before = [section for section in found.sections if _rank(section.path) <= rank and section.end]
    if before:
        return _with_lines(text, max(section.end for section in before), f"\n{block}")
    if len(found.sections) > 1:
        return _with_lines(text, _above(text, found.sections[1]), f"{block}\n")
    return _with_lines(text, len(text), f"\n{block}" if text.strip() else block)


def _into_braces(text: str, found: Layout, holder: Statement, key: str | int, value: Any) -> str:
    pair = f"{key_text(key)} = {literal(value)}"
    members = [one for one in found.statements if one.inline and holder.value < one.key < holder.end]
    own = [one for one in members if not any(other.value < one.key < other.end for other in members)]
    if own:
        return text[: own[-1].end] + f", {pair}" + text[own[-1].end :]
    return text[: holder.value] + f"{{ {pair} }}" + text[holder.end :]


def _into_section(text: str, found: Layout, section: Section, path: Path, value: Any) -> str:
    own = [one for one in found.statements if not one.inline and section.body <= one.key < section.end]
    if own:
        return _after(text, own[-1], path, value)
    return _with_lines(text, section.body, f"{'.'.join(map(key_text, path))} = {literal(value)}\n")


def _after(text: str, statement: Statement, path: Path, value: Any) -> str:
    indent = text[line_start(text, statement.key) : statement.key]
    line = f"{indent}{'.'.join(map(key_text, path))} = {literal(value)}\n"
    return _with_lines(text, line_end(text, statement.end), line)


def _within(statement: Statement, table: Path, section: int) -> bool:
    return not statement.inline and statement.section == section and statement.path[: len(table)] == table


def _last(found: Layout, table: Path, section: int) -> Statement:
    return [statement for statement in found.statements if _within(statement, table, section)][-1]


def _with_lines(text: str, at: int, lines: str) -> str:
    """Return the text with whole lines put in, its own line ends used."""
    end = _line_end_of(text)
    before = text[:at]
    return before + (end if before and not before.endswith("\n") else "") + lines.replace("\n", end) + text[at:]


def _line_end_of(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _above(text: str, section: Section) -> int:
    """Return the offset above a section and the comments that touch its header."""
    at = section.start
    while at and text[line_start(text, at - 1) : at].lstrip().startswith("#"):
        at = line_start(text, at - 1)
    return at


def _less(text: str, sections: Sequence[Section]) -> str:
    for section in reversed(sections):
        text = _without_section(text, section)
    return text


def _without_section(text: str, section: Section) -> str:
    start = section.start
    if start and not text[line_start(text, start - 1) : start].strip():
        start = line_start(text, start - 1)
    return text[:start] + text[section.end :]


def _block(name: str, table: Mapping[str, Any]) -> str:
    return "".join([f"[[{name}]]\n", *(f"{key_text(key)} = {literal(value)}\n" for key, value in table.items())])


def _header(path: Path) -> str:
    return ".".join(key_text(key) for key in path if isinstance(key, str))


def _rank(path: Path) -> tuple[int, ...]:
    """Return where a table stands in an experiment; unknown ones stand last."""
    rank: list[int] = []
    kind: Any = Experiment
    for key in path:
        names = list(get_type_hints(kind)) if isinstance(kind, type) and issubclass(kind, Struct) else []
        rank.append(names.index(key) if key in names else len(names))
        kind = get_type_hints(kind)[key] if key in names else None
    return tuple(rank)
