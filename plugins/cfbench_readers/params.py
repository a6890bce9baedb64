"""How files are written: the parameters of readers; what is None is guessed from the file and reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from cfbench.plugin import Help

Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252"]
First = Literal["count", "user", "item"]


@dataclass(frozen=True)
class DelimitedParams:
    """How a delimited file is written; what is None is guessed from the file and reported."""

    separator: Annotated[
        str | None, Help("what stands between two values; a blank stands for any run of blanks and tabs")
    ] = None
    header: Annotated[bool | None, Help("whether the first line names the columns")] = None
    encoding: Annotated[Encoding | None, Help("how bytes become letters")] = None
    quote: Annotated[str | None, Help('what values are quoted with, "" for nothing')] = None
    decimal: Annotated[Literal[".", ","] | None, Help("what stands before the decimals of a number")] = None
    comment: Annotated[str | None, Help('how lines begin that are not read, "" for none')] = None
    columns: Annotated[list[str] | None, Help("names for the columns, in order, with commas between")] = None

    def __post_init__(self) -> None:
        if self.separator is not None and (not self.separator or set(self.separator) & {"\n", "\r", '"'}):
            raise ValueError(f'separator = {self.separator!r} can\'t separate; give one such as ","')
        if self.quote is not None and len(self.quote.encode()) > 1:
            raise ValueError(f'quote = {self.quote!r} is not one plain character; give one, or "" for none')


@dataclass(frozen=True)
class MatrixParams:
    """How a matrix is written; what is None is guessed."""

    separator: Annotated[str | None, Help("what stands between two cells")] = None
    header: Annotated[bool | None, Help("whether the first line names the items")] = None
    first: Annotated[
        First | None, Help("what the first column is: how many items are rated, the user, or the first item already")
    ] = None
    missing: Annotated[list[str] | None, Help('cells that mean "not rated", besides empty ones')] = None
    encoding: Annotated[Encoding | None, Help("how bytes become letters")] = None
    decimal: Annotated[Literal[".", ","] | None, Help("what stands before the decimals of a number")] = None

    @property
    def delimited(self) -> DelimitedParams:
        """How the cells are delimited."""
        return DelimitedParams(
            separator=self.separator, header=self.header, encoding=self.encoding, decimal=self.decimal
        )


@dataclass(frozen=True)
class AdjacencyParams:
    """How adjacency lists are written; what is None is guessed."""

    separator: Annotated[str | None, Help("what stands between two items; a blank stands for any run of them")] = None
    first: Annotated[
        First | None, Help("what a line begins with: how many items it has, its user, or the first item already")
    ] = None
    encoding: Annotated[Encoding | None, Help("how bytes become letters")] = None
