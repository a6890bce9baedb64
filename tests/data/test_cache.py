from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cfbench.data import arrays, cache, contents, importing
from cfbench.data.importing import open_interactions
from cfbench.errors import BadInput, DiskFull
from cfbench.experiment import Data


@pytest.fixture
def data(tmp_path: Path) -> Data:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,genre\n1,a,3,x\n2,b,4,y\n1,b,5,\n")
    time.sleep(0.15)  # a file changed just now is hashed again: its time could not tell the next change
    return Data(source=str(path), categorical=["genre"])


def test_the_second_opening_reads_nothing_of_the_source(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_interactions(data)
    Path(str(data.source)).chmod(0)
    os.utime(str(data.source))
    Path(str(data.source)).chmod(0o600)
    time.sleep(0.15)
    open_interactions(data)

    def refuse(*_: object) -> None:
        raise AssertionError("the source was read")

    monkeypatch.setattr(importing, "planned", refuse)
    monkeypatch.setattr(contents, "file_hash", refuse)
    monkeypatch.setattr(cache, "file_hash", refuse)
    second = open_interactions(data)
    assert isinstance(second.user, np.memmap)
    assert second.fingerprint == first.fingerprint
    assert second.classes == first.classes
    assert second.counts == first.counts
    assert second.columns == first.columns


def test_a_kept_set_equals_the_imported_one(data: Data) -> None:
    kept, made = open_interactions(data), importing.planned(data).read()
    for name in ("user", "item", "target", "part"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(made, name))
    np.testing.assert_array_equal(kept.categorical["genre"], made.categorical["genre"])
    assert kept.fingerprint == made.fingerprint
    assert kept.time is None


def test_a_change_of_the_file_is_noticed_even_with_its_size_and_time_kept(data: Data) -> None:
    path = Path(str(data.source))
    before = open_interactions(data)
    about = path.stat()
    path.write_text(path.read_text().replace("1,a,3", "1,a,2"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    after = open_interactions(data)
    assert after.key != before.key
    assert after.target[0] == 2


def test_other_settings_are_another_entry(data: Data) -> None:
    plain = open_interactions(Data(source=data.source))
    assert plain.key != open_interactions(data).key
    assert plain.fingerprint != open_interactions(data).fingerprint


def test_a_copy_elsewhere_shares_the_entry(data: Data, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "ratings.csv").write_bytes(Path(str(data.source)).read_bytes())
    copy = Data(source=str(folder / "ratings.csv"), categorical=["genre"])
    assert open_interactions(copy).key == open_interactions(data).key


@pytest.mark.parametrize("damage", ["cut", "flip", "remove", "meta", "junk meta", "labels", "a file"])
def test_a_damaged_entry_is_rebuilt(data: Data, home: Path, damage: str) -> None:
    good = open_interactions(data)
    entry = home / "imported" / good.key
    column, labels, meta = entry / "column-0.npy", entry / "labels-0.parquet", entry / "meta.json"
    if damage == "cut":
        column.write_bytes(column.read_bytes()[:-4])
    elif damage == "flip":
        column.write_bytes(column.read_bytes()[:-4] + b"\7\0\0\0")
    elif damage == "remove":
        column.unlink()
    elif damage == "meta":
        meta.write_text(meta.read_text().replace('"read":3', '"read":9'))
    elif damage == "junk meta":
        meta.write_text("{")
    elif damage == "labels":
        labels.write_bytes(labels.read_bytes()[::-1])
    else:
        for path in entry.iterdir():
            path.unlink()
        entry.rmdir()
        entry.write_text("not a folder")
    with pytest.raises(BadInput):
        cache.open_cached(good.key)
    again = open_interactions(data)
    assert again.fingerprint == good.fingerprint
    assert again.user.tolist() == [1, 2, 1]
    assert again.counts.read == 3
    assert not list((home / "imported").glob(".*-*"))


def test_verify_finds_a_flip_that_kept_its_time(data: Data, home: Path) -> None:
    good = open_interactions(data)
    column = home / "imported" / good.key / "column-0.npy"
    about = column.stat()
    column.write_bytes(column.read_bytes()[:-4] + b"\7\0\0\0")
    os.utime(column, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert open_interactions(data, verify=True).user.tolist() == [1, 2, 1]


def test_a_run_opens_by_key_when_the_source_is_gone(data: Data) -> None:
    key = open_interactions(data).key
    Path(str(data.source)).unlink()
    assert cache.open_cached(key).classes["user"][1:] == ["1", "2"]
    with pytest.raises(BadInput, match="no such file"):
        open_interactions(data)
    for wrong in ("0" * 32, "../../etc"):
        with pytest.raises(BadInput):
            cache.open_cached(wrong)


def test_processes_at_once_agree(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating\n" + "".join(f"{n % 97},{n % 89},{n % 5}\n" for n in range(20_000)))
    code = (
        "import sys; from cfbench.data.importing import open_interactions; from cfbench.experiment import Data\n"
        "made = open_interactions(Data(source=sys.argv[1])); print(made.fingerprint, int(made.user.sum()))"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    answers = {child.communicate(timeout=60)[0] for child in children}
    assert [child.returncode for child in children] == [0, 0, 0]
    assert len(answers) == 1
    assert len([entry for entry in (home / "imported").iterdir() if entry.name != "known"]) == 2  # as read, and kept


def test_a_full_disk_is_said(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(arrays, "save", full)
    with pytest.raises(DiskFull, match="no space is left"):
        open_interactions(data)


@pytest.mark.parametrize("length", [0, 3, 1_000])
@pytest.mark.parametrize("kind", ["i4", "f4", "u1"])
def test_an_array_comes_back_and_is_as_numpy_writes_it(tmp_path: Path, length: int, kind: str) -> None:
    array = np.arange(length).astype(kind)[::-1]
    arrays.save(tmp_path / "ours.npy", array)
    np.save(tmp_path / "theirs.npy", np.ascontiguousarray(array))
    np.testing.assert_array_equal(np.load(tmp_path / "ours.npy", mmap_mode="r" if length else None), array)
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()


def test_data_in_a_folder_whose_name_is_not_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / "ratings.csv").write_text("user,item,rating\n1,a,3\n")
    monkeypatch.chdir(folder)
    time.sleep(0.15)
    assert open_interactions(Data(source="ratings.csv")).key == open_interactions(Data(source="ratings.csv")).key


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("length", [1, 1_000, 100_000])
def test_an_array_that_does_not_fit_is_never_cut_in_silence(length: int) -> None:
    with pytest.raises(OSError, match="No space left"):
        arrays.save(Path("/dev/full"), np.arange(length))
