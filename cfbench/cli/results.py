"""``cfbench evaluate`` and ``cfbench predict``."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click

from cfbench import durable
from cfbench.answers import Checkpoint, Evaluation
from cfbench.cli.describing import finding_lines
from cfbench.cli.here import answering, bench
from cfbench.cli.output import number, print_document, print_json, print_table, say, show

checkpoint_option = click.option(
    "--checkpoint",
    type=click.Choice(["auto", "last", "best"]),
    default="auto",
    help="Which state of the model; auto: the best where the run stops early, else the last.",
)


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Instead of the experiment's: rmse, NDCG@10, HR@10~99; repeat for more.",
)
@click.option("--test", is_flag=True, help="Open the test rows; the run counts how often.")
@checkpoint_option
@answering
def evaluate(run: str, metrics: tuple[str, ...], test: bool, checkpoint: Checkpoint, as_json: bool) -> None:
    """Measure a run's model on its valid rows, or with --test on its test rows."""
    measured = bench().evaluate(run, metrics, "test" if test else "valid", checkpoint)
    if as_json:
        print_json(measured)
        return
    show(f"run {measured.run}, {measured.checkpoint} checkpoint (step {measured.step:,})")
    show(f"{measured.part}: {measured.rows:,} rows of {measured.users:,} users, split {measured.split_hash}")
    _print_values(measured)
    show(*finding_lines(measured.findings))
    if any(measured.unseen.values()):
        say(f"{measured.unseen['user']} rows have a user and {measured.unseen['item']} an item unseen in training")
    if test:
        say(f"the test rows of this run were opened {measured.test_openings} times")


def _print_values(measured: Evaluation) -> None:
    """Print each metric over all rows, with its standard error over users, and over the slices that have rows."""
    slices = [name for name, rows in measured.slice_rows.items() if 0 < rows < measured.rows]
    rows = [["rows", f"{measured.rows:,}", "", *(f"{measured.slice_rows[name]:,}" for name in slices)]]
    rows.append(["loss", number(measured.loss), "", *("" for _ in slices)])
    for name, value in measured.metrics.items():
        error = measured.standard_errors.get(name)
        told = "" if error is None else f"± {error:.2g}"
        rows.append([name.upper(), number(value), told, *(number(measured.slices[s].get(name)) for s in slices)])
    print_table(["", "all", "± se", *slices], rows, right=range(1, 3 + len(slices)))


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("pairs", metavar="PAIRS.csv")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--raw", is_flag=True, help="Leave labels that a spreadsheet would run as formulas as they are.")
@checkpoint_option
@answering
def predict(run: str, pairs: str, output: Path | None, raw: bool, checkpoint: Checkpoint, as_json: bool) -> None:
    """Predict the targets of a file of users and items; print CSV: user, item, prediction."""
    if output is not None:
        durable.refuse_taken(output)
    predictions = bench().predict(run, pairs, checkpoint)
    unseen = sum(not prediction.known for prediction in predictions)
    if unseen:
        say(f"{unseen:,} of {len(predictions):,} pairs have a user or an item unseen in training: predicted as #na#")
    if as_json:
        print_json(predictions)
        return
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(["user", "item", "prediction"])
    guard = (lambda label: label) if raw else _no_formula
    writer.writerows([guard(p.user), guard(p.item), f"{p.prediction:.6g}"] for p in predictions)
    if output is None:
        print_document(content.getvalue())
        return
    durable.write_document(output, content.getvalue())
    say(f"wrote {len(predictions):,} predictions to {output}")


def _no_formula(label: str) -> str:
    """Return a label that no spreadsheet takes for a formula."""
    return f"'{label}" if label[:1] in "=+-@\t\r" and label else label
