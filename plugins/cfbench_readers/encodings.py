"""From a file's bytes to text in UTF-8, a piece at a time: which encoding, which line ends, where a row ends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from cfbench.plugin import BadInput, DataFile
from cfbench_readers.params import Encoding

FIRST_PIECE, PIECE = 256 * 1024, 8 * 2**20
LONGEST_ROW = 64 * 2**20
"""Bytes after which a piece is cut at its last line end, whatever its quotes say."""

BOMS = {"utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-8": (codecs.BOM_UTF8,)}

_BLOCK = 2**20
_HIGH = re.compile(rb"[\x80-\xff]")
_C1 = re.compile(rb"[\x80-\x9f]")


_judged: WeakKeyDictionary[DataFile, Encoding] = WeakKeyDictionary()
"""Files are read whole for this, and several readers ask."""


def encoding_of(file: DataFile) -> Encoding:
    """Return "utf-8", "utf-16", "cp1252" or "latin-1", whichever all of the file's bytes speak for."""
    if file not in _judged:
        _judged[file] = _encoding_of(file)
    return _judged[file]


def _encoding_of(file: DataFile) -> Encoding:
    head = file.head
    if head.startswith(BOMS["utf-16"]) or _looks_like_utf16(head):
        return "utf-16"
    start = _ascii_blocks(file) * _BLOCK
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open() as stream:
        stream.seek(start)
        while block := stream.read(_BLOCK):
            if block.isascii() and not decoder.getstate()[0]:
                continue
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return "utf-8" if _has_utf8_words(block) else _one_byte(file)
    return "utf-8"


def _ascii_blocks(file: DataFile) -> int:
    """How many blocks at the file's start are whole and hold ASCII alone; most files are nothing else."""
    number = 0
    with file.open() as stream:
        while len(block := stream.read(_BLOCK)) == _BLOCK and block.isascii():
            number += 1
    return number


def _looks_like_utf16(head: bytes) -> bool:
    """Whether every second byte is mostly NUL, as in Latin text without a byte order mark."""
    pairs = head[: len(head) // 2 * 2]
    return any(pairs[n::2].count(0) > 0.4 * len(pairs) / 2 and not pairs[1 - n :: 2].count(0) for n in (0, 1))


def _has_utf8_words(block: bytes) -> bool:
    """Whether the high bytes are mostly well-formed UTF-8, so that a broken one is damage and not latin-1."""
    high = len(_HIGH.findall(block))
    formed = len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]", block)) * 2
    formed += len(re.findall(rb"[\xe0-\xef][\x80-\xbf]{2}", block)) * 3
    return formed > high / 2


def _one_byte(file: DataFile) -> Encoding:
    """The encoding of a byte a letter: Windows' where bytes occur that are control characters in ISO 8859-1."""
    undefined, extra = re.compile(rb"[\x81\x8d\x8f\x90\x9d]"), False
    with file.open() as stream:
        while block := stream.read(_BLOCK):
            if not block.isascii():
                if undefined.search(block):
                    return "latin-1"
                extra = extra or _C1.search(block) is not None
    return "cp1252" if extra else "latin-1"


def decoded_head(file: DataFile, encoding: str) -> str:
    """Return the beginning of the file as text with LF line ends, whole lines only where there are more."""
    head = file.head
    decoder = codecs.getincrementaldecoder(_codec(head, encoding))(errors="replace")
    text = unix_line_ends(decoder.decode(_without_bom(head), final=file.size <= len(head)))
    if file.size > len(head) and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    return text


def unix_line_ends(text: str) -> str:
    """Return text with CRLF, or the lone CR of old files, turned into LF; a CR inside a line stays."""
    text = text.replace("\r\n", "\n") if "\r" in text else text
    return text if "\n" in text else text.replace("\r", "\n")


def pieces(file: DataFile, encoding: str, quote: str) -> Iterator[bytes]:
    """Yield the file as UTF-8 with LF line ends in pieces of whole rows, the first one small.

    Raises:
        BadInput: a byte is not of that encoding; names its line.
    """
    text = _plain(file) if encoding == "utf-8" else _decoded(file, encoding)
    mark, rest = quote.encode(), b""
    for block in text:
        piece = rest + block if rest else block
        end = len(piece) if not mark or mark not in piece else row_end(piece, mark)
        if end:
            yield piece[:end]
        rest = piece[end:]
    if rest:
        yield rest


def _plain(file: DataFile) -> Iterator[bytes]:
    """UTF-8 a block of whole lines at a time."""
    size, first = FIRST_PIECE, True
    with file.open() as stream:
        if _is_lone_cr(file.head, "utf-8"):
            rest = b""
            while block := stream.read(PIECE):
                block = rest + block.replace(b"\r", b"\n")
                end = block.rfind(b"\n") + 1
                rest = block[end:]
                if end:
                    yield block[:end]
            if rest:
                yield rest
            return
        while block := stream.read(size):
            if not block.endswith(b"\n"):
                block += stream.readline()
            if b"\r" in block:
                block = block.replace(b"\r\n", b"\n")
            yield block.removeprefix(codecs.BOM_UTF8) if first else block
            size, first = PIECE, False


def _decoded(file: DataFile, encoding: str) -> Iterator[bytes]:
    """Text of another encoding as UTF-8, a block of whole lines at a time."""
    decoder = codecs.getincrementaldecoder(_codec(file.head, encoding))()
    lone_cr, rest, lines, first, size = _is_lone_cr(file.head, encoding), b"", 0, True, FIRST_PIECE
    with file.open() as stream:
        while True:
            block = stream.read(size)
            text = rest + _utf8(decoder, block, not block, encoding, file, lines)
            text = _line_ends(text, lone_cr, not block)
            text = text.removeprefix(codecs.BOM_UTF8) if first else text
            end = text.rfind(b"\n") + 1 if block else len(text)
            if end:
                lines += text.count(b"\n", 0, end)
                yield text[:end]
            if not block:
                return
            rest, first, size = text[end:], False, PIECE


def row_end(text: bytes, quote: bytes) -> int:
    """Return where the last whole row of a piece ends, 0 where none does: a line end between quotes ends no row."""
    end = text.rfind(b"\n")
    inside = text.count(quote, 0, max(end, 0)) % 2
    while end >= 0 and inside:
        before = text.rfind(b"\n", 0, end)
        inside = (inside + text.count(quote, max(before, 0), end)) % 2
        end = before
    if end < 0 and len(text) > LONGEST_ROW:
        end = text.rfind(b"\n")
    return end + 1


def _line_ends(text: bytes, lone_cr: bool, final: bool) -> bytes:
    if b"\r" not in text:
        return text
    if lone_cr:
        return text.replace(b"\r", b"\n")
    if not final and text.endswith(b"\r"):
        return text[:-1].replace(b"\r\n", b"\n") + b"\r"
    return text.replace(b"\r\n", b"\n")


def _is_lone_cr(head: bytes, encoding: str) -> bool:
    narrow = head.replace(b"\0", b"") if encoding == "utf-16" else head
    return b"\r" in narrow and b"\n" not in narrow


def _codec(head: bytes, encoding: str) -> str:
    if encoding != "utf-16":
        return encoding
    little = head.startswith(codecs.BOM_UTF16_LE) or (
        not head.startswith(codecs.BOM_UTF16_BE) and head[1::2].count(0) >= head[0::2].count(0)
    )
    return "utf-16-le" if little else "utf-16-be"


def _without_bom(head: bytes) -> bytes:
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if head.startswith(mark):
            return head[len(mark) :]
    return head


def _utf8(
    decoder: codecs.IncrementalDecoder, block: bytes, final: bool, encoding: str, file: DataFile, lines: int
) -> bytes:
    try:
        return decoder.decode(block, final).encode("utf-8")
    except UnicodeDecodeError as error:
        line = lines + block[: error.start].replace(b"\0", b"").count(b"\n") + 1
        raise not_text(file, line, error.object[error.start], encoding) from error
    except UnicodeEncodeError as error:
        raise BadInput(
            f"the text holds half a character, which is not {encoding.upper()}", where=file.where, mend="save it anew"
        ) from error


def not_text(file: DataFile, line: int, byte: int, encoding: str) -> BadInput:
    """Return what is said of a byte that the encoding does not have."""
    older = 'if the file is older than UTF-8, set encoding = "latin-1" in its read table'
    return BadInput(
        f"the byte 0x{byte:02x} is not {encoding.upper()}",
        where=f"{file.where}, line {line}",
        mend=older if encoding == "utf-8" else "mend it, or save the file in UTF-8",
    )
