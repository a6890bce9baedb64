"""``cfbench plugins``: which there are, from where, and why one is broken."""

from __future__ import annotations

import click
import msgspec

from cfbench import paths
from cfbench.cli.here import answering, bench
from cfbench.cli.output import print_json, print_table, say, show
from cfbench.registry.declarations import Declaration
from cfbench.registry.parameters import help_of

KINDS = ["model", "splitter", "loss", "sampler", "optimizer", "schedule", "metric", "dataset"]


@click.group()
def plugins() -> None:
    """See which plugins there are, and why one is broken."""


@plugins.command("list")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@click.option("--refresh", is_flag=True, help="Look at every plugin anew.")
@answering
def list_(kind: str | None, refresh: bool, as_json: bool) -> None:
    """List all plugins by kind, and those that can't be used, each with the reason."""
    known = bench().plugins(refresh)
    shown = [d for k in KINDS if kind in (None, k) for d in known.declarations if d.kind == k]
    if as_json:
        print_json({"plugins": shown, "broken": known.broken, "notices": known.notices})
        return
    print_table(["kind", "name", "what it is", "from"], [[d.kind, d.name, d.summary, _origin(d)] for d in shown])
    for broken in known.broken:
        say(str(broken))
    for notice in known.notices:
        say(f"note: {notice.source}: {notice.text}")


def _origin(declaration: Declaration) -> str:
    match declaration.origin:
        case "built in":
            return "built in"
        case "file":
            return declaration.path
        case "package":
            return f"{declaration.package} {declaration.version}"


@plugins.command("show")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Where several kinds have one of that name.")
@answering
def show_(name: str, kind: str | None, as_json: bool) -> None:
    """Show one plugin: what it is, where it comes from, its parameters."""
    found = bench().plugin(name, kind or "")
    if as_json:
        print_json(found)
        return
    show(f"{found.title} ({found.kind})", found.summary, "", f"name  {found.full_name}", f"from  {_origin(found)}")
    for fact, value in found.facts.items():
        if isinstance(value, dict) and value and all(isinstance(part, str) for part in value.values()):
            show("", fact.replace("_", " "))
            print_table(["", ""], [[f"  {key}", said] for key, said in value.items()])
        elif value not in ("", [], {}, False):
            said = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            show(f"{fact.replace('_', ' ')}: {said}")
    if found.properties:
        show("", "parameters")
        print_table(["", ""], [[f"  {key}", help_of(found, key)] for key in found.properties])


@plugins.command()
@answering
def path(as_json: bool) -> None:
    """Print the folder for single-file plugins."""
    folder = paths.folder("plugins")
    if as_json:
        print_json({"path": str(folder)})
    else:
        show(str(folder))
