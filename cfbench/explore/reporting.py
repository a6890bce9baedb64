"""A run told on one page, HTML or Markdown, with its pictures and settings inside: to keep, to print, to send.

A report is sections of blocks. What a section needs and does not find is said in its place; the others stand.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from cfbench import paths, text
from cfbench.answers import Axis, Dimensions, ErrorGroup, Errors, Evaluation, FactorMap, Part, Scored
from cfbench.errors import BadInput, CfbenchError
from cfbench.experiment import Experiment
from cfbench.explore import svg
from cfbench.explore.biases import biases
from cfbench.explore.dimensions import dimensions
from cfbench.explore.exporting import absolute, aside
from cfbench.explore.mapping import factor_map
from cfbench.explore.recommending import recommend
from cfbench.explore.residuals import errors
from cfbench.explore.svg import safe
from cfbench.explore.trained import Trained
from cfbench.registry.declarations import Declaration
from cfbench.runs import events, state
from cfbench.runs.folder import RunFolder, find
from cfbench.runs.plugins import experiment_of, kept
from cfbench.runs.preparing import DataFacts

Form = Literal["html", "markdown"]
"""How a report is written."""

_ENDS, _USERS, _RECOMMENDED, _ROWS_FOR_A_BIAS, _DIRECTIONS = 10, 3, 10, 20, 24
_LEAST_SHARE = 0.0005


def report(run: str, form: Form, part: Part = "valid") -> str:
    """Return the report of a run, a whole HTML page or GitHub's Markdown, that needs no other file.

    Args:
        run: its id, the start or end of one, "last", or its folder's path.
        form: how it is written.
        part: what the model is measured on; "test" opens the test rows, and the run counts that.

    Raises:
        BadInput: there is no such run.
    """
    subject = _Subject(find(run), part)
    pages = [_section(title, make, subject) for title, make in _SECTIONS]
    lead = " ".join(block for block in _section("", _lead, subject).blocks if isinstance(block, str))
    return (_html if form == "html" else _markdown)(_headline(subject), lead, pages)


def write_report(run: str, path: Path, form: Form, force: bool = False, part: Part = "valid") -> Path:
    """Write the report of a run to a file, which is there whole or not at all, and return its path.

    Args:
        run: as for `report`.
        path: of the file.
        form: how it is written.
        force: put it in the place of a file that is there.
        part: what the model is measured on.

    Raises:
        BadInput: there is no such run, or the file can't be written or is there already.
        DiskFull: there is no room for it.
    """
    place = absolute(paths.given(path))
    with aside(place, force) as new:
        new.write_text(report(run, form, part), encoding="utf-8")
    return place


# -- what a report is made of --


@dataclass(frozen=True)
class Picture:
    """An SVG with what is to be seen."""

    title: str
    drawn: str


@dataclass(frozen=True)
class Table:
    """Rows under a head; columns from `right` on hold numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: int = 1
    title: str = ""


@dataclass(frozen=True)
class Code:
    """Lines for a program."""

    lines: str
    language: str = ""


Block = str | Picture | Table | Code
"""A paragraph, or one of the others."""


@dataclass(frozen=True)
class Section:
    """Blocks under a title."""

    title: str
    blocks: Sequence[Block]


class _Subject:
    """The run that is told of; what can't be had raises each time that it is asked for."""

    def __init__(self, run: RunFolder, part: Part) -> None:
        self.run, self.part = run, part
        self.summary = state.summary(run)

    @cached_property
    def _loaded(self) -> Trained | Exception:
        try:
            return Trained(self.run)
        except Exception as error:  # each section that needs it says so, and none tries again
            return error

    @property
    def trained(self) -> Trained:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded

    @cached_property
    def measured(self) -> Evaluation:
        return self.trained.measured(self.part)

    @cached_property
    def experiment(self) -> Experiment:
        return experiment_of(self.run)

    @cached_property
    def declarations(self) -> Sequence[Declaration]:
        return list({(one.kind, one.full_name): one for one in kept(self.run).declarations}.values())

    @cached_property
    def epochs(self) -> list[dict[str, Any]]:
        """As in `Trained.history`, and known before there is a checkpoint."""
        told = events.measurements(events.read(self.run.events).events)
        return [event for event in told if event["event"] == "epoch"]

    @property
    def model(self) -> str:
        """Its title, or its name where the run's plugins can't be read."""
        try:
            return next(one.title for one in self.declarations if one.kind == "model")
        except (OSError, StopIteration, msgspec.MsgspecError, CfbenchError):
            return _bare(self.summary.model)

    @property
    def data(self) -> str:
        return ", ".join(self.summary.data)


def _section(title: str, make: Callable[[_Subject], Iterable[Block]], subject: _Subject) -> Section:
    """Return what could be made of a section, and a sentence where something stopped it."""
    blocks: list[Block] = []
    try:
        blocks.extend(make(subject))
    except CfbenchError as error:
        blocks.append(_sentence(f"this can't be told: {error.what}"))
    except Exception as error:  # the other sections are worth having
        blocks.append(_sentence(f"this can't be told: {type(error).__name__}: {error}"))
    return Section(title, blocks)


# -- sections --


def _headline(subject: _Subject) -> str:
    names = [Path(source).name for source in subject.summary.data]
    return f"{subject.model} on {', '.join(names)}" if names else subject.model


def _lead(subject: _Subject) -> Iterator[Block]:
    summary = subject.summary
    try:
        measured = subject.measured
    except Exception:  # the section of metrics says why
        if not summary.metrics or subject.part == "test":
            yield f"The run is {summary.state}, and nothing could be measured on its {subject.part} rows."
            return
        values = _listed(f"{name.upper()} {_figure(value)}" for name, value in summary.metrics.items())
        yield f"After epoch {summary.epoch} the model reached {values} on its valid rows."
        return
    values = _listed(f"{name.upper()} {_give_or_take(measured, name)}" for name in measured.metrics)
    on = f"{measured.rows:,} {measured.part} rows of {measured.users:,} users"
    yield f"On {on} the model reaches {values or f'a loss of {_figure(measured.loss)}'}."
    if doubts := [finding.what for finding in measured.findings if finding.level == "wrong"]:
        yield f"This is doubtful: {'; '.join(doubts)}."


def _give_or_take(measured: Evaluation, name: str) -> str:
    error = measured.standard_errors.get(name)
    return _figure(measured.metrics[name]) + ("" if error is None else f" ± {error:#.2g}")


def _about(subject: _Subject) -> Iterator[Block]:
    summary, seconds = subject.summary, f"{subject.summary.seconds:,.1f} s"
    told = {
        "Run": summary.id,
        "Model": f"{subject.model} ({summary.model})",
        "Data": subject.data,
        "State": f"{summary.state}: {summary.reason}" if summary.reason else summary.state,
        "Made": f"{datetime.fromtimestamp(summary.created, UTC):%Y-%m-%d %H:%M} UTC",
        "Trained": f"{summary.epochs_done} of {summary.epochs} epochs, {summary.step:,} steps in {seconds}",
        "Seed": str(summary.seed),
        "Fold": str(summary.fold or ""),
        "Group": summary.group,
        "Note": summary.note,
        "Split": summary.split_hash,
    }
    facts = msgspec.json.decode((subject.run.data / "data.json").read_bytes(), type=DataFacts)
    told["Rows"] = _listed(f"{rows:,} {part}" for part, rows in facts.rows.items())
    told["Fingerprint of the data"] = facts.fingerprint
    try:
        told["Checkpoint"] = f"{subject.trained.checkpoint}, step {subject.trained.step:,}"
    except Exception as error:  # the rest of the table stands
        told["Checkpoint"] = getattr(error, "what", str(error))
    yield Table(("", ""), [pair for pair in told.items() if pair[1]], right=2)


def _curves(subject: _Subject) -> Iterator[Block]:
    epochs = subject.epochs
    if not epochs:
        raise BadInput("no epoch was trained")
    best = next((epoch for epoch in reversed(epochs) if epoch.get("best")), None)
    marks = [] if best is None else [(float(best["epoch"]), f"best, epoch {best['epoch']}")]
    at, names = [float(epoch["epoch"]) for epoch in epochs], list(epochs[-1]["metrics"])
    series = [svg.Line(name, at, [epoch.get(f"{name}_loss") for epoch in epochs]) for name in ("train", "valid")]
    if len(epochs) > 1 and any(value is not None for one in series for value in one.y):
        title = "Loss by epoch, of training and of the valid rows"
        yield Picture(title, svg.lines(series, "epoch", f"loss ({_bare(subject.experiment.loss.name)})", title, marks))
    chosen = {epoch["epoch"]: epoch for epoch in (epochs[0], *([best] if best else []), epochs[-1])}
    rows = [
        [
            f"{epoch['epoch']}{' (best)' if epoch is best else ''}",
            *(_figure(epoch.get(loss)) for loss in ("train_loss", "valid_loss")),
            *(_figure(epoch["metrics"].get(name)) for name in names),
        ]
        for epoch in (chosen[number] for number in sorted(chosen))
    ]
    yield Table(["epoch", "train", "valid", *(name.upper() for name in names)], rows)


def _metrics(subject: _Subject) -> Iterator[Block]:
    measured = subject.measured
    slices = [name for name, rows in measured.slice_rows.items() if 0 < rows < measured.rows]
    rows = [
        [
            name.upper(),
            _figure(value),
            "" if (error := measured.standard_errors.get(name)) is None else f"{error:#.2g}",
            *(_figure(measured.slices.get(part, {}).get(name)) for part in slices),
        ]
        for name, value in measured.metrics.items()
    ]
    if measured.loss is not None:
        rows.append(["loss", _figure(measured.loss), "", *("" for _ in slices)])
    rows.append(["rows", f"{measured.rows:,}", "", *(f"{measured.slice_rows[part]:,}" for part in slices)])
    where = f"{measured.checkpoint} checkpoint, step {measured.step:,}, on the {measured.part} rows"
    yield Table([measured.part, "all", "± standard error", *slices], rows, title=f"The {where}")
    if measured.standard_errors:
        yield f"Standard errors are those of the mean over {measured.users:,} users."
    if slices:
        yield (
            "Warm rows have a user and an item that training saw, cold ones do not; the head is the fifth of the items "
            "with most training rows, the tail is the rest."
        )
    for finding in measured.findings:
        yield _sentence(f"{finding.what}; {finding.mend}" if finding.mend else finding.what)
    if subject.part == "test":
        openings = measured.test_openings
        yield f"The test rows of this run were opened {'once' if openings == 1 else f'{openings} times'}."


def _biases(subject: _Subject) -> Iterator[Block]:
    counts = subject.trained.counts["item"]
    seen = counts[counts > 0]
    least = max(1, min(_ROWS_FOR_A_BIAS, int(np.median(seen)))) if len(seen) else 1
    found = biases(subject.trained, "item", _ENDS, least)
    top = {one.label for one in found.top}
    ends: list[Scored] = [*found.top, *(one for one in reversed(found.bottom) if one.label not in top)]
    title = f"The highest and the lowest biases of items with {least} training rows or more"
    rows = [svg.Bar(one.title, one.value, getattr(one, "within", None), f"{one.count:,} ratings") for one in ends]
    yield Picture(title, svg.bars(rows, title, "+.3f"))
    yield "A bias is how much higher than others an item is rated by whoever rates it."
    if any(row.within for row in rows):
        yield "The true bias lies within the thin line with 95 % certainty."


def _map(subject: _Subject) -> Iterator[Block]:
    yield from map_section(factor_map(subject.trained, "item", columns=400, rows=300))


def map_section(found: FactorMap) -> Iterator[Block]:
    """Yield the map of factors as a picture, what it shows, and the titles at the ends of its axes."""
    left, right, bottom, top = found.window
    wide, high = (right - left) / found.columns, (top - bottom) / found.rows

    def place(dot: int) -> tuple[float, float]:
        row, column = divmod(dot, found.columns)
        return left + (column + 0.5) * wide, top - (row + 0.5) * high

    clouds = [
        svg.Cloud(group, [place(dot) for dot in dots])
        for group, dots in zip(found.groups or ("",), found.dots)  # noqa: B905
    ]
    named = [(point.title, point.x, point.y) for point in found.named]
    points = f"{found.shown:,}" if found.drawn == found.shown else f"{found.drawn:,} of {found.shown:,}"
    title = f"Factors of {points} {found.of}s on two principal components"
    yield Picture(title, svg.scatter(clouds, named, _axis(found.x), _axis(found.y), title, found.window))
    yield _sentence(found.sentence)
    rows = [
        [f"component\N{NO-BREAK SPACE}{axis.component}", _titles(axis.low), _titles(axis.high)]
        for axis in (found.x, found.y)
    ]
    yield Table(("axis", "low end", "high end"), rows, right=3)


def _axis(axis: Axis) -> str:
    return f"component {axis.component} ({axis.share * 100:.0f} % of the variance)"


def _titles(titles: Sequence[str]) -> str:
    return ", ".join(text.label(title, 40) for title in titles[:4])


def _errors(subject: _Subject) -> Iterator[Block]:
    yield from error_section(errors(subject.trained, subject.part))


_GROUPED = {
    "rating": "By rating",
    "user": "By the user's training rows",
    "item": "By the item's training rows",
    "age": "By time since the item's first rating",
}


def error_section(found: Errors) -> Iterator[Block]:
    """Yield where a model is wrong: its calibration, groups of rows, and the rows that it got most wrong."""
    off = f"{abs(found.mean):.3f} too {'high' if found.mean > 0 else 'low'}" if abs(found.mean) >= 0.0005 else "right"
    yield f"On {found.rows:,} {found.part} rows predictions are {off} on average; RMSE {found.rmse:.4g}."
    if found.calibration:
        title = "What was rated, by what was predicted, in tenths of the rows"
        yield Picture(title, svg.calibration(found.calibration, title))
    for by, groups in found.by.items():
        if groups:
            yield Table(
                (by, "rows", "mean error", "RMSE"), [_group(one) for one in groups], title=_GROUPED.get(by, f"By {by}")
            )
    if found.worst:
        rows = [
            [one.title, one.user, f"{one.rating:.4g}", f"{one.prediction:.2f}", _signed(f"{one.error:+.2f}")]
            for one in found.worst[:10]
        ]
        yield Table(("item", "user", "rated", "predicted", "error"), rows, right=2, title="The largest errors")


def _group(one: ErrorGroup) -> list[str]:
    return [one.name, f"{one.rows:,}", _signed(f"{one.mean:+.3f}"), f"{one.rmse:.3f}"]


def _dimensions(subject: _Subject) -> Iterator[Block]:
    yield from dimension_section(dimensions(subject.trained))


def dimension_section(found: Dimensions) -> Iterator[Block]:
    """Yield how many factors a model has, how many it uses, and what other numbers of them gave."""
    yield f"The model has {found.n_factors} factors and uses about {found.effective:.1f} directions."
    if found.n_dead:
        yield f"Factors that change no score: {found.n_dead}."
    if found.shares:
        title = "Share of the variance of all scores by direction, in %"
        shares = [share for share in found.shares[:_DIRECTIONS] if share >= _LEAST_SHARE]
        rows = [svg.Bar(f"direction {n}", share * 100) for n, share in enumerate(shares, 1)]
        yield Picture(title, svg.bars(rows, title, ".1f"))
    if found.rules:
        rules = [[f"{one.of}s", one.formula, one.source, f"{one.labels:,}", str(one.factors)] for one in found.rules]
        yield Table(("of", "rule of thumb", "source", "labels", "factors"), rules, right=3)
    if len(found.tried) > 1:
        tried = [
            [f"{one.n_factors}{' (picked)' if one.n_factors == found.picked else ''}", one.run, _figure(one.value),
             "" if one.se is None else f"{one.se:#.2g}"]
            for one in found.tried
        ]  # fmt: skip
        yield Table(
            ("factors", "run", found.metric.upper(), "± standard error"), tried, right=2,
            title="Runs of the same experiment with other numbers of factors",
        )  # fmt: skip
    if found.picked is not None:
        yield f"The fewest factors within one standard error of the best are {found.picked}."


def _recommendations(subject: _Subject) -> Iterator[Block]:
    trained = subject.trained
    counts = trained.counts["user"]
    for code in np.argsort(-counts, kind="stable")[:_USERS].tolist():
        if not code or not counts[code]:
            continue
        label = trained.classes["user"][code]
        found = recommend(trained, label, count=_RECOMMENDED)
        title = f"User {label}: {found.ratings:,} ratings in training, mean {found.mean:.2f}"
        rows = [[one.title, f"{one.value:.2f}", f"{one.count:,}"] for one in found.items]
        yield Table(("item", "predicted", "training rows"), rows, title=title)


def _settings(subject: _Subject) -> Iterator[Block]:
    yield Code(subject.run.experiment.read_text(encoding="utf-8"), "toml")


def _environment(subject: _Subject) -> Iterator[Block]:
    made = msgspec.json.decode(subject.run.environment.read_bytes(), type=dict[str, Any])
    kinds = {"python": "Python", "platform": "system", "processor": "processor", "cpus": "CPUs"}
    rows = [[told, str(made[name])] for name, told in kinds.items() if made.get(name)]
    rows += [[name, version] for name, version in made.get("packages", {}).items() if version]
    rows += [[name, value] for name, value in made.get("variables", {}).items()]
    yield Table(("", ""), rows, right=2)
    used = [
        [one.kind, one.full_name, f"{one.package} {one.version}".strip() or f"sha256 {one.sha256[:16]}"]
        for one in subject.declarations
    ]
    yield Table(("plugin", "name", "from"), used, right=3)


def _again(subject: _Subject) -> Iterator[Block]:
    yield "Save the settings as experiment.toml. The same experiment, seed and machine give the same numbers."
    test = " --test" if subject.part == "test" else ""
    yield Code(f"cfbench train experiment.toml\ncfbench evaluate {shlex.quote(subject.run.id)}{test}\n", "sh")


_SECTIONS: tuple[tuple[str, Callable[[_Subject], Iterable[Block]]], ...] = (
    ("The run", _about),
    ("By epoch", _curves),
    ("Metrics", _metrics),
    ("Errors", _errors),
    ("Biases", _biases),
    ("Map of the factors", _map),
    ("Dimensions", _dimensions),
    ("Recommendations", _recommendations),
    ("Settings", _settings),
    ("Environment", _environment),
    ("To repeat it", _again),
)


# -- words --


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _figure(value: float | None) -> str:
    return "–" if value is None else _signed(f"{value:.5g}")


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _signed(number: str) -> str:
    return number.replace("-", "−")


def _listed(parts: Iterable[str]) -> str:
    *most, last = list(parts) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _homeless(words: str) -> str:
    """Return text without the name of the home folder, which is "~" to whoever reads it."""
    home = os.environ.get("HOME", "").rstrip("/")
    return words.replace(f"{home}/", "~/") if len(home) > 1 else words


# -- HTML --


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


def _sheet() -> str:
    def inks(look: str) -> str:
        return ":root{" + "".join(f"--{role}:{ink};" for role, ink in svg.INKS[look].items()) + "}"

    drawn = "".join(f"svg .{role}{{color:var(--{role})}}" for role in svg.INKS["light"])
    return f"{inks('light')}@media screen and (prefers-color-scheme:dark){{{inks('dark')}}}{_SHEET}{drawn}"


def _html(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Return the whole page: no script can run in it, and nothing is fetched."""
    links = "".join(f'<a href="#s{n}">{_in_html(one.title)}</a>' for n, one in enumerate(sections))
    body = "".join(
        f'<section id="s{n}"><h2>{_in_html(one.title)}</h2>{"".join(map(_html_block, one.blocks))}</section>\n'
        for n, one in enumerate(sections)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_in_html(title)}</title><style>{_sheet()}</style></head>\n"
        f'<body><header><h1>{_in_html(title)}</h1><p class="lead">{_in_html(lead)}</p><nav>{links}</nav></header>\n'
        f"<main>{body}</main><footer>{_in_html(_made_by())}</footer></body></html>\n"
    )


def _html_block(block: Block) -> str:
    match block:
        case str():
            return f"<p>{_in_html(block)}</p>"
        case Picture():
            return f"<figure>{block.drawn}<figcaption>{_in_html(block.title)}</figcaption></figure>"
        case Code():
            lines = "\n".join(map(_in_html, _lines(block)))
            return f"<pre><code>{lines}</code></pre>"
    marks = ["" if n < block.right else ' class="n"' for n in range(len(block.head))]
    caption = f"<caption>{_in_html(block.title)}</caption>" if block.title else ""
    head = "".join(f'<th scope="col"{mark}>{_in_html(cell)}</th>' for cell, mark in zip(block.head, marks, strict=True))
    rows = "".join(
        f"<tr>{''.join(f'<td{mark}>{_in_html(cell)}</td>' for cell, mark in zip(row, marks, strict=True))}</tr>"
        for row in block.rows
    )
    head = f"<thead><tr>{head}</tr></thead>" if any(block.head) else ""
    return f'<div class="wide"><table>{caption}{head}<tbody>{rows}</tbody></table></div>'


def _in_html(words: str) -> str:
    return safe(_homeless(words), 4000)


# -- Markdown --


def _markdown(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Return GitHub's Markdown, pictures inside it."""
    pieces = [f"# {_in_markdown(title)}", _in_markdown(lead)]
    for one in sections:
        pieces += [f"## {_in_markdown(one.title)}", *map(_markdown_block, one.blocks)]
    return "\n\n".join([*pieces, _in_markdown(_made_by())]) + "\n"


def _markdown_block(block: Block) -> str:
    match block:
        case str():
            return _in_markdown(block)
        case Picture():
            packed = base64.b64encode(block.drawn.encode()).decode()
            return f'<img alt="{_in_html(block.title)}" src="data:image/svg+xml;base64,{packed}">'
        case Code():
            lines = _lines(block)
            fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
            return "\n".join([f"{fence}{block.language}", *lines, fence])
    rule = ["---" if n < block.right else "--:" for n in range(len(block.head))]
    rows = [list(map(_in_markdown, row)) for row in (block.head, *block.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
    return "\n".join([*([f"{_in_markdown(block.title)}:", ""] if block.title else []), *lines])


def _in_markdown(words: str) -> str:
    """Return text in which nothing is markup: no table, link, heading or HTML comes of it."""
    drawn = text.label(_homeless(words), 4000).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    marked = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", drawn)
    marked = re.sub(r"://|\b[Ww]{3}\.", lambda link: re.sub(r"([:.])", r"\\\1", link[0]), marked)
    begins_a_list_or_heading = re.match(r"\s*([-+#]+|\d+[.)])(\s|$)", marked)
    return re.sub(r"^(\s*\d*)(\S)", r"\1\\\2", marked) if begins_a_list_or_heading else marked


def _lines(code: Code) -> list[str]:
    """Return lines of code, whole, with what could move a cursor or turn text round as a mark."""
    return [text.label(line, 8 * len(line) + 1) for line in _homeless(code.lines).rstrip("\n").split("\n")]


def _made_by() -> str:
    return f"Written by cfbench {metadata.version('cfbench')}."
