"""What is there: the tables and stored objects of a schema, as `migrate analyze` shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

import msgspec
from rich.text import Text

from migrate.model.table import StoredKey, StoredKind, StoredObject, Table, TableName, spell
from migrate.model.words import counted
from migrate.ui.units import aligned, count, shown, shown_lines, size

_HEAD = ("table", "engine", "rows", "size", "key", "indexes", "FKs", "partitions", "charset", "moves")
_RIGHT = frozenset({2, 3, 5, 6, 7})
_LAKE_HEAD = ("table", "format", "files are", "partitions", "files", "size", "moves by", "location")
_LAKE_RIGHT = frozenset({3, 4, 5})
_STORED_HEAD = ("kind", "name", "definer", "about", "moves")


class StoredFiles(msgspec.Struct, frozen=True):
    """Where the files of a table are. None: they were not counted; `unlisted` says why, where the store refused.

    `external`: dropping the table leaves them. `refused`: why they cannot be copied as they are.
    """

    location: str
    external: bool
    refused: tuple[str, ...] = ()
    partitions: int | None = None
    files: int | None = None
    bytes: int | None = None
    unlisted: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One table: what inspecting it told. `why_not` is empty when it can be moved; `key` when it cannot be cut.

    `dated`: its name ends with a date, so that it stays behind unless it is asked for. `stored` is of tables that are
    files.
    """

    table: Table
    rows: int
    bytes: int
    key: tuple[str, ...]
    why_not: tuple[str, ...]
    ddl: str = ""
    dated: bool = False
    stored: StoredFiles | None = None


def inventory_lines(
    endpoint: str, entries: Sequence[Entry], stored: Sequence[StoredObject], ddl: Mapping[StoredKey, str]
) -> list[Text]:
    """The tables of each schema, then its stored objects, with their statements in `ddl`; then the totals."""
    lines: list[Text] = []
    schemas = sorted({_schema(one) for one in (*(e.table.name for e in entries), *(s.name for s in stored))})
    for schema in schemas:
        lines += _one_schema(
            f"{endpoint}:{schema}",
            [entry for entry in entries if _schema(entry.table.name) == schema],
            [one for one in stored if _schema(one.name) == schema],
            ddl,
        )
    rows, volume = sum(entry.rows for entry in entries), sum(entry.bytes for entry in entries)
    stuck = sum(1 for entry in entries if entry.why_not)
    held = [entry.stored for entry in entries if entry.stored is not None]
    if held:
        many, volume = sum(one.files or 0 for one in held), sum(one.bytes or 0 for one in held)
        total = f"{counted(len(entries), 'table')}, {counted(many, 'file')} ({size(volume)})"
        uncounted = sum(1 for one in held if one.files is None)
        total += f", without those of {counted(uncounted, 'table')} that were not counted" if uncounted else ""
    else:
        total = f"{counted(len(entries), 'table')}, {counted(rows, 'row')} ({size(volume)})"
    kinds = kind_counts(stored)
    total += "; " + ", ".join(counted(many, kind) for kind, many in kinds.items()) if kinds else ""
    stuck += sum(1 for one in stored if one.broken)
    total += f"; {counted(stuck, 'object')} cannot be moved" if stuck else ""
    lines.append(Text(total, style="bold"))
    dated = sum(1 for entry in entries if entry.dated)
    if dated:
        stay = (
            "stays behind unless `dated_tables` brings it"
            if dated == 1
            else "stay behind unless `dated_tables` brings them"
        )
        lines.append(Text(f"{counted(dated, 'dated table')} {stay} along"))
    return lines


def kind_counts(stored: Sequence[StoredObject]) -> dict[StoredKind, int]:
    """How many of each kind there are, in the order in which they are made."""
    counts = Counter(one.kind for one in stored)
    return {kind: counts[kind] for kind in get_args(StoredKind) if counts[kind]}


def key_words(key: tuple[str, ...]) -> str:
    """How a table can be cut into chunks."""
    return ", ".join(shown(column) for column in key) or "none: one piece"


def _schema(name: TableName) -> str:
    return ".".join(spell(part) for part in (name.catalog, name.schema) if part)


def _one_schema(
    title: str, entries: list[Entry], stored: list[StoredObject], ddl: Mapping[StoredKey, str]
) -> Iterator[Text]:
    yield Text(shown(title), style="bold")
    if entries:
        if any(entry.stored for entry in entries):
            lines = aligned([_LAKE_HEAD, *(_lake_row(entry) for entry in entries)], _LAKE_RIGHT)
        else:
            lines = aligned([_HEAD, *(_row(entry) for entry in entries)], _RIGHT)
        yield Text(f"  {lines[0]}", style="dim")
        for entry, line in zip(entries, lines[1:], strict=True):
            yield Text(f"  {line}", style="red" if entry.why_not else "")
            yield from (Text(f"      why not: {shown(why)}", style="red") for why in entry.why_not)
            if entry.stored and entry.stored.unlisted:
                yield Text(f"      files: {shown(entry.stored.unlisted)}", style="red")
            yield from _statement(entry.ddl)
    if entries and stored:
        yield Text()
    if stored:
        places = {kind: number for number, kind in enumerate(get_args(StoredKind))}
        ordered = sorted(stored, key=lambda one: (places[one.kind], one.table, one.name))
        lines = aligned([_STORED_HEAD, *(_stored_row(one) for one in ordered)])
        yield Text(f"  {lines[0]}", style="dim")
        for one, line in zip(ordered, lines[1:], strict=True):
            yield Text(f"  {line}", style="red" if one.broken else "")
            if one.broken:
                yield Text(f"      why not: {shown(one.broken)}", style="red")
            yield from _statement(ddl.get(one.key, ""))
    yield Text()


def _statement(sql: str) -> Iterator[Text]:
    if sql:
        yield from (Text(f"      {text}", style="dim") for text in shown_lines(sql))


def _stored_row(one: StoredObject) -> tuple[str, ...]:
    about = f"{one.timing} {one.event} ON {one.table}" if one.kind == "trigger" else ""
    if one.kind == "event":
        about = "enabled" if one.enabled else "disabled"
    return one.kind, shown(one.name.name), shown(one.definer), shown(about), "no" if one.broken else "yes"


def _lake_row(entry: Entry) -> tuple[str, ...]:
    table, stored = entry.table, entry.stored
    said = next((one for one in table.storage.options if one.startswith("format=")), "")
    words = f"{table.storage.engine} {said.removeprefix('format=').strip(chr(39))}".strip()
    if stored is None:
        return shown(table.name.name), shown(words), "", "", "", "", "no" if entry.why_not else "yes", ""
    by = "no" if entry.why_not else "insert_select" if stored.refused else "copy_files"
    return (
        shown(table.name.name),
        shown(words),
        "outside" if stored.external else "its own",
        "" if stored.partitions is None else count(stored.partitions),
        "" if stored.files is None else count(stored.files),
        "" if stored.bytes is None else size(stored.bytes),
        f"{by}, dated" if entry.dated and by != "no" else by,
        shown(stored.location),
    )


def _row(entry: Entry) -> tuple[str, ...]:
    table = entry.table
    partitions = count(len(table.partitioning.partitions)) if table.partitioning else ""
    return (
        shown(table.name.name),
        shown(table.storage.engine),
        count(entry.rows),
        size(entry.bytes),
        key_words(entry.key),
        count(len(table.indexes)),
        count(len(table.foreign_keys)),
        partitions,
        shown(table.storage.charset),
        "no" if entry.why_not else "dated" if entry.dated else "yes",
    )
