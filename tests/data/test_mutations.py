"""Damaged files: whatever is wrong with one is said in a sentence, soon, and nothing else happens."""

from __future__ import annotations

import gzip
import io
import random
import time
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from cfbench.data import policies
from cfbench.data.importing import planned
from cfbench.errors import CfbenchError
from cfbench.experiment import Data

LONGEST = 5.0
"""Seconds that a file may take."""

ROWS = [(f"u{n % 7}", f"film {n % 11}, part {n % 3}", n % 5 + 1, 880_000_000 + n) for n in range(60)]
FRAME = pl.DataFrame(ROWS, schema=["user", "item", "rating", "time"], orient="row")


def written(separator: str = ",", quote: str = '"', end: str = "\n") -> str:
    head = separator.join(FRAME.columns)
    rows = (separator.join(f"{quote}{value}{quote}" for value in row) for row in ROWS)
    return end.join([head, *rows]) + end


def binary(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "npz":
        arrays = {"indices": np.arange(9) % 5, "indptr": np.array([0, 3, 6, 9]), "data": np.arange(9.0)}
        np.savez_compressed(buffer, format=np.bytes_(b"csr"), shape=np.array([3, 5]), **arrays)
    elif kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("ratings.csv", written())
    elif kind == "parquet":
        FRAME.write_parquet(buffer)
    elif kind == "arrow":
        FRAME.write_ipc(buffer)
    else:
        FRAME.write_ndjson(buffer)
    return buffer.getvalue()


FILES = {
    "quoted": written().encode(),
    "two colons": written("::", "").encode(),
    "utf-16": written("\t", "", "\r\n").encode("utf-16"),
    "latin-1": written(";").replace("film", "höhe").encode("latin-1"),
    "gzip": gzip.compress(written().encode(), mtime=0),
    "zip": binary("zip"),
    "parquet": binary("parquet"),
    "arrow": binary("arrow"),
    "json lines": binary("jsonl"),
    "npz": binary("npz"),
    "matrix": "\n".join(",".join("99" if (u + i) % 4 else f"{i % 5}" for i in range(20)) for u in range(12)).encode(),
    "adjacency": "\n".join(" ".join([f"{n % 6}", *(f"{n + k}" for k in range(n % 6))]) for n in range(40)).encode(),
}
"""Small valid files."""


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Content with one to four things wrong with it."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place, size = chance.randrange(len(changed) + 1), chance.choice([1, 1, 2, 8, 64])
        what = chance.randrange(7)
        if what == 0:
            changed[place : place + size] = chance.randbytes(size)
        elif what == 1:
            del changed[place : place + size]
        elif what == 2:
            changed[place:place] = changed[max(0, place - size) : place]
        elif what == 3:
            changed[place:place] = chance.choice([b'"', b"\n", b"\r", b",", b"\0", b"\xff", b"-", b"1e999", b"{", b"#"])
        elif what == 4:
            del changed[place:]
        elif what == 5 and place < len(changed):
            changed[place] ^= 1 << chance.randrange(8)
        else:
            old, new = chance.choice([(b",", b";"), (b"\n", b"\r"), (b'"', b"'"), (b"1", b""), (b"9", b"99999999999")])
            changed = bytearray(bytes(changed).replace(old, new, chance.randint(1, 5)))
        if not changed:
            break
    return bytes(changed)


def read(path: Path) -> str:
    """Read a file as `data describe` does, nothing kept; return what is wrong with it, or ""."""
    try:
        data = Data(source=str(path), missing="drop")
        plan = planned(data)
        policies.apply(plan.read(), data, plan.place)
    except CfbenchError as error:
        return str(error)
    return ""


def survives(folder: Path, name: str, count: int, seed: int) -> None:
    chance = random.Random(f"{name} {seed}")
    assert read(_put(folder, FILES[name])) == ""
    for n in range(count):
        content = mutated(FILES[name], chance)
        start = time.monotonic()
        try:
            said = read(_put(folder, content))
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}, number {n}: {content[:3000]!r}") from error
        assert time.monotonic() - start < LONGEST, f"{name}, seed {seed}, number {n}"
        assert len(msgspec.json.encode(said)) < 2000


def _put(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


FEW = dict.fromkeys(("parquet", "arrow"), 50)
"""Damaged ones of these often end the process that decodes them, and another one takes its time to start."""


@pytest.mark.parametrize("name", FILES)
def test_two_thousand_damaged_files(tmp_path: Path, name: str) -> None:
    survives(tmp_path, name, FEW.get(name, 190), seed=1)


@pytest.mark.thorough
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_hundred_thousand_damaged_files(tmp_path: Path, name: str, seed: int) -> None:
    survives(tmp_path, name, 100_000 // len(FILES) // 10 + 1, seed)
