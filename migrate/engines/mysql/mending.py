"""Documents that arrived altered: read on both sides, mended on the target. What differs is said by `documents`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from migrate.engines.base import Altered, Bound, Document, Rows, Span
from migrate.engines.mysql import layout as lay
from migrate.engines.mysql import spans
from migrate.engines.mysql.answers import literal
from migrate.engines.mysql.connect import Session
from migrate.engines.mysql.documents import altered, candidates, repairs
from migrate.engines.mysql.proof import typed
from migrate.errors import ServerError
from migrate.model.table import Column
from migrate.model.types import Json
from migrate.sql import quote, quote_table

KEYS = 50
"""Rows in one statement."""

PATHS = 100
"""Places of a document in one statement."""


def documents_of(rows: Rows) -> tuple[Column, ...]:
    """Columns that hold documents; of a table without a key none can be found again."""
    found = [column for column in rows.columns if isinstance(column.type, Json)]
    found += [column for column in (*rows.columns, *rows.computed) if column.name in rows.meant]
    return tuple(found) if rows.key else ()


async def documents(
    session: Session, rows: Rows, keys: Sequence[Bound], like: Sequence[Document] = ()
) -> list[Document]:
    """See the contract. `like`: their places are looked at, rather than those that may be worth it."""
    columns = documents_of(rows)
    wanted = {(one.key, one.column): [path for path, _ in one.typed] for one in like}
    found: list[Document] = []
    for start in range(0, len(keys), KEYS):
        selected = [expression for column in columns for expression in _text_and_type(column)]
        statement = (
            f"SELECT {','.join([*spans.key_expressions(rows), *selected])} FROM {quote_table(rows.table)}"
            f"{spans.forced(rows)}{spans.condition(rows, Span(only=tuple(keys[start : start + KEYS])))}"
        )
        for row in (await session.query(statement)).rows:
            key = spans.bound(rows, row[: len(rows.key)])
            values = row[len(rows.key) :]
            for number, column in enumerate(columns):
                text, untold = values[2 * number], values[2 * number + 1]
                if text is None:
                    continue
                document = Document(key, column.name, text.decode())
                paths = wanted.get((key, column.name))
                if paths is None:
                    paths = candidates(document.text) if untold == b"1" else []
                types = await _types(session, rows, document, paths)
                found.append(msgspec.structs.replace(document, typed=types))
    return found


def _text_and_type(column: Column) -> tuple[str, str]:
    """The text of a document, and whether it holds what its text does not tell."""
    return lay.plain(column), typed(column) if isinstance(column.type, Json) else "0"


def _is(rows: Rows, key: Bound) -> str:
    names = (spans.compared(column) for column in rows.key)
    return " AND ".join(f"{name} = {value}" for name, value in zip(names, key, strict=True))


async def _types(session: Session, rows: Rows, document: Document, paths: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What the server says is at these places, but for plain strings and what is not there."""
    found: list[tuple[str, str]] = []
    for start in range(0, len(paths), PATHS):
        some = paths[start : start + PATHS]
        asked = (f"JSON_TYPE({_at(document.column, path)})" for path in some)
        statement = f"SELECT {','.join(asked)} FROM {quote_table(rows.table)} WHERE {_is(rows, document.key)}"
        answer = (await session.query(statement)).rows
        found += [
            (path, kind.decode())
            for path, kind in zip(some, answer[0] if answer else (), strict=False)
            if kind is not None
        ]
    return tuple(found)


def _at(column: str, path: str) -> str:
    """The value at a place of a document, NULL where there is none.

    MySQL 5.7 takes no path with an empty key (3143). Such a key is an object's first, for they are sorted by length.
    """
    first, *rest = path.split('.""')
    value, way = quote(column), first
    for part in rest:
        keys, values = f"JSON_KEYS({value},{literal(way)})", f"JSON_EXTRACT({value},{literal(way + '.*')})"
        is_empty = f"JSON_UNQUOTE(JSON_EXTRACT({keys},'$[0]'))=''"
        value, way = f"IF({is_empty},JSON_EXTRACT({values},'$[0]'),NULL)", f"${part}"
    return value if rest and way == "$" else f"JSON_EXTRACT({value},{literal(way)})"


async def compared(session: Session, rows: Rows, source: Sequence[Document]) -> list[tuple[Document, Document]]:
    """The source's documents beside those that are here under the same key."""
    keys = tuple(dict.fromkeys(one.key for one in source))
    here = {(one.key, one.column): one for one in await documents(session, rows, keys, source)}
    places = ((one, here.get((one.key, one.column))) for one in source)
    return [(one, other) for one, other in places if other is not None]


async def still_altered(session: Session, rows: Rows, source: Sequence[Document]) -> tuple[Altered, ...]:
    """See the contract."""
    return tuple(one for pair in await compared(session, rows, source) for one in altered(*pair))


async def mend(session: Session, tag: str, rows: Rows, source: Sequence[Document]) -> int:
    """See the contract. A document that the server refuses to mend stays as it arrived."""
    mended = 0
    for document, other in await compared(session, rows, source):
        found = [one for one in repairs(document, other) if one.expression]
        if not found:
            continue
        try:
            changed = await _update(session, tag, rows, document, [(one.path, one.expression) for one in found])
            if not changed:  # a document that is equal to the one in its place (1.10 to 1.1) is not put there
                await _update(session, tag, rows, document, [(one.path, "NULL") for one in found])
                await _update(session, tag, rows, document, [(one.path, one.expression) for one in found])
        except ServerError as error:
            if error.temporary or not session.usable:
                raise
            continue  # e.g. a path that 5.7 does not take: `still_altered` names the document
        mended += 1
    return mended


async def _update(
    session: Session, tag: str, rows: Rows, document: Document, values: Sequence[tuple[str, str]]
) -> bool:
    """Put expressions at paths of a document; whether the row is another one now."""
    value = quote(document.column)
    for start in range(0, len(values), PATHS):
        # NULL first: of one value, too, an equal one would not be put in its place.
        pairs = (f"{literal(path)},NULL,{literal(path)},{new}" for path, new in values[start : start + PATHS])
        value = f"JSON_SET({value},{','.join(pairs)})"
    # What every UPDATE would set keeps its value: the row is mended, not changed.
    kept = [f"{quote(column.name)} = {quote(column.name)}" for column in rows.columns if column.on_update]
    statement = (
        f"/* {tag} */ UPDATE {quote_table(rows.table)}"
        f" SET {','.join([f'{quote(document.column)} = {value}', *kept])} WHERE {_is(rows, document.key)}"
    )
    return (await session.execute(statement)).affected > 0
