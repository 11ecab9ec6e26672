"""What must change to make one catalog like another: used by plan, by skip-if-done and by verify.

`diff` is pure, complete and deterministic: it is empty exactly where all that is wanted is there and equal, and its
changes, done in their order, end it. Objects only on the actual side stay. Three things it does not look at: `uses`,
`statistics`, and the default charset of a schema that exists (its tables say their own). Another spelling of the same
is a difference here, and so is a definer where any will do: see `Engine.same`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar, get_args

from msgspec import Struct
from msgspec.structs import replace

from migrate.model.change import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AlterCheck,
    AlterColumn,
    AlterComment,
    AlterForeignKey,
    AlterIndex,
    AlterPartitioning,
    AlterStorage,
    AlterStored,
    Change,
    CreateSchema,
    CreateStored,
    CreateTable,
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropIndex,
    MoveColumn,
)
from migrate.model.table import (
    Catalog,
    Check,
    Column,
    ForeignKey,
    Index,
    Partitioning,
    StoredKind,
    StoredObject,
    Table,
    spell,
)

_Named = TypeVar("_Named", Column, Index, ForeignKey, Check)
_Pair = tuple[_Named | None, _Named | None]


def diff(wanted: Catalog, actual: Catalog) -> tuple[Change, ...]:
    """The changes that make `actual` have all of `wanted`: schemas first, then table by table, each in name order.

    Stored objects come last: kind by kind, in the order in which kinds are made, each in name order.

    Of one table: foreign keys, checks, indexes and columns that must go, columns from left to right, indexes, checks,
    storage, partitioning, comment, foreign keys. A part that differs only in the case of its name is the same part; the
    case of the columns that a foreign key names says nothing. The order of parts other than columns says nothing.
    """
    there = {(schema.catalog, schema.name) for schema in actual.schemas}
    missing = {(schema.catalog, schema.name): schema for schema in wanted.schemas}
    changes: list[Change] = [CreateSchema(missing[name]) for name in sorted(missing.keys() - there)]
    tables = actual.by_name()
    for table in sorted(wanted.tables, key=lambda table: table.name):
        changes += _table(table, tables.get(table.name))
    changes += _stored(wanted, actual)
    return tuple(changes)


def _stored(wanted: Catalog, actual: Catalog) -> Iterator[Change]:
    kinds: tuple[StoredKind, ...] = get_args(StoredKind)
    found = actual.stored_by_key()
    for want in sorted(wanted.stored, key=lambda stored: (kinds.index(stored.kind), stored.name)):
        there = found.get(want.key)
        if there is None:
            yield CreateStored(want)
        elif want != there:
            yield AlterStored(there, want)


def _table(wanted: Table, actual: Table | None) -> Iterator[Change]:
    name = wanted.name
    if actual is None:
        yield CreateTable(wanted)
        yield from (AddForeignKey(name, foreign_key) for foreign_key in wanted.foreign_keys)
        return
    foreign_keys = tuple(
        (want, there)
        for want, there in _pairs(wanted.foreign_keys, actual.foreign_keys)
        if want is None or there is None or _folded(want) != _folded(there)
    )
    checks = tuple(_pairs(wanted.checks, actual.checks))
    indexes = tuple(_pairs(wanted.indexes, actual.indexes))
    columns = tuple(_pairs(wanted.columns, actual.columns))

    yield from (DropForeignKey(name, there) for want, there in foreign_keys if want is None and there is not None)
    yield from (DropCheck(name, there) for want, there in checks if want is None and there is not None)
    yield from (DropIndex(name, there) for want, there in indexes if there is not None and want is None)
    yield from (DropColumn(name, there) for want, there in columns if there is not None and want is None)
    yield from _columns(wanted, actual, columns)
    for want, there in indexes:
        if want is not None and there is None:
            yield AddIndex(name, want)
        elif want is not None and there is not None and want != there:
            yield AlterIndex(name, there, want)
    for check, other in checks:
        if check is not None and check != other:
            yield AddCheck(name, check) if other is None else AlterCheck(name, other, check)
    if wanted.storage != actual.storage:
        yield AlterStorage(name, actual.storage, wanted.storage)
    if wanted.partitioning != actual.partitioning:
        yield AlterPartitioning(name, actual.partitioning, wanted.partitioning)
    if wanted.comment != actual.comment:
        yield AlterComment(name, actual.comment, wanted.comment)
    for key, present in foreign_keys:
        if key is not None:
            yield AddForeignKey(name, key) if present is None else AlterForeignKey(name, present, key)


def _pairs(wanted: Sequence[_Named], actual: Sequence[_Named]) -> Iterator[_Pair[_Named]]:
    """Each wanted part with the actual one of its name, or else of its name in other case; then those not wanted."""
    left = {part.name: part for part in actual}
    exact = {part.name: left.pop(part.name) for part in wanted if part.name in left}
    folded: dict[str, list[_Named]] = {}
    for part in left.values():
        folded.setdefault(part.name.casefold(), []).append(part)
    for part in wanted:
        there = exact.get(part.name)
        others = folded.get(part.name.casefold(), [])
        if there is None and others:
            there = others.pop(0)
        yield part, there
    rest = {part.name for others in folded.values() for part in others}
    yield from ((None, part) for part in actual if part.name in rest)


def _folded(foreign_key: ForeignKey) -> ForeignKey:
    """MySQL 8.0.12 tells the referenced columns in lower case, whatever they are called."""
    columns = tuple(column.casefold() for column in foreign_key.columns)
    referenced = tuple(column.casefold() for column in foreign_key.referenced_columns)
    return replace(foreign_key, columns=columns, referenced_columns=referenced)


def _columns(wanted: Table, actual: Table, pairs: Iterable[_Pair[Column]]) -> Iterator[Change]:
    """Columns added, altered and moved, from left to right: what a change stands after is in its place by then."""
    matched = {want.name: there for want, there in pairs if want is not None and there is not None}
    places = {column.name: place for place, column in enumerate(actual.columns)}
    staying = _longest_ascending([(places[there.name], name) for name, there in matched.items()])
    after = ""
    for want in wanted.columns:
        there = matched.get(want.name)
        if there is None:
            yield AddColumn(wanted.name, want, after)
        else:
            if want != there:
                yield AlterColumn(wanted.name, there, want)
            if want.name not in staying:
                yield MoveColumn(wanted.name, want.name, after)
        after = want.name


def _longest_ascending(places: Sequence[tuple[int, str]]) -> frozenset[str]:
    """The names of a longest run of ascending places (patience sorting): as few as can be are left to move."""
    ends: list[int] = []
    best: list[int] = []
    before: list[int] = []
    for at, (place, _) in enumerate(places):
        length = bisect_left(ends, place)
        ends[length:] = [place, *ends[length + 1 :]]
        best[length:] = [at, *best[length + 1 :]]
        before.append(best[length - 1] if length else -1)
    at = best[-1] if best else -1
    staying = set()
    while at >= 0:
        staying.add(places[at][1])
        at = before[at]
    return frozenset(staying)


def describe(change: Change) -> str:
    """The change in one line: what it is about, what is there, what is wanted. Its table is not named.

    Of a stored object's words it says only whether they differ: they are long.
    """
    return "\\n".join(_sentence(change).splitlines())


def _sentence(change: Change) -> str:
    match change:
        case CreateSchema(schema=schema):
            return f"schema {spell(schema.name)}: missing"
        case CreateTable(table=table):
            return f"table {table.name}: missing"
        case AddColumn(column=column):
            return f"column {spell(column.name)}: missing, wanted {_spell_column(column)}"
        case AlterColumn(actual=actual, wanted=wanted):
            sides = _sides(_spell_column(actual, wanted), _spell_column(wanted, actual), actual, wanted)
            return f"column {spell(actual.name)}: {sides}"
        case MoveColumn(column=name, after=after):
            return f"column {spell(name)}: in another place, wanted {f'after {spell(after)}' if after else 'first'}"
        case DropColumn(column=column):
            return f"column {spell(column.name)}: {_spell_column(column)}, not wanted"
        case AddIndex(index=index):
            return f"index {spell(index.name)}: missing, wanted {_spell_index(index)}"
        case AlterIndex(actual=index, wanted=other):
            return f"index {spell(index.name)}: {_sides(_spell_index(index), _spell_index(other), index, other)}"
        case DropIndex(index=index):
            return f"index {spell(index.name)}: {_spell_index(index)}, not wanted"
        case AddForeignKey(foreign_key=foreign_key):
            return f"foreign key {spell(foreign_key.name)}: missing, wanted {_spell_foreign_key(foreign_key)}"
        case AlterForeignKey(actual=key, wanted=wanted_key):
            sides = _sides(_spell_foreign_key(key), _spell_foreign_key(wanted_key), key, wanted_key)
            return f"foreign key {spell(key.name)}: {sides}"
        case DropForeignKey(foreign_key=foreign_key):
            return f"foreign key {spell(foreign_key.name)}: {_spell_foreign_key(foreign_key)}, not wanted"
        case AddCheck(check=check):
            return f"check {spell(check.name)}: missing, wanted {_spell_check(check)}"
        case AlterCheck(actual=check, wanted=wanted_check):
            sides = _sides(_spell_check(check), _spell_check(wanted_check), check, wanted_check)
            return f"check {spell(check.name)}: {sides}"
        case DropCheck(check=check):
            return f"check {spell(check.name)}: {_spell_check(check)}, not wanted"
        case AlterStorage(actual=storage, wanted=new_storage):
            return f"storage: {_fields(storage, new_storage)}, wanted {_fields(new_storage, storage)}"
        case AlterPartitioning(actual=parts, wanted=new_parts):
            there, want = _spell_partitioning(parts), _spell_partitioning(new_parts)
            return f"partitioning: {_sides(there, want, parts, new_parts)}"
        case AlterComment(actual=text, wanted=new_text):
            return f"comment: {text!r}, wanted {new_text!r}"
        case CreateStored(stored=stored):
            return f"{stored.kind} {stored.name}: missing"
        case AlterStored(actual=old, wanted=new):
            return f"{new.kind} {new.name}: defined otherwise: {_stored_sides(old, new)}"


_ASIDE_FROM_WORDS = ("definer", "table", "timing", "event", "order", "enabled", "broken")


def _stored_sides(actual: StoredObject, wanted: StoredObject) -> str:
    """What differs: the words are only named, everything else is told from both sides, settings one by one."""
    fields = [name for name in _ASIDE_FROM_WORDS if getattr(actual, name) != getattr(wanted, name)]
    there, want = dict(actual.settings), dict(wanted.settings)
    settings = sorted(name for name in there.keys() | want.keys() if there.get(name) != want.get(name))
    sides = [
        " ".join([f"{name}={getattr(side, name)!r}" for name in fields] + [f"{n}={given.get(n)!r}" for n in settings])
        for side, given in ((actual, there), (wanted, want))
    ]
    words = (
        "text" if actual.text != wanted.text else "",
        "order of settings" if actual.settings != wanted.settings and not settings else "",
        ", wanted ".join(sides) if sides[0] else "",
    )
    return "; ".join(word for word in words if word)


def _sides(there: str, want: str, actual: Struct | None, wanted: Struct | None) -> str:
    """Both sides; where they read alike, what differs is named field by field."""
    if there == want and actual is not None and wanted is not None:
        there, want = _fields(actual, wanted), _fields(wanted, actual)
    return f"{there}, wanted {want}"


def _fields(one: Struct, other: Struct) -> str:
    differing = [name for name in one.__struct_fields__ if getattr(one, name) != getattr(other, name)]
    return " ".join(f"{name}={getattr(one, name)!r}" for name in differing)


def _spell_column(column: Column, other: Column | None = None) -> str:
    """The column's type and NOT NULL, and whatever else is not as in `other`."""
    differs = {
        name: other is not None and getattr(column, name) != getattr(other, name) for name in column.__struct_fields__
    }
    default = "" if column.default is None else f"DEFAULT {column.default!r}"
    if column.default is not None and column.default_is_expression:
        default = f"DEFAULT ({column.default})"
    words = (
        (differs["name"], f"named {spell(column.name)}"),
        (True, column.native),
        (differs["charset"] and column.charset, f"CHARACTER SET {column.charset}"),
        (differs["collation"] and column.collation, f"COLLATE {column.collation}"),
        (column.generated, f"AS ({column.generated}) {'STORED' if column.stored else 'VIRTUAL'}"),
        (not column.nullable, "NOT NULL"),
        (differs["nullable"] and column.nullable, "NULL"),
        (differs["default"] or differs["default_is_expression"] or other is None, default),
        (differs["on_update"] and column.on_update, f"ON UPDATE {column.on_update}"),
        (column.auto_increment, "AUTO_INCREMENT"),
        (column.invisible, "INVISIBLE"),
        (differs["srid"] and column.srid is not None, f"SRID {column.srid}"),
        (differs["comment"], f"COMMENT {column.comment!r}"),
    )
    return " ".join(word for shown, word in words if shown and word)


def _spell_index(index: Index) -> str:
    parts = ", ".join(
        (f"({part.expression})" if part.expression else spell(part.column))
        + (f"({part.prefix})" if part.prefix else "")
        + (" DESC" if part.descending else "")
        for part in index.parts
    )
    words = (
        "" if index.kind == "plain" else index.kind,
        f"({parts})",
        f"USING {index.method}" if index.method else "",
        "" if index.visible else "INVISIBLE",
        f"WITH PARSER {index.parser}" if index.parser else "",
        f"COMMENT {index.comment!r}" if index.comment else "",
    )
    return " ".join(word for word in words if word)


def _spell_foreign_key(foreign_key: ForeignKey) -> str:
    mine = ", ".join(map(spell, foreign_key.columns))
    theirs = ", ".join(map(spell, foreign_key.referenced_columns))
    rules = f"ON DELETE {foreign_key.on_delete} ON UPDATE {foreign_key.on_update}"
    return f"({mine}) REFERENCES {foreign_key.referenced} ({theirs}) {rules}"


def _spell_check(check: Check) -> str:
    return f"({check.expression}){'' if check.enforced else ' NOT ENFORCED'}"


def _spell_partitioning(partitioning: Partitioning | None) -> str:
    if partitioning is None:
        return "none"
    names = [spell(partition.name) for partition in partitioning.partitions]
    shown = names if len(names) < 6 else [*names[:2], "…", names[-1]]
    return f"{partitioning.method} ({partitioning.expression}), {len(names)} partitions ({', '.join(shown)})"
