"""Checkpoints: all that a resumed run needs, on disk whole or not at all.

A checkpoint is a folder named by its step, made aside, every file synced, a manifest with sizes and hashes last, then
renamed into place. What can't be verified by its manifest is never used.
"""

from __future__ import annotations

import errno
import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import safetensors
import safetensors.torch
import torch

from cfbench import durable

FORMAT = 1
_MANIFEST = "MANIFEST.json"
_Tensors = dict[str, torch.Tensor]


class Damaged(Exception):
    """A checkpoint that does not match its manifest."""


class Checkpoints:
    """The checkpoints of one run, in `folder`, one folder a step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def steps(self) -> list[int]:
        """Return the steps of which there is a checkpoint, oldest first; verified or not."""
        if not self.folder.is_dir():
            return []
        return sorted(int(entry.name) for entry in self.folder.iterdir() if entry.name.isdigit())

    def path(self, step: int) -> Path:
        """Return the folder of a step's checkpoint."""
        return self.folder / f"{step:09d}"

    def write(self, step: int, tensors: dict[str, _Tensors], state: dict[str, Any]) -> int:
        """Write a step's checkpoint and return its bytes.

        Args:
            step: steps done.
            tensors: file name without ending -> tensors by name.
            state: everything else, as JSON.

        Raises:
            DiskFull: there is no room; earlier checkpoints are untouched and nothing half-made stays.
        """
        files = {f"{name}.safetensors": safetensors.torch.save(_plain(values)) for name, values in tensors.items()}
        files["state.json"] = msgspec.json.encode(state)
        size = sum(map(len, files.values()))
        what = f"no space is left for a checkpoint of {size:,} bytes"
        mend = "free some space and resume the run; the last checkpoint is whole"
        with durable.disk_full(self.folder, what, mend):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._ask_for_room(size)
            aside = Path(tempfile.mkdtemp(prefix=f".tmp-{step:09d}-", dir=self.folder))
            try:
                for name, content in files.items():
                    durable.write_synced(aside / name, content)
                durable.write_synced(aside / _MANIFEST, _manifest(step, files))
                durable.sync(aside)
                _replace(aside, self.path(step))
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
            durable.sync(self.folder)
        return size

    def _ask_for_room(self, size: int) -> None:
        if shutil.disk_usage(self.folder).free < size * 1.1:
            raise OSError(errno.ENOSPC, "too little space")

    def read(self, step: int, device: str = "cpu") -> tuple[dict[str, _Tensors], dict[str, Any]]:
        """Return a step's tensors and state.

        Raises:
            Damaged: it does not match its manifest.
        """
        self.verify(step)
        folder = self.path(step)
        tensors = {path.stem: safetensors.torch.load_file(path, device) for path in folder.glob("*.safetensors")}
        return tensors, msgspec.json.decode((folder / "state.json").read_bytes())

    def verify(self, step: int) -> None:
        """Check a step's checkpoint against its manifest.

        Raises:
            Damaged: a file is missing, cut short or altered, or of a format that this cfbench does not know.
        """
        folder = self.path(step)
        try:
            manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes())
            if manifest["format"] > FORMAT:
                raise Damaged("a newer cfbench wrote it")
            for name, expected in manifest["files"].items():
                content = (folder / name).read_bytes()
                if len(content) != expected["size"] or _hash(content) != expected["blake2b"]:
                    raise Damaged(f"{name} is not as it was written")
        except (OSError, msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(f"it can't be read: {error}") from error

    def newest_whole(self) -> Iterator[tuple[int, str]]:
        """Yield (step, what is wrong or "") from the newest on, and stop after the first that is whole."""
        for step in reversed(self.steps()):
            try:
                self.verify(step)
            except Damaged as damage:
                yield step, str(damage)
            else:
                yield step, ""
                return

    def retain(self, step: int, keep: set[int]) -> None:
        """Delete all but the last two checkpoints up to `step`, the newest, and those in `keep`.

        What lies beyond `step` is damaged: a resumption went back behind it.
        """
        steps = self.steps()
        last_two = [earlier for earlier in steps if earlier <= step][-2:]
        for other in steps:
            if other not in last_two and other not in keep:
                _remove(self.path(other))
        for leftover in [*self.folder.glob(".tmp-*"), *self.folder.glob(".trash-*")]:
            shutil.rmtree(leftover, ignore_errors=True)


def _plain(tensors: _Tensors) -> _Tensors:
    return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}


def _manifest(step: int, files: dict[str, bytes]) -> bytes:
    entries = {name: {"size": len(content), "blake2b": _hash(content)} for name, content in files.items()}
    return msgspec.json.encode({"format": FORMAT, "step": step, "files": entries})


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _replace(aside: Path, place: Path) -> None:
    if place.exists():
        _remove(place)
    aside.rename(place)


def _remove(path: Path) -> None:
    trash = path.with_name(f".trash-{path.name}-{secrets.token_hex(4)}")
    path.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)
