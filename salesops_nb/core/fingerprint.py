"""Hashes of files: what was made by other code, or from other files, is not made of these."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path


def tree(folder: Path) -> str:
    """A hash of the files below a folder, by their paths and contents."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
    return digest.hexdigest()


@cache
def code() -> str:
    """A hash of the whole package as it stood when this process first asked, wherever its modules stand."""
    return tree(Path(str(files("salesops_nb"))))
