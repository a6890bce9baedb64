"""Parquet and Arrow files: columns with types, decoded a batch at a time by a process apart."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from cfbench.plugin import BadInput, DataFile, Guess, NoParams
from cfbench_readers.decoding import END, FAULT, PART, Format


class _Columnar:
    """A file of typed columns."""

    def __init__(self, file: DataFile, params: NoParams) -> None:
        self._file, self._form = file, self._form_of(file)
        (frame,) = self._decoded(None)
        types = frame.schema
        self.columns: Sequence[str] = list(types)
        for name, kind in types.items():
            if isinstance(kind, pl.Struct) or (isinstance(kind, pl.List | pl.Array) and kind.inner.is_nested()):
                raise BadInput(
                    f"column '{name[:40]}' holds values inside values ({str(kind)[:60]})",
                    where=file.where,
                    mend="write the file with plain columns",
                )

    @classmethod
    def guess(cls, file: DataFile, params: NoParams) -> Guess | None:
        """Return that this is one, by its signature."""
        return Guess(1.0, params, "its signature") if cls._signed(file.head) else None

    @staticmethod
    def _signed(head: bytes) -> bool:
        raise NotImplementedError

    @staticmethod
    def _form_of(file: DataFile) -> Format:
        raise NotImplementedError

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows, half a million at a time."""
        return self._decoded(list(dict.fromkeys([*texts, *numbers])))

    def _decoded(self, columns: list[str] | None) -> Iterator[pl.DataFrame]:
        decoder, finished = _decoder(), False
        try:
            request = {"path": str(self._file.path.absolute()), "form": self._form, "columns": columns}
            for kind, content in decoder.asked(request):
                if kind == FAULT:
                    finished = True
                    raise self._damaged(content.decode("utf-8", "replace"))
                if kind != END:
                    yield pl.read_ipc_stream(content)
            finished = True
        except EOFError as error:
            raise self._damaged(f"decoding it {decoder.fate()}") from error
        finally:
            if finished:
                _idle.append(decoder)
            else:
                decoder.end()

    def _damaged(self, reason: str) -> BadInput:
        form = self._form.removesuffix(" stream")
        return BadInput(f"this {form} file is damaged ({reason})", where=self._file.where, mend="write it anew")

    def place(self, row: int) -> str:
        """Return the row's number."""
        return f"row {row + 1}"


class Parquet(_Columnar):
    """A Parquet file."""

    @staticmethod
    def _signed(head: bytes) -> bool:
        return head.startswith(b"PAR1")

    @staticmethod
    def _form_of(file: DataFile) -> Format:
        return "Parquet"


class Arrow(_Columnar):
    """An Arrow IPC file (Feather 2), or an IPC stream."""

    @staticmethod
    def _signed(head: bytes) -> bool:
        return head.startswith(b"ARROW1") or _is_stream(head)

    @staticmethod
    def _form_of(file: DataFile) -> Format:
        return "Arrow stream" if _is_stream(file.head) else "Arrow"


def _is_stream(head: bytes) -> bool:
    """Whether it begins with a message of schema, as Arrow streams do: a marker, and a length that is no huge one."""
    return head.startswith(b"\xff\xff\xff\xff") and 0 < int.from_bytes(head[4:8], "little") < 2**24


# -- the process that decodes ---------------------------------------------------------------------------------------


_PIPE = 2**20
"""Bytes that wait between the process and this one, where the system lets that be chosen."""


class _Decoder:
    """A process that decodes; it ends with its standard input, so none outlives who started it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "cfbench_readers.decoding"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=_PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert self._process.stdin
        assert self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout

    def asked(self, request: Mapping[str, object]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the parts of the answer, the last one an end or a fault.

        Raises:
            EOFError: the process ended instead.
        """
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except BrokenPipeError as error:
            raise EOFError from error
        kind = b""
        while kind not in (END, FAULT):
            kind, length = PART.unpack(self._exactly(PART.size))
            yield kind, self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        content = self._answers.read(length)
        if len(content) < length:
            raise EOFError
        return content

    def lives(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def fate(self) -> str:
        """Say how the process ended, once it has."""
        code = self._process.wait()
        return f"crashed ({signal.Signals(-code).name})" if code < 0 else f"ended by itself ({code})"

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()


_idle: list[_Decoder] = []
"""Decoders that wait for the next file."""


def _decoder() -> _Decoder:
    """Return one that waits and lives, or a new one."""
    try:
        while not (waiting := _idle.pop()).lives():
            waiting.end()
    except IndexError:
        return _Decoder()
    return waiting


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().end()
