"""The readers that come with cfbench."""

from cfbench.plugin import Reader, hookimpl
from cfbench_readers.params import AdjacencyParams, DelimitedParams, MatrixParams


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
        Reader(
            "matrix",
            "User × item matrix",
            "delimited text with a line a user and a column an item",
            "cfbench_readers.matrix:Matrix",
            MatrixParams,
            suffixes=(".csv", ".txt"),
        ),
        Reader(
            "adjacency",
            "Adjacency lists",
            "a line a user, with the items that belong to it",
            "cfbench_readers.adjacency:Adjacency",
            AdjacencyParams,
            suffixes=(".dat", ".txt"),
        ),
        Reader(
            "jsonl",
            "JSON lines",
            "an object a line, its keys the columns",
            "cfbench_readers.jsonl:JsonLines",
            suffixes=(".jsonl", ".ndjson", ".json"),
        ),
        Reader(
            "parquet",
            "Parquet",
            "columns with types, packed",
            "cfbench_readers.columnar:Parquet",
            suffixes=(".parquet",),
        ),
        Reader(
            "arrow",
            "Arrow",
            "Arrow IPC files and streams, Feather",
            "cfbench_readers.columnar:Arrow",
            suffixes=(".arrow", ".feather", ".ipc"),
        ),
        Reader(
            "npz",
            "SciPy sparse matrix",
            "a matrix in CSR, CSC or COO form that scipy.sparse.save_npz wrote",
            "cfbench_readers.npz:Npz",
            suffixes=(".npz",),
        ),
        Reader(
            "dst",
            "DST visits",
            "lines that begin with A, C and V, as in the Anonymous Microsoft Web Data",
            "cfbench_readers.dst:Dst",
            suffixes=(".data", ".test"),
        ),
    ]
