"""The rows that count of all files of one table: of each id the newest, without those that are deleted."""

from __future__ import annotations

from dataclasses import replace

from salesops_nb.messages import message
from salesops_nb.own_data.columns import Proposed
from salesops_nb.own_data.looking import SeenFile
from salesops_nb.source.files.deleted import without_deleted
from salesops_nb.source.schema.contracts import CONTRACTS
from salesops_nb.source.schema.mapping import FileMapping, by_number
from salesops_nb.source.schema.raw import APART, quoted


def whole(files: list[SeenFile]) -> tuple[list[SeenFile], dict[str, list[str]]]:
    """The files of a table by name, the first of them with the rows and headers of all.

    The last file by name is the newest, numbers in names by value, as where a mapping names a pattern. With
    it the files that lack a header of another, by that header.
    """
    if len(files) == 1:
        return files, {}
    files = sorted(files, key=lambda seen: by_number(seen.path))
    own = {seen.name: set(seen.raw.types) for seen in files}
    files[0].blanks = tuple(dict.fromkeys(word for seen in files for word in seen.blanks))
    _one_after_the_other(files[0], files[1:])
    lacking = {
        header: names
        for header in files[0].raw.types
        if (names := [name for name, headers in own.items() if header not in headers])
    }
    return files, lacking


def together(made: Proposed) -> None:
    """Let the newest row count where an id stands in several files, and no row that the CRM deleted."""
    if made.more:
        _newest(made)
    if made.table == "deals":
        headers = {name: found.header for name, found in made.columns.items()}
        file = FileMapping.model_construct(columns=headers, values=made.keys.get("values", {}))
        raw = without_deleted(made.seen.connection, made.seen.raw, file, made.header("deal_id"))
        if raw.name != made.seen.raw.name:
            made.seen.look_again(raw)


def _one_after_the_other(first: SeenFile, more: list[SeenFile]) -> None:
    """Let the first file's rows be followed by those of the others, all as text where they differ in kind."""
    files = [first, *more]
    types = {header: kind for seen in reversed(files) for header, kind in seen.raw.types.items()}
    for header in types:
        kinds = {seen.raw.types[header] for seen in files if header in seen.raw.types}
        types[header] = "VARCHAR" if len(kinds) > 1 else types[header]
    selects = []
    for number, seen in enumerate(files):
        cells = ", ".join(
            f"CAST({quoted(h)} AS {types[h]}) AS {quoted(h)}" for h in types if h in seen.raw.types
        )
        selects.append(f"SELECT {cells}, _row + {number * APART} AS _row FROM {seen.raw.name}")
    view = f"raw.{quoted(f'{first.raw.label} (files)')}"
    first.connection.execute(f"CREATE OR REPLACE VIEW {view} AS {' UNION ALL BY NAME '.join(selects)}")
    first.look_again(replace(first.raw, name=view, types=types))


def _newest(made: Proposed) -> None:
    keys = [made.header(name) for name in CONTRACTS[made.table].key]
    if None in keys or len(keys) != 1 or made.seen.distinct([str(keys[0])]):
        return
    seen = made.seen
    key = seen.text(str(keys[0]))
    view = f"raw.{quoted(f'{seen.raw.label} (newest)')}"
    seen.connection.execute(
        f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {seen.raw.name} "
        f"QUALIFY {key} IS NULL OR _row // {APART} = max(_row // {APART}) OVER (PARTITION BY {key})"
    )
    before = seen.rows
    seen.look_again(replace(seen.raw, name=view))
    if count := before - seen.rows:
        made.keys["newest"] = "file"
        made.notes.append(
            message("newest: {n:,} older rows of the same ids are left out, the last file's count", n=count)
        )
