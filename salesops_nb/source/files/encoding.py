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

from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.source.schema.findings import finding

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
        raise SalesopsError(
            finding("empty-file", "The file is empty.", "Export it again with its header.", file=shown)
        )
    if re.match(rb"\s*<(!doctype|html|\?xml)", head[:200], re.IGNORECASE):
        raise SalesopsError(
            finding(
                "not-a-table",
                "The file is a web page or XML, not a table; the export may have met a log-in page.",
                "Export it again as CSV.",
                file=shown,
            )
        )
    encoding, notes = _encoding(path, shown, head, utf8, declared)
    return TextFile(path, shown, encoding, digest.digest(), plain and encoding == "utf-8", notes)


def _blank_lines(piece: bytes) -> bool:
    """Blank lines and lone carriage returns, which would shift the numbers of the rows."""
    if b"\n\n" in piece or b"\n\r\n" in piece or piece.startswith((b"\n", b"\r\n")):
        return True
    return piece.count(b"\r") != piece.count(b"\r\n")


def _nul(shown: str, row: int) -> Problem:
    return finding(
        "nul-bytes",
        f"The file holds NUL bytes, first in line {row}, so it is not plain text.",
        "Export it again as CSV; if it is an Excel workbook, name it .xlsx.",
        file=shown,
        row=row,
    )


def _encoding(
    path: Path, shown: str, head: bytes, utf8: bool, declared: str | None
) -> tuple[str, tuple[Problem, ...]]:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", (_said(shown, "utf-16", "its first bytes say so"),)
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
        problem = finding(
            "bad-encoding",
            f"{encoding!r} is not the name of an encoding.",
            "Write utf-8, cp1252, latin-1 or another name Python knows under 'encoding'.",
            file=shown,
            value=encoding,
        )
        raise SalesopsError(problem) from None
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                if encoding.lower().replace("-", "") not in ("utf16", "utf16le", "utf16be"):
                    line.decode(encoding)
            except UnicodeDecodeError as error:
                raise SalesopsError(
                    finding(
                        "bad-encoding",
                        f"Line {number} is not {encoding}: byte 0x{line[error.start]:02X} has no "
                        f"meaning in it.",
                        "Declare the file's true encoding in the mapping, or leave it out to have "
                        "it detected.",
                        file=shown,
                        row=number,
                        value=encoding,
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
        raise SalesopsError(
            finding(
                "mixed-encoding",
                f"Line {bad} is not UTF-8 while {good} other lines are: the file mixes two encodings.",
                "Export it again in one encoding, or declare the right one in the mapping.",
                file=shown,
                row=bad,
            )
        )
    encoding = _likeliest(bytes(sample))
    if encoding is None:
        raise SalesopsError(
            finding(
                "bad-encoding",
                f"The encoding could not be recognised; line {first} is the first that is not plain ASCII.",
                "Declare 'encoding' in the mapping, such as cp1252.",
                file=shown,
                row=first,
            )
        )
    match = _HIGH.search(bytes(sample))
    words = match[0].decode(encoding, "replace") if match else ""
    example = next((w for w in re.split(r"[,;\t|\"]", words) if not w.isascii()), words).strip()
    return encoding, (_said(shown, encoding, f"line {first} then reads {example!r}"),)


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


def _said(shown: str, encoding: str, why: str) -> Problem:
    return finding(
        "encoding-detected",
        f"The file is read as {encoding}: {why}.",
        f"Declare 'encoding: {encoding}' in the mapping to fix it, or another if the text looks wrong.",
        file=shown,
        value=encoding,
        severity="note",
    )
