"""A report as one HTML page, in light and dark, on a screen and on paper."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.explore.report.blocks import Block, Code, Document, Picture, Table
from cfbench.explore.report.marks import INKS
from cfbench.explore.report.words import code_lines, homeless, safe

_SHEET = """
body{margin:0 auto;max-width:50rem;padding:2rem 1.25rem 4rem;color:var(--text);background:var(--ground);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:1.7rem;line-height:1.2;margin:0}h2{font-size:1.15rem;margin:2.6rem 0 .6rem;padding-top:.5rem;
border-top:1px solid var(--faint)}p{margin:.6rem 0;overflow-wrap:anywhere}
.lead{font-size:1.15rem;margin:.8rem 0 1.2rem}nav,footer,figcaption,caption{color:var(--dim);font-size:.87rem}
nav a{color:var(--s1);margin-right:.9em;white-space:nowrap}figure{margin:1rem 0}svg{max-width:100%;height:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.8rem 0;font-size:.92rem;
font-variant-numeric:tabular-nums}caption{text-align:left;padding-bottom:.3rem}
th,td{padding:.22rem .9rem .22rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--faint)}
th{font-weight:600;color:var(--dim)}.n{text-align:right;white-space:nowrap}td{overflow-wrap:break-word}
pre{padding:.9rem 1rem;overflow-x:auto;border:1px solid var(--faint);border-radius:4px;
font:.85rem/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
@page{margin:16mm}@media print{body{padding:0;max-width:none;font-size:11pt}nav{display:none}
figure,tr,pre{break-inside:avoid}h2,caption{break-after:avoid}pre{white-space:pre-wrap}}
"""

_LONGEST, _LONGEST_CELL = 4000, 1000
_SCOPE = ' scope="col"'


def page(document: Document) -> str:
    """Return the whole page: no script can run in it, and nothing is fetched."""
    title, sections = _in_html(document.title), document.sections
    links = "".join(f'<a href="#s{n}">{_in_html(one.title)}</a>' for n, one in enumerate(sections))
    body = "".join(
        f'<section id="s{n}"><h2>{_in_html(one.title)}</h2>{"".join(map(_block, one.blocks))}</section>\n'
        for n, one in enumerate(sections)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_sheet()}</style></head>\n"
        f'<body><header><h1>{title}</h1><p class="lead">{_in_html(document.lead)}</p><nav>{links}</nav></header>\n'
        f"<main>{body}</main><footer>{_in_html(document.foot)}</footer></body></html>\n"
    )


def _block(block: Block) -> str:
    match block:
        case str():
            return f"<p>{_in_html(block)}</p>"
        case Picture():
            return f"<figure>{block.drawn}<figcaption>{_in_html(block.title)}</figcaption></figure>"
        case Code():
            lines = (safe(line, 8 * len(line) + 1) for line in code_lines(block.lines))
            return "<pre><code>{}</code></pre>".format("\n".join(lines))
    return _table(block)


def _table(table: Table) -> str:
    marks = ["" if n < table.right else ' class="n"' for n in range(len(table.head))]

    def row(cells: Sequence[str], kind: str, scope: str = "") -> str:
        drawn = (
            f"<{kind}{scope}{mark}>{_in_html(cell, _LONGEST_CELL)}</{kind}>"
            for cell, mark in zip(cells, marks, strict=True)
        )
        return f"<tr>{''.join(drawn)}</tr>"

    caption = f"<caption>{_in_html(table.title)}</caption>" if table.title else ""
    head = f"<thead>{row(table.head, 'th', _SCOPE)}</thead>" if any(table.head) else ""
    body = "".join(row(cells, "td") for cells in table.rows)
    return f'<div class="wide"><table>{caption}{head}<tbody>{body}</tbody></table></div>'


def _in_html(words: str, cells: int = _LONGEST) -> str:
    return safe(homeless(words), cells)


def _sheet() -> str:
    def inks(look: str) -> str:
        return ":root{" + "".join(f"--{role}:{ink};" for role, ink in INKS[look].items()) + "}"

    drawn = "".join(f"svg .{role}{{color:var(--{role})}}" for role in INKS["light"])
    return f"{inks('light')}@media screen and (prefers-color-scheme:dark){{{inks('dark')}}}{_SHEET}{drawn}"
