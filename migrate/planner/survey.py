"""What both sides hold, as far as the moves are concerned: the first half of plan, and of apply's check."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from migrate.engines.base import Dialect, Engine, Made, Note, Rows
from migrate.errors import NothingMatches
from migrate.model.pattern import Pattern, all_of
from migrate.model.plan import Move
from migrate.model.table import Catalog, Column, ObjectRef, Schema, StoredObject, Table, TableName
from migrate.model.types import Json, Text
from migrate.planner.nearest import nearest
from migrate.planner.rename import renamed_tables, stored_pairs
from migrate.planner.translate import (
    Pair,
    StoredPair,
    StoredRef,
    moved,
    pairs,
    source_pattern,
    stored_moved,
    target_name,
    target_pattern,
    without_parents,
)

HOME_COLLATION = "collation_database"
"""The setting of a stored object that its schema decides."""


class Survey(msgspec.Struct, frozen=True):
    """Catalogs by endpoint: `sources` within the moves' patterns, `present` in the schemas that are written to.

    `pairs` and `stored` are said in the words of their targets; `notes` are what that changed, by target endpoint;
    `refused` says of tables why the target cannot have them. `definitions` are the source's own DDL of tables of which
    it was needed, by their names there. `made` is what the targets remember of objects made across dialects.
    """

    sources: Mapping[str, Catalog]
    present: Mapping[str, Catalog]
    pairs: tuple[Pair, ...]
    stored: tuple[StoredPair, ...] = ()
    definitions: Mapping[ObjectRef, str] = {}
    dialects: Mapping[str, Dialect] = {}
    notes: Mapping[str, tuple[Note, ...]] = {}
    refused: Mapping[ObjectRef, tuple[str, ...]] = {}
    made: Mapping[str, tuple[Made, ...]] = {}
    schemas: Mapping[str, tuple[Schema, ...]] = {}
    """Those that are written to, by target, as their first sources are defined."""

    def tables_there(self) -> frozenset[ObjectRef]:
        """Every table that stands on a target now."""
        return frozenset(
            ObjectRef(endpoint, table.name) for endpoint, catalog in self.present.items() for table in catalog.tables
        )


async def survey(moves: Sequence[Move], engines: Mapping[str, Engine]) -> Survey:
    """Ask every endpoint once, all at the same time.

    Raises `NothingMatches`, `BadConfig` (see `translate.pairs`), `ServerError`.
    """
    sources = await _inspect({source_pattern(move).endpoint: _asked(moves, move) for move in moves}, engines)
    for move in moves:
        catalog, pattern = sources[source_pattern(move).endpoint], source_pattern(move)
        names = [table.name for table in catalog.tables] + [stored.name for stored in catalog.stored]
        if not any(map(pattern.matches, names)):
            near = await nearest(engines[pattern.endpoint], pattern)
            raise NothingMatches(pattern.endpoint, pattern.tables, near)
    places = _places(moves, sources, engines)
    patterns = {
        target: tuple(all_of(target, place.schema, place.catalog) for place in sorted(schemas))
        for target, schemas in places.items()
    }
    used = sorted({*sources, *patterns})
    dialects = dict(zip(used, await asyncio.gather(*(engines[name].dialect() for name in used)), strict=True))
    present = await _inspect(patterns, engines)
    taken = renamed_tables(moves, sources, pairs(moves, sources, present), engines)
    seen = Survey(sources, present, taken, stored_pairs(moves, sources, taken, engines), dialects=dialects)
    seen = _at_home(await _in_words_of_targets(seen, engines))
    left_behind, definitions = await _parents_left_behind(seen, engines)
    return msgspec.structs.replace(
        seen,
        pairs=without_parents(seen.pairs, left_behind),
        definitions=definitions,
        made=await _made(seen, engines),
    )


def _places(
    moves: Sequence[Move], sources: Mapping[str, Catalog], engines: Mapping[str, Engine]
) -> dict[str, set[TableName]]:
    """The schemas that must be looked at on each target."""
    places: dict[str, set[TableName]] = {}
    for move in moves:
        catalog, source = sources[source_pattern(move).endpoint], engines[source_pattern(move).endpoint]
        target = places.setdefault(target_pattern(move).endpoint, set())
        for table in catalog.tables:
            if not moved(move, table.name):
                continue
            target.add(msgspec.structs.replace(target_name(move, table.name).table, name=""))
            parents = (key.referenced for key in table.foreign_keys)
            for needed in (*parents, *source.sequences(table)):  # may stand in a schema that nothing moves into
                if needed.schema != table.name.schema:
                    target.add(TableName(needed.schema, ""))
        taken = {stored.key for stored in catalog.stored if stored_moved(move, stored)}
        for _, name in taken:
            target.add(msgspec.structs.replace(target_name(move, name).table, name=""))
        for use in catalog.uses:
            if use.by in taken and use.of.schema != use.by[1].schema:
                target.add(TableName(use.of.schema, ""))
    return places


async def _in_words_of_targets(seen: Survey, engines: Mapping[str, Engine]) -> Survey:
    """What is wanted, translated for each target from each of its sources."""
    ways = sorted(
        {(pair.source.endpoint, pair.target.endpoint) for pair in seen.pairs}
        | {(pair.source.endpoint, pair.target.object.endpoint) for pair in seen.stored}
    )
    taken, stored = list(seen.pairs), list(seen.stored)
    schemas: dict[str, dict[TableName, Schema]] = {}
    notes: dict[str, list[Note]] = {}
    refused: dict[ObjectRef, tuple[str, ...]] = {}
    for source, target in ways:
        tables = [n for n, pair in enumerate(taken) if (pair.source.endpoint, pair.target.endpoint) == (source, target)]
        objects = [
            n for n, one in enumerate(stored) if (one.source.endpoint, one.target.object.endpoint) == (source, target)
        ]
        wanted = Catalog(
            schemas=_schemas(seen, [taken[n] for n in tables], [stored[n] for n in objects]),
            tables=tuple(taken[n].wanted for n in tables),
            stored=tuple(stored[n].wanted for n in objects),
        )
        said = await engines[target].translate(wanted, seen.dialects[source])
        notes.setdefault(target, []).extend(said.notes)
        for schema in said.catalog.schemas:
            schemas.setdefault(target, {}).setdefault(TableName(schema.name, "", schema.catalog), schema)
        for n, table in zip(tables, said.catalog.tables, strict=True):
            taken[n] = msgspec.structs.replace(taken[n], wanted=table)
        for n, one in zip(objects, said.catalog.stored, strict=True):
            stored[n] = msgspec.structs.replace(stored[n], wanted=one)
        for note in said.refused:
            if not note.stored:
                ref = ObjectRef(target, note.name)
                refused[ref] = (*refused.get(ref, ()), note.text)
        why = {(note.stored, note.name): note for note in said.refused if note.stored}
        for n in objects:
            found = why.get(stored[n].wanted.key)
            if found and not stored[n].refused:
                stored[n] = msgspec.structs.replace(stored[n], refused=("MG101", found.text))
    return msgspec.structs.replace(
        seen,
        pairs=tuple(taken),
        stored=tuple(stored),
        notes={target: tuple(dict.fromkeys(found)) for target, found in notes.items()},
        refused=refused,
        schemas={target: tuple(found[name] for name in sorted(found)) for target, found in schemas.items()},
    )


def _at_home(seen: Survey) -> Survey:
    """Stored objects under the default collation that their target schema has, or gets.

    Declarations without a character set take it from there: what the source's schema had cannot be kept.
    """
    has = {
        (endpoint, schema.name): schema.collation for endpoint, schemas in seen.schemas.items() for schema in schemas
    }
    has |= {
        (endpoint, schema.name): schema.collation
        for endpoint, catalog in seen.present.items()
        for schema in catalog.schemas
    }
    stored, notes = [], {endpoint: list(found) for endpoint, found in seen.notes.items()}
    for pair in seen.stored:
        settings = dict(pair.wanted.settings)
        place = pair.target.object
        own = has.get((place.endpoint, place.table.schema), "")
        if own and settings.get(HOME_COLLATION, own) != own:
            text = (
                f"its declarations without a character set become {own}, the schema's default there;"
                f" at the source they are {settings[HOME_COLLATION]}"
            )
            note = Note("MG408", place.table, text, stored=pair.target.kind)
            notes.setdefault(place.endpoint, []).append(note)
            settings[HOME_COLLATION] = own
            wanted = msgspec.structs.replace(pair.wanted, settings=tuple(sorted(settings.items())))
            pair = msgspec.structs.replace(pair, wanted=wanted)
        stored.append(pair)
    return msgspec.structs.replace(
        seen, stored=tuple(stored), notes={endpoint: tuple(found) for endpoint, found in notes.items()}
    )


def _schemas(seen: Survey, tables: Sequence[Pair], stored: Sequence[StoredPair]) -> tuple[Schema, ...]:
    """The target schemas of these, each as its first source schema is defined, under its own name."""
    ways = [(pair.source, pair.target) for pair in tables] + [(pair.source, pair.target.object) for pair in stored]
    found: dict[TableName, Schema] = {}
    for source, target in ways:
        place = msgspec.structs.replace(target.table, name="")
        if place not in found:
            own = (source.table.catalog, source.table.schema)
            schemas = seen.sources[source.endpoint].schemas
            origin = next(one for one in schemas if (one.catalog, one.name) == own)
            found[place] = msgspec.structs.replace(origin, name=place.schema, catalog=place.catalog)
    return tuple(found[name] for name in sorted(found))


async def _made(seen: Survey, engines: Mapping[str, Engine]) -> dict[str, tuple[Made, ...]]:
    """What the targets remember; only of objects from other dialects is anything remembered."""
    asked: dict[str, set[tuple[str, str]]] = {}
    for pair in seen.stored:
        target = pair.target.object
        if seen.dialects[pair.source.endpoint] != seen.dialects[target.endpoint]:
            asked.setdefault(target.endpoint, set()).add((target.table.catalog, target.table.schema))
    found = await asyncio.gather(*(engines[name].made(sorted(schemas)) for name, schemas in asked.items()))
    return dict(zip(asked, found, strict=True))


def reasons(seen: Survey, pair: Pair, definition: str, engines: Mapping[str, Engine]) -> tuple[str, ...]:
    """Why one of both engines cannot take part in moving the table, none when both can."""
    own = seen.dialects[pair.source.endpoint] == seen.dialects[pair.target.endpoint]
    found = (
        *engines[pair.source.endpoint].findings(pair.table, "" if own else definition),
        *engines[pair.target.endpoint].findings(pair.wanted, definition if own else ""),
        *seen.refused.get(pair.target, ()),
    )
    found = found or tuple(_without_sequences(seen, pair, engines[pair.target.endpoint]))
    return tuple(dict.fromkeys(found))


def _without_sequences(seen: Survey, pair: Pair, target: Engine) -> Iterator[str]:
    for name in target.sequences(pair.wanted):
        comes = any(
            one.target == StoredRef("sequence", ObjectRef(pair.target.endpoint, name)) and not one.refused
            for one in seen.stored
        )
        there = any(one.key == ("sequence", name) for one in seen.present[pair.target.endpoint].stored)
        if not comes and not there:
            yield f"draws from the sequence {name}, which neither moves nor is on the target"


async def define(tables: Collection[ObjectRef], engines: Mapping[str, Engine]) -> dict[ObjectRef, str]:
    """The servers' own DDL of these tables."""
    asked: dict[str, list[TableName]] = {}
    for ref in sorted(tables):
        asked.setdefault(ref.endpoint, []).append(ref.table)
    answers = await asyncio.gather(*(engines[name].definitions(names) for name, names in asked.items()))
    return {
        ObjectRef(name, table): text
        for name, found in zip(asked, answers, strict=True)
        for table, text in found.items()
    }


async def define_stored(
    asked: Sequence[tuple[str, StoredObject]], engines: Mapping[str, Engine]
) -> dict[StoredRef, str]:
    """The servers' own statements that make these, each asked of its (endpoint, object)."""
    by_endpoint: dict[str, list[StoredObject]] = {}
    for endpoint, stored in asked:
        by_endpoint.setdefault(endpoint, []).append(stored)
    answers = await asyncio.gather(*(engines[name].stored_definitions(found) for name, found in by_endpoint.items()))
    return {
        StoredRef(kind, ObjectRef(endpoint, name)): text
        for endpoint, found in zip(by_endpoint, answers, strict=True)
        for (kind, name), text in found.items()
    }


async def _parents_left_behind(
    seen: Survey, engines: Mapping[str, Engine]
) -> tuple[frozenset[ObjectRef], Mapping[ObjectRef, str]]:
    """Targets that foreign keys need, that are not there, and that cannot be moved; and the DDL that was looked at."""
    there = seen.tables_there()
    needed = {ObjectRef(pair.source.endpoint, key.referenced) for pair in seen.pairs for key in pair.table.foreign_keys}
    parents = [pair for pair in seen.pairs if pair.source in needed and pair.target not in there]
    definitions = await define({pair.source for pair in parents}, engines)
    left = (pair.target for pair in parents if reasons(seen, pair, definitions[pair.source], engines))
    return frozenset(left), definitions


def both_sides(pair: Pair, source: Engine, target: Engine) -> tuple[Rows, Rows]:
    """The rows of a pair at the source and on the target, to be compared along the source's key.

    On the target they are read as the types that they have there. Where the target has the key's values in another
    order, a span is other rows here than there, and only all of them are the same. A document that is kept as text is
    compared as text, and by what it means where that differs: what MySQL knows of it besides, such as that a string is
    a DATE, has no place there.
    """
    mine = rows_of(source, pair.table, pair.where)
    wanted = {column.name: column for column in pair.wanted.columns}
    alike = all(source.order(column) == target.order(wanted[column.name]) for column in mine.key)
    compared = tuple(_compared(one, wanted[one.name]) for one in mine.columns)
    # On both sides: a column that is computed here and not there, or only when it is read, has nothing to be proven.
    stored = tuple(one for one in mine.computed if wanted[one.name].generated and wanted[one.name].stored)
    computed = tuple(_compared(one, wanted[one.name]) for one in stored)
    texts = [one.name for one in (*mine.columns, *stored) if _is_kept_as_text(one, wanted[one.name])]
    meant = tuple(texts) if mine.key else ()
    mine = msgspec.structs.replace(mine, columns=compared, computed=computed, alike=alike, meant=meant)
    theirs = msgspec.structs.replace(
        mine,
        table=pair.target.table,
        columns=tuple(wanted[column.name] for column in mine.columns),
        computed=tuple(wanted[column.name] for column in stored),
        key=tuple(wanted[column.name] for column in mine.key),
    )
    return mine, theirs


def _compared(column: Column, wanted: Column) -> Column:
    return msgspec.structs.replace(column, type=wanted.type) if _is_kept_as_text(column, wanted) else column


def _is_kept_as_text(column: Column, wanted: Column) -> bool:
    return isinstance(column.type, Json) and isinstance(wanted.type, Text)


def rows_of(engine: Engine, table: Table, where: str = "") -> Rows:
    """What to read or write of a table: its stored columns, along the key that its engine can use."""
    columns = tuple(column for column in table.columns if not column.generated)
    computed = tuple(column for column in table.columns if column.generated and column.stored)
    key = engine.key(table)
    by_name = {column.name: column for column in table.columns}
    parts = tuple(by_name[part.column] for part in key.parts) if key else ()
    return Rows(table.name, columns, parts, key.name if key else "", where, computed=computed)


def _asked(moves: Sequence[Move], one: Move) -> tuple[Pattern, ...]:
    endpoint = source_pattern(one).endpoint
    return tuple(source_pattern(move) for move in moves if source_pattern(move).endpoint == endpoint)


async def _inspect(patterns: Mapping[str, tuple[Pattern, ...]], engines: Mapping[str, Engine]) -> dict[str, Catalog]:
    catalogs = await asyncio.gather(*(engines[name].inspect(asked) for name, asked in patterns.items()))
    return dict(zip(patterns, catalogs, strict=True))
