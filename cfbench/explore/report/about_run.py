"""What a report says of a run: what it was, how it went, what it reached, and how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from cfbench.answers import Evaluation
from cfbench.errors import BadInput
from cfbench.explore.report.blocks import Block, Code, Picture, Table
from cfbench.explore.report.pictures import Line, lines
from cfbench.explore.report.subject import Subject
from cfbench.explore.report.words import bare, figure, listed, sentence
from cfbench.runs.preparing import DataFacts

_MOST_POINTS = 500
"""Of a curve: a page has no room for more."""


def headline(subject: Subject) -> str:
    """Return what a report is called."""
    names = [Path(source).name for source in subject.summary.data]
    return f"{subject.model} on {', '.join(names)}" if names else subject.model


def tell_first(subject: Subject) -> Iterator[str]:
    """Yield what somebody should know who reads no further."""
    summary = subject.summary
    try:
        measured = subject.measured
    except Exception:  # the section of metrics says why
        if not summary.metrics or subject.part == "test":
            yield f"The run is {summary.state}, and nothing could be measured on its {subject.part} rows."
            return
        values = listed(f"{name.upper()} {figure(value)}" for name, value in summary.metrics.items())
        yield f"After epoch {summary.epoch} the model reached {values} on its valid rows."
        return
    values = listed(f"{name.upper()} {_give_or_take(measured, name)}" for name in measured.metrics)
    on = f"{measured.rows:,} {measured.part} rows of {measured.users:,} users"
    yield f"On {on} the model reaches {values or f'a loss of {figure(measured.loss)}'}."
    if doubts := [finding.what for finding in measured.findings if finding.level == "wrong"]:
        yield f"This is doubtful: {'; '.join(doubts)}."


def _give_or_take(measured: Evaluation, name: str) -> str:
    error = measured.standard_errors.get(name)
    return figure(measured.metrics[name]) + ("" if error is None else f" ± {error:#.2g}")


def tell_run(subject: Subject) -> Iterator[Block]:
    """Yield what the run is."""
    summary, seconds = subject.summary, f"{subject.summary.seconds:,.1f} s"
    told = {
        "Run": summary.id,
        "Model": f"{subject.model} ({summary.model})",
        "Data": ", ".join(summary.data),
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
    told["Rows"] = listed(f"{rows:,} {part}" for part, rows in facts.rows.items())
    told["Fingerprint of the data"] = facts.fingerprint
    try:
        told["Checkpoint"] = f"{subject.trained.checkpoint}, step {subject.trained.step:,}"
    except Exception as error:  # the rest of the table stands
        told["Checkpoint"] = getattr(error, "what", str(error))
    yield Table(("", ""), [pair for pair in told.items() if pair[1]], right=2)


def tell_epochs(subject: Subject) -> Iterator[Block]:
    """Yield how training went."""
    epochs = subject.epochs
    if not epochs:
        raise BadInput("no epoch was trained")
    best = next((epoch for epoch in reversed(epochs) if epoch.get("best")), None)
    marks = [] if best is None else [(float(best["epoch"]), f"best, epoch {best['epoch']}")]
    every = -(-len(epochs) // _MOST_POINTS)
    drawn = epochs[(len(epochs) - 1) % every :: every]  # with the last one
    at = [float(epoch["epoch"]) for epoch in drawn]
    series = [Line(name, at, [epoch.get(f"{name}_loss") for epoch in drawn]) for name in ("train", "valid")]
    if len(epochs) > 1 and any(value is not None for one in series for value in one.y):
        title = "Loss by epoch, of training and of the valid rows"
        yield Picture(title, lines(series, "epoch", f"loss ({bare(subject.experiment.loss.name)})", title, marks))
        if every > 1:
            yield f"One epoch in {every} is drawn."
    chosen = {epoch["epoch"]: epoch for epoch in (epochs[0], *([best] if best else []), epochs[-1])}
    names = list(epochs[-1]["metrics"])
    rows = [
        [
            f"{epoch['epoch']}{' (best)' if epoch is best else ''}",
            *(figure(epoch.get(loss)) for loss in ("train_loss", "valid_loss")),
            *(figure(epoch["metrics"].get(name)) for name in names),
        ]
        for epoch in (chosen[number] for number in sorted(chosen))
    ]
    yield Table(["epoch", "train", "valid", *(name.upper() for name in names)], rows)


def tell_metrics(subject: Subject) -> Iterator[Block]:
    """Yield what the model reaches."""
    measured = subject.measured
    slices = [name for name, rows in measured.slice_rows.items() if 0 < rows < measured.rows]
    rows = [
        [
            name.upper(),
            figure(value),
            "" if (error := measured.standard_errors.get(name)) is None else f"{error:#.2g}",
            *(figure(measured.slices.get(part, {}).get(name)) for part in slices),
        ]
        for name, value in measured.metrics.items()
    ]
    if measured.loss is not None:
        rows.append(["loss", figure(measured.loss), "", *("" for _ in slices)])
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
        yield sentence(f"{finding.what}; {finding.mend}" if finding.mend else finding.what)
    if subject.part == "test":
        openings = measured.test_openings
        yield f"The test rows of this run were opened {'once' if openings == 1 else f'{openings} times'}."


def tell_settings(subject: Subject) -> Iterator[Block]:
    """Yield the experiment."""
    yield Code(subject.run.experiment.read_text(encoding="utf-8"), "toml")


def tell_environment(subject: Subject) -> Iterator[Block]:
    """Yield the machine, versions and plugins."""
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


def tell_again(subject: Subject) -> Iterator[Block]:
    """Yield how to repeat the run."""
    yield "Save the settings as experiment.toml. The same experiment, seed and machine give the same numbers."
    test = " --test" if subject.part == "test" else ""
    yield Code(f"cfbench train experiment.toml\ncfbench evaluate {shlex.quote(subject.run.id)}{test}\n", "sh")
