"""What is there: the tables of a schema, as `migrate analyze` shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from rich.text import Text

from migrate.model.table import OtherObject, Table, TableName, spell
from migrate.ui.units import aligned, count, counted, shown, shown_lines, size

_HEAD = ("table", "engine", "rows", "size", "key", "indexes", "FKs", "partitions", "charset", "moves")
_RIGHT = frozenset({2, 3, 5, 6, 7})


class Entry(msgspec.Struct, frozen=True):
    """One table: what inspecting it told. `why_not` is empty when it can be moved; `key` when it cannot be cut."""

    table: Table
    rows: int
    bytes: int
    key: tuple[str, ...]
    why_not: tuple[str, ...]
    ddl: str = ""


def inventory_lines(endpoint: str, entries: Sequence[Entry], others: Sequence[OtherObject]) -> list[Text]:
    """A table for each schema, then what is not a table; then the totals."""
    lines: list[Text] = []
    schemas = sorted({_schema(one) for one in (*(e.table.name for e in entries), *(o.name for o in others))})
    for schema in schemas:
        lines += _one_schema(
            f"{endpoint}:{schema}",
            [entry for entry in entries if _schema(entry.table.name) == schema],
            [other for other in others if _schema(other.name) == schema],
        )
    rows, volume = sum(entry.rows for entry in entries), sum(entry.bytes for entry in entries)
    stuck = sum(1 for entry in entries if entry.why_not)
    total = f"{counted(len(entries), 'table')}, {counted(rows, 'row')} ({size(volume)})"
    total += f"; {counted(len(others), 'other object')}" if others else ""
    total += f"; {counted(stuck, 'table')} cannot be moved" if stuck else ""
    return [*lines, Text(total, style="bold")]


def key_words(key: tuple[str, ...]) -> str:
    """How a table can be cut into chunks."""
    return ", ".join(shown(column) for column in key) or "none: one piece"


def _schema(name: TableName) -> str:
    return ".".join(spell(part) for part in (name.catalog, name.schema) if part)


def _one_schema(title: str, entries: list[Entry], others: list[OtherObject]) -> Iterator[Text]:
    yield Text(shown(title), style="bold")
    if entries:
        lines = aligned([_HEAD, *(_row(entry) for entry in entries)], _RIGHT)
        yield Text(f"  {lines[0]}", style="dim")
        for entry, line in zip(entries, lines[1:], strict=True):
            yield Text(f"  {line}", style="red" if entry.why_not else "")
            yield from (Text(f"      why not: {shown(why)}", style="red") for why in entry.why_not)
            if entry.ddl:
                yield from (Text(f"      {text}", style="dim") for text in shown_lines(entry.ddl))
    for other in others:
        yield Text(f"  {shown(other.kind)} {shown(other.name.name)}: not moved by this version", style="yellow")
    yield Text()


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
        "no" if entry.why_not else "yes",
    )
