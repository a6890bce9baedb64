"""The readers that come with cfbench."""

from cfbench.plugin import Reader, hookimpl
from cfbench_readers.layout import DelimitedParams


@hookimpl
def cfbench_readers() -> list[Reader]:
    """Return the readers."""
    return [
        Reader(
            "delimited",
            "Delimited text",
            "one row a line, values separated by commas, tabs, blanks or anything else",
            "cfbench_readers.delimited:Delimited",
            DelimitedParams,
            suffixes=(".csv", ".tsv", ".dat", ".txt"),
        ),
    ]
