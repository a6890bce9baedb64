"""A report as GitHub's Markdown, its pictures inside it."""

from __future__ import annotations

import base64
import re

from cfbench import text
from cfbench.explore.report.blocks import Block, Code, Document, Picture, Table
from cfbench.explore.report.words import code_lines, homeless, safe

_LONGEST, _LONGEST_CELL = 4000, 1000


def page(document: Document) -> str:
    """Return the whole page."""
    pieces = [f"# {plain(document.title)}", plain(document.lead)]
    for one in document.sections:
        pieces += [f"## {plain(one.title)}", *map(written, one.blocks)]
    return "\n\n".join([*pieces, plain(document.foot)]) + "\n"


def written(block: Block) -> str:
    """Return a block, in as many lines as it takes."""
    match block:
        case str():
            return plain(block)
        case Picture():
            packed = base64.b64encode(block.drawn.encode()).decode()
            return f'<img alt="{safe(homeless(block.title))}" src="data:image/svg+xml;base64,{packed}">'
        case Code():
            lines = code_lines(block.lines)
            fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
            return "\n".join([f"{fence}{block.language}", *lines, fence])
    return _table(block)


def _table(table: Table) -> str:
    rule = ["---" if n < table.right else "--:" for n in range(len(table.head))]
    rows = [[plain(cell, _LONGEST_CELL) for cell in row] for row in (table.head, *table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
    return "\n".join([*([f"{plain(table.title)}:", ""] if table.title else []), *lines])


def plain(words: str, cells: int = _LONGEST) -> str:
    """Return text in which nothing is markup: no table, link, heading or HTML comes of it."""
    drawn = text.label(homeless(words), cells).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    marked = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", drawn)
    marked = re.sub(r"://|\b[Ww]{3}\.", lambda link: re.sub(r"([:.])", r"\\\1", link[0]), marked)
    begins_a_list_or_heading = re.match(r"\s*([-+#]+|\d+[.)])(\s|$)", marked)
    return re.sub(r"^(\s*\d*)(\S)", r"\1\\\2", marked) if begins_a_list_or_heading else marked
