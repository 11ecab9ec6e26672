"""`migrate analyze`."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from migrate.cli.context import Context, Shell
from migrate.cli.endpoints import connect
from migrate.cli.options import ConfigFile, Flag
from migrate.errors import BadPattern, NothingMatches, ServerError, UsageError
from migrate.model.pattern import Pattern, parse_pattern
from migrate.model.table import StoredKey, StoredObject
from migrate.ui.inventory import Entry, StoredFiles, inventory_lines, kind_counts

if TYPE_CHECKING:
    from migrate.config import Loaded
    from migrate.engines.files import Files, Place

TOGETHER = 200
"""Tables whose partitions are asked for together, and held at once."""
LISTED = 16
"""Tables whose files are listed at once."""


class _Found(msgspec.Struct, frozen=True):
    """What the pattern takes; `ddl` are the statements that make the stored objects, where they were asked for."""

    tables: tuple[Entry, ...]
    stored: tuple[StoredObject, ...]
    ddl: Mapping[StoredKey, str]


def analyze(pattern: str, /, *, config: ConfigFile = None, show_ddl: Flag = False, context: Context) -> int:
    """What is there: tables, sizes, keys, partitions, views and the like, and what could not be moved and why.

    For example:
      migrate analyze 'old:shop.*'
      migrate analyze 'old:shop.orders' --show-ddl

    Parameters
    ----------
    pattern
        endpoint:schema.table, with * and ? in the names.
    config
        The configuration; migrate.toml, or the environment, unless given.
    show_ddl
        Add the server's own CREATE statement of each.
    """
    from migrate import config as configuration

    loaded = configuration.load(config, context.env)
    wanted = _pattern(pattern, loaded)
    found = asyncio.run(_look(wanted, loaded, show_ddl, context))
    context.result(inventory_lines(wanted.endpoint, found.tables, found.stored, found.ddl))
    for entry in found.tables:
        context.record("table", _fields(wanted.endpoint, entry))
    for one in found.stored:
        context.record("other", _stored_fields(wanted.endpoint, one, found.ddl.get(one.key, "")))
    context.record("total", _totals(wanted.endpoint, found))
    return 0


def _pattern(text: str, loaded: Loaded) -> Pattern:
    """Raises `BadPattern` for what is none, `UsageError` for an endpoint that the configuration does not have."""
    endpoint = text.partition(":")[0]
    ref = loaded.config.endpoint.get(endpoint)
    try:
        pattern = parse_pattern(text, catalogs=ref is not None and ref.engine == "lake")
    except ValueError as error:
        raise BadPattern(text, str(error)) from error
    if ref is None:
        near = difflib.get_close_matches(endpoint, loaded.config.endpoint, 1)
        known = f"known endpoints: {', '.join(loaded.config.endpoint)}"
        raise UsageError(f"no endpoint {endpoint!r} in {loaded.path}", f"did you mean {near[0]}?" if near else known)
    return pattern


async def _look(pattern: Pattern, loaded: Loaded, show_ddl: bool, context: Shell) -> _Found:
    from migrate.planner.dated import is_dated
    from migrate.planner.nearest import nearest
    from migrate.planner.survey import rows_of

    refs = {pattern.endpoint: loaded.config.endpoint[pattern.endpoint]}
    async with connect(refs, context, loaded.config.options.per_server, loaded.secrets) as engines:
        engine = engines[pattern.endpoint]
        catalog = await engine.inspect((pattern,))
        if not catalog.tables and not catalog.stored:
            raise NothingMatches(pattern.endpoint, pattern.tables, await nearest(engine, pattern))
        rows = [rows_of(engine, table) for table in catalog.tables]
        measured = await engine.measure(rows)
        known = {one.table: one for one in measured}
        names = [table.name for table in catalog.tables]
        definitions = await engine.definitions(names) if show_ddl else {}
        entries = tuple(
            Entry(
                table,
                rows=known[table.name].rows if table.name in known else 0,
                bytes=known[table.name].bytes if table.name in known else 0,
                key=tuple(column.name for column in asked.key),
                why_not=engine.findings(table),
                ddl=definitions.get(table.name, ""),
                dated=is_dated(table.name.name),
            )
            for table, asked in zip(catalog.tables, rows, strict=True)
        )
        if engine.files is not None:
            entries = await _with_files(engine.files, entries)
        ddl = await engine.stored_definitions(catalog.stored) if show_ddl and catalog.stored else {}
        return _Found(entries, catalog.stored, ddl)


async def _with_files(files: Files, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The tables with what is known of their files. What is held meanwhile grows neither with them nor with files."""
    places = await files.places([entry.table for entry in entries if not entry.why_not])
    free = asyncio.Semaphore(LISTED)

    async def one(entry: Entry) -> Entry:
        place = places.get(entry.table.name)
        return entry if place is None else msgspec.structs.replace(entry, stored=await stored(entry, place))

    async def stored(entry: Entry, place: Place) -> StoredFiles:
        known = StoredFiles(place.location, place.external, tuple(why for _, why in place.refused))
        if not place.location:
            return known
        try:
            parts = await files.partitions(entry.table, place, "")  # of many tables at the same time: few questions
            async with free:
                found = [listing async for _, listing in files.listings(place, parts)]
        except ServerError as error:
            return msgspec.structs.replace(known, unlisted=error.message)
        return msgspec.structs.replace(
            known,
            partitions=len(parts) if any(part.name for part in parts) else None,
            files=sum(one.files for one in found),
            bytes=sum(one.bytes for one in found),
        )

    done: list[Entry] = []
    for at in range(0, len(entries), TOGETHER):
        done += await asyncio.gather(*map(one, entries[at : at + TOGETHER]))
    return tuple(done)


def _fields(endpoint: str, entry: Entry) -> dict[str, object]:
    table = entry.table
    fields: dict[str, object] = {
        "endpoint": endpoint,
        "catalog": table.name.catalog,
        "schema": table.name.schema,
        "name": table.name.name,
        "engine": table.storage.engine,
        "rows": entry.rows,
        "bytes": entry.bytes,
        "key": list(entry.key),
        "columns": len(table.columns),
        "indexes": len(table.indexes),
        "foreign_keys": len(table.foreign_keys),
        "partitions": len(table.partitioning.partitions) if table.partitioning else 0,
        "charset": table.storage.charset,
        "moves": not entry.why_not,
        "why_not": list(entry.why_not),
        "dated": entry.dated,
    }
    if entry.stored is not None:
        fields |= {
            "location": entry.stored.location,
            "external": entry.stored.external,
            "copy_refused": list(entry.stored.refused),
            "partitions": entry.stored.partitions,
            "files": entry.stored.files,
            "bytes": entry.stored.bytes,
            "unlisted": entry.stored.unlisted,
        }
    return fields | ({"ddl": entry.ddl} if entry.ddl else {})


def _stored_fields(endpoint: str, one: StoredObject, ddl: str) -> dict[str, object]:
    fields: dict[str, object] = {
        "kind": one.kind,
        "endpoint": endpoint,
        "catalog": one.name.catalog,
        "schema": one.name.schema,
        "name": one.name.name,
        "definer": one.definer,
        "moves": not one.broken,
        "why_not": [one.broken] if one.broken else [],
    }
    if one.kind == "trigger":
        fields |= {"table": one.table, "timing": one.timing, "event": one.event, "order": one.order}
    if one.kind == "event":
        fields |= {"enabled": one.enabled}
    return fields | ({"ddl": ddl} if ddl else {})


def _totals(endpoint: str, found: _Found) -> dict[str, object]:
    return {
        "endpoint": endpoint,
        "tables": len(found.tables),
        "dated_tables": sum(1 for entry in found.tables if entry.dated),
        "rows": sum(entry.rows for entry in found.tables),
        "bytes": sum(entry.bytes for entry in found.tables),
        "stored": kind_counts(found.stored),
    }
