"""Archives made by somebody else: only listed files come out, and only into the folder."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from cfbench.data import archives
from cfbench.data.archives import unpack
from cfbench.errors import WorkFailed


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes], link: str = "") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        if link:
            info = tarfile.TarInfo("set/linked")
            info.type, info.linkname = tarfile.SYMTYPE, link
            archive.addfile(info)
    return path


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_listed_members_come_out_from_any_folder(tmp_path: Path, pack: object) -> None:
    archive = pack(tmp_path / "a", {"set/u.data": b"1,2", "set/readme": b"no", "../evil": b"x"})  # type: ignore[operator]
    (tmp_path / "out").mkdir()
    unpack(archive, {"u.data": "ratings"}, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {"ratings": b"1,2"}


def test_a_lone_gzip_file_is_one_member(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"1,2"))
    unpack(tmp_path / "a.gz", {"": "ratings"}, tmp_path)
    assert (tmp_path / "ratings").read_bytes() == b"1,2"
    with pytest.raises(WorkFailed, match="one packed file where several are wanted"):
        unpack(tmp_path / "a.gz", {"u.data": "one", "u.item": "two"}, tmp_path)
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\b", ""])
def test_nothing_is_written_elsewhere(tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "a", {"x": b"1"})
    with pytest.raises(WorkFailed, match="is no name for a file"):
        unpack(archive, {"x": name}, tmp_path)


def test_links_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(WorkFailed, match="'linked' is no plain file"):
        unpack(tarred(tmp_path / "a", {}, link="/etc/passwd"), {"linked": "x"}, tmp_path)
    with zipfile.ZipFile(tmp_path / "b", "w") as archive:
        info = zipfile.ZipInfo("linked")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(WorkFailed, match="'linked' is no plain file"):
        unpack(tmp_path / "b", {"linked": "x"}, tmp_path)


def test_bombs_and_crowds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(tmp_path / "a", {"x": b"\0" * 2**22})
    monkeypatch.setattr(archives, "ANY_RATIO", 2**20)
    with pytest.raises(WorkFailed, match="more than 200 times its size"):
        unpack(bomb, {"x": "y"}, tmp_path)
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    with pytest.raises(WorkFailed, match="more than 3 files"):
        unpack(zipped(tmp_path / "b", {str(n): b"" for n in range(9)}), {"1": "z"}, tmp_path)


def test_what_is_missing_damaged_or_encrypted_is_said(tmp_path: Path) -> None:
    with pytest.raises(WorkFailed, match=r"lacks 'u.data'.*another version"):
        unpack(zipped(tmp_path / "a", {"v.data": b""}), {"u.data": "x"}, tmp_path)
    with pytest.raises(WorkFailed, match="holds several"):
        unpack(zipped(tmp_path / "b", {"a/u.data": b"", "b/u.data": b""}), {"u.data": "x"}, tmp_path)
    (tmp_path / "c").write_bytes(b"no archive at all")
    with pytest.raises(WorkFailed, match="it is no zip, tar or gzip file"):
        unpack(tmp_path / "c", {"u.data": "x"}, tmp_path)
    (tmp_path / "e").write_bytes(gzip.compress(b"1,2,3" * 99)[:-12])
    with pytest.raises(WorkFailed, match="the archive is damaged"):
        unpack(tmp_path / "e", {"u.data": "y"}, tmp_path)
    content = bytearray(zipped(tmp_path / "d", {"u.data": b"1,2,3"}).read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "d").write_bytes(content)
    with pytest.raises(WorkFailed, match="it is encrypted"):
        unpack(tmp_path / "d", {"u.data": "x"}, tmp_path)
