"""Options that several commands share: which data, and how they are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from cfbench.errors import BadInput
from cfbench.experiment import Data, override_all, parse

_POLICIES = ("duplicates", "missing", "zero", "at_least", "values", "min_user", "min_item")

_Function = TypeVar("_Function", bound=Callable[..., Any])

_DATA_OPTIONS = [
    click.option("--user", help="Column of users."),
    click.option("--item", help="Column of items."),
    click.option("--target", help='Column of ratings; "none": every row counts as 1.'),
    click.option("--time", help='Column of Unix seconds; "none": there is none.'),
    click.option("--reader", help="The kind of file: delimited, matrix, adjacency, parquet and so on."),
    click.option("--separator", help='Between two values, such as "," or "::" or "\\t".'),
    click.option("--header/--no-header", default=None, help="Whether the first line names the columns."),
    click.option("--encoding", help="utf-8, utf-16, latin-1 or cp1252."),
    click.option("--quote", help='The quoting character; "" for none.'),
    click.option("--decimal", help='What stands before decimals: "." or ",".'),
    click.option("--comment", help='How lines begin that are not read; "" for none.'),
    click.option("--columns", metavar="A,B,C", help="Names for the columns, in order."),
    click.option("--items", "items_source", metavar="FILE", help="A second table with the items' titles and fields."),
    click.option("--item-id", help="Its column of ids."),
    click.option("--title", help="Its column of titles."),
    click.option("--by-title", is_flag=True, help="Items with one title are one item."),
    click.option("--users", "users_source", metavar="FILE", help="A second table with the users' fields."),
    click.option("--user-id", help="Its column of ids."),
    click.option("--categorical", multiple=True, metavar="COLUMN", help="A field that holds labels; repeat for more."),
    click.option("--continuous", multiple=True, metavar="COLUMN", help="A field that holds numbers; repeat for more."),
    click.option(
        "--multilabel", multiple=True, metavar="COLUMN", help='A field of several labels, as "a|b"; repeat for more.'
    ),
    click.option(
        "--duplicates",
        help="A pair rated more than once: keep, error, first, last (by row), latest (by time), mean, max, sum, count.",
    ),
    click.option("--missing", help="Rows without a user, an item or a target: error or drop."),
    click.option("--zero", help="What a target of 0 means: rating or missing."),
    click.option("--at-least", type=float, help="Drop rows with a smaller target."),
    click.option("--values", help="Targets are ratings (rating), count as 1 (one), or become log(1 + target) (log)."),
    click.option("--min-user", type=int, help="Drop users with fewer rows, until all that are left have enough."),
    click.option("--min-item", type=int, help="Drop items with fewer rows, likewise."),
    click.option(
        "--set", "data_settings", multiple=True, metavar="KEY=VALUE", help="More: data.items.read.encoding=latin-1."
    ),
]


def data_options(function: _Function) -> _Function:
    """Give a command the options that say which data, and how they are written; it gets them as keywords."""
    for option in reversed(_DATA_OPTIONS):
        function = option(function)
    return function


def data_of(sources: Sequence[str], **given: Any) -> Data:
    """Return the table [data] that these options say.

    Raises:
        BadInput: a value is not allowed, or a setting is of another table.
    """
    separator = given["separator"]
    layout = {
        "name": given["reader"],
        "separator": separator.replace("\\t", "\t") if separator else None,
        "header": given["header"],
        "encoding": given["encoding"],
        "quote": given["quote"],
        "decimal": given["decimal"],
        "comment": given["comment"],
        "columns": [name.strip() for name in given["columns"].split(",")] if given["columns"] else None,
    }
    items = {
        "source": given["items_source"],
        "id": given["item_id"],
        "title": given["title"],
        "by": "title" if given["by_title"] else None,
    }
    table = {
        "source": sources[0] if len(sources) == 1 else list(sources),
        **{role: given[role] for role in ("user", "item", "target", "time")},
        "categorical": list(given["categorical"]),
        "continuous": list(given["continuous"]),
        "multilabel": list(given["multilabel"]),
        **{policy: given[policy] for policy in _POLICIES},
        "read": _said(layout),
        "items": _said(items),
        "users": _said({"source": given["users_source"], "id": given["user_id"]}),
    }
    document: dict[str, Any] = {"data": _said(table)}
    override_all(document, given["data_settings"])
    for other in document.keys() - {"data"}:
        raise BadInput(f"'{other}' is not a setting of the data", where="--set", mend="write data.KEY=VALUE")
    return parse(document, where="command line").data


def _said(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value not in (None, [], {}) and value != ()}
