"""What kind of text a file is: its encoding, its digest, and what would upset a reader.

The whole file is read once, in pieces, so that a bad byte in its last row is found too. An
encoding is UTF-8 or UTF-16 where the bytes say so, else the declared one, else detected and said.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from salesops_nb.errors import Problem, SalesopsError, problem

PIECE = 1 << 24
# What an office computer writes; the detector picks among these only.
_LIKELY = [
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "mac_roman",
    "cp850",
    "shift_jis",
    "gb18030",
    "big5",
]
_WESTERN = set("äöüÄÖÜßéèêëàâáãåçñíìîïóòôõøúùûýÿÉÈÊËÀÂÁÃÅÇÑÍÌÎÏÓÒÔÕØÚÙÛÝæœÆŒ€£¥§°«»‘’“”„–—…·®©™¿¡ºª½¼²³ \xa0")
_MULTIBYTE = re.compile(rb"[\xc3\xc5][\x80-\xbf]|\xe2[\x80-\xbf]{2}")
_HIGH = re.compile(rb"[^\n]*[\x80-\xff][^\n]*")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file as its bytes show it; `plain` means DuckDB's own reader can take it as it is."""

    path: Path
    shown: str
    encoding: str
    digest: bytes
    plain: bool
    notes: tuple[Problem, ...] = ()


def probe(path: Path, shown: str, declared: str | None = None) -> TextFile:
    """Read the file once; raises `SalesopsError` for an empty, binary or undecodable one."""
    digest = hashlib.blake2b(digest_size=16)
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, plain, lines, size, head = True, True, 0, 0, b""
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
            head = head or piece
            size += len(piece)
            if utf8:
                try:
                    decoder.decode(piece)
                except UnicodeDecodeError:
                    utf8 = False
            if b"\0" in piece and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                at = lines + piece[: piece.index(b"\0")].count(b"\n") + 1
                raise SalesopsError(_nul(shown, at))
            lines += piece.count(b"\n")
            plain = plain and not _blank_lines(piece)
    if not head.strip(b"\xef\xbb\xbf \r\n\t"):
        raise SalesopsError(problem("empty-file", file=shown))
    if re.match(rb"\s*<(!doctype|html|\?xml)", head[:200], re.IGNORECASE):
        raise SalesopsError(problem("not-a-table.web-page", file=shown))
    encoding, notes = _encoding(path, shown, head, utf8, declared)
    return TextFile(path, shown, encoding, digest.digest(), plain and encoding == "utf-8", notes)


def _blank_lines(piece: bytes) -> bool:
    """Blank lines and lone carriage returns, which would shift the numbers of the rows."""
    if b"\n\n" in piece or b"\n\r\n" in piece or piece.startswith((b"\n", b"\r\n")):
        return True
    return piece.count(b"\r") != piece.count(b"\r\n")


def _nul(shown: str, row: int) -> Problem:
    return problem("nul-bytes", file=shown, row=row)


def _encoding(
    path: Path, shown: str, head: bytes, utf8: bool, declared: str | None
) -> tuple[str, tuple[Problem, ...]]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", (problem("encoding-detected.first-bytes", file=shown, value="utf-16"),)
    if utf8 and (declared is None or head.startswith(codecs.BOM_UTF8)):
        return "utf-8", ()
    if declared is not None:
        _must_decode(path, shown, declared)
        return ("utf-8" if codecs.lookup(declared).name == "utf-8" else declared), ()
    return _detected(path, shown)


def _must_decode(path: Path, shown: str, encoding: str) -> None:
    """Raise with the line where the declared encoding fails."""
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise SalesopsError(problem("bad-encoding.unknown-name", file=shown, value=encoding)) from None
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                if encoding.lower().replace("-", "") not in ("utf16", "utf16le", "utf16be"):
                    line.decode(encoding)
            except UnicodeDecodeError as error:
                raise SalesopsError(
                    problem(
                        "bad-encoding.bad-byte",
                        file=shown,
                        row=number,
                        value=encoding,
                        byte=line[error.start],
                    )
                ) from error


def _detected(path: Path, shown: str) -> tuple[str, tuple[Problem, ...]]:
    """The likeliest encoding of the lines that are not ASCII, and a note that shows one of them."""
    sample, first, good, bad = bytearray(), 0, 0, 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += bool(_MULTIBYTE.search(line))
            except UnicodeDecodeError:
                bad = bad or number
            first = first or number
            if len(sample) < 1 << 17:
                sample += line
    if good and bad:
        raise SalesopsError(problem("mixed-encoding", file=shown, row=bad, good=good))
    encoding = _likeliest(bytes(sample))
    if encoding is None:
        raise SalesopsError(problem("bad-encoding.not-recognised", file=shown, row=first))
    match = _HIGH.search(bytes(sample))
    words = match[0].decode(encoding, "replace") if match else ""
    example = next((w for w in re.split(r"[,;\t|\"]", words) if not w.isascii()), words).strip()
    return encoding, (problem("encoding-detected", file=shown, value=encoding, line=first, example=example),)


def _likeliest(sample: bytes) -> str | None:
    try:
        text = sample.decode("cp1252")
        if all(c.isascii() or c in _WESTERN for c in text):
            return "cp1252"
    except UnicodeDecodeError:
        pass
    if _out_of_place(sample, "cp1250") < _out_of_place(sample, "cp1252"):
        return "cp1250"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_LIKELY).best()
    return best.encoding if best is not None else None


def _out_of_place(sample: bytes, encoding: str) -> int:
    """How many signs that are no letters stand beside a letter, as £ does in a misread Łódź."""
    text = sample.decode(encoding, "replace")
    beside = re.findall(r"[^\W\d_][^\w\s\x00-\x7f’‘–—]|[^\w\s\x00-\x7f’‘–—][^\W\d_]", text)
    return len(beside) + text.count("\ufffd")
