"""``cfbench experiment``: a commented TOML to start from; check one; show it resolved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cfbench import experiment as experiments
from cfbench.answers import LoaderPreview
from cfbench.cli.describing import finding_lines
from cfbench.cli.here import answering, bench, elsewhere
from cfbench.cli.options import data_of, data_options
from cfbench.cli.output import number, print_document, print_json, print_table, say, show
from cfbench.errors import BadInput
from cfbench.experiment import Data

_POINTS = 15
"""Lines of the table of a learning-rate test, about."""

settings_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override a setting: model.n_factors=128."
)


@click.group()
def experiment() -> None:
    """Write, check and show experiments."""


@experiment.command()
@click.argument("sources", nargs=-1, metavar="[FILE|DATASET]...")
@data_options
@click.option("--model", default="", help="The model plugin.")
@click.option("--split", default="", metavar="NAME", help="A published split of the data set: ml-100k has u1 to u5.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file, which must not exist yet.")
@answering
def new(sources: tuple[str, ...], model: str, split: str, output: Path | None, as_json: bool, **given: Any) -> None:
    """Print a commented TOML for these data, with every setting's default."""
    data = data_of(sources, **given) if sources else Data()
    if not elsewhere():
        data = experiments.located(experiments.Experiment(data=data), Path.cwd()).data
    toml = bench().template(data, model, split)
    if output:
        _write_new(output, toml)
        say(f"wrote {output}; train it: cfbench train {output}")
    if as_json:
        print_json({"toml": toml, "file": str(output) if output else None})
    elif not output:
        print_document(toml)


def _write_new(path: Path, content: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError as error:
        raise BadInput("this file exists already", where=str(path), mend="choose another name") from error
    except OSError as error:
        raise BadInput(f"it can't be written ({error.strerror})", where=str(path)) from error


@experiment.command()
@click.argument("file", metavar="EXPERIMENT.toml")
@settings_option
@answering
def check(file: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Check an experiment whole: its keys, its plugins and their parameters, its data and their split."""
    preview = bench().preview(bench().check(experiments.read(file, settings, locate=not elsewhere()), file))
    if as_json:
        print_json({"file": file, "ok": True, "preview": preview})
    else:
        show(f"{file} is fine: {_sizes(preview)}")
        show(*finding_lines(preview.findings))


@experiment.command()
@click.argument("file", metavar="EXPERIMENT.toml")
@settings_option
@answering
def lr(file: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Find a learning rate: train for a moment while it grows, and watch the loss."""
    found = bench().find_lr(bench().check(experiments.read(file, settings, locate=not elsewhere()), file))
    if as_json:
        print_json(found)
        return
    every = max(1, len(found.rates) // _POINTS)
    points = [*zip(found.rates, found.losses, strict=True)][::every]
    print_table(["lr", "loss, smoothed"], [[f"{rate:.2g}", number(loss)] for rate, loss in points], right=[0, 1])
    show("", f"{len(found.rates)} steps; {found.ended}")
    if found.suggestion is None:
        show("the loss fell nowhere: look at the model and the data")
    else:
        show(f"suggestion, where it falls most steeply: optimizer.lr = {found.suggestion:.2g}")


@experiment.command("show")
@click.argument("file", metavar="EXPERIMENT.toml")
@settings_option
@click.option("--batch", is_flag=True, help="Show a batch in words too.")
@answering
def show_(file: str, settings: tuple[str, ...], batch: bool, as_json: bool) -> None:
    """Show an experiment resolved: full plugin names, every setting; and with --batch what training will see."""
    resolved = bench().check(experiments.read(file, settings, locate=not elsewhere()), file)
    preview = bench().preview(resolved) if batch else None
    if as_json:
        print_json({"experiment": resolved.document(complete=True), "preview": preview})
        return
    print_document(experiments.to_toml(resolved, complete=True))
    if preview:
        _print_batch(preview)


def _sizes(preview: LoaderPreview) -> str:
    rows = ", ".join(f"{count:,} {part}" for part, count in preview.rows.items() if count)
    return f"{rows} rows, {preview.steps_an_epoch:,} steps an epoch"


def _print_batch(preview: LoaderPreview) -> None:
    show("", f"# {_sizes(preview)}, split {preview.split_hash}")
    for part, unseen in preview.unseen.items():
        if preview.rows[part]:
            show(f"# {part}: {unseen['user']} rows of users and {unseen['item']} of items unseen in training")
    shapes = ", ".join(f"{name} {shape}" for name, shape in preview.shapes.items())
    show(f"# a batch: {shapes}; its first rows:", "")
    head = list(preview.batch[0])
    print_table(head, [[str(row[name]) for name in head] for row in preview.batch])
