"""Indexes in the words of another server."""

from __future__ import annotations

from msgspec.structs import replace

from migrate.engines.mysql import functional
from migrate.engines.mysql.crossing import Crossing, free_name
from migrate.engines.mysql.phrases import expression, sql_of, told_by
from migrate.engines.mysql.types import to_neutral
from migrate.model.table import Column, Index, IndexPart
from migrate.sql import quote

__all__ = ["index_there"]


def index_there(index: Index, at: Crossing) -> Index | None:
    """The index in the target's words, columns added to the table where it needs them; None: it is left out."""
    where = f"the index {quote(index.name)}"
    memory = at.table.storage.engine.lower() == "memory"
    if index.method.upper() == "VECTOR" and at.crossing:
        at.note("MG412", f"{where} is left out: the target has no indexes of vectors", index.name)
        return None
    if index.method.upper() == "HASH" and not memory and not at.has.hash_keys:
        at.refuse(
            f"{where}: MySQL has no unique keys over whole texts, nor longer ones than an index may be", index.name
        )
        return index
    if any(part.expression for part in index.parts):
        made = _functional(index, at, where)
        if made is None:
            return None
        index = made
    index = _ordered(index, at, where)
    if index.kind == "primary" and not at.has.generated_primary_key:
        generated = {column.name for column in at.table.columns if column.generated}
        for part in index.parts:
            if part.column in generated:
                at.refuse(f"the primary key: MariaDB takes no generated column in it ({quote(part.column)})")
    at.recheck(index)
    return index


def _ordered(index: Index, at: Crossing, where: str) -> Index:
    if any(part.descending for part in index.parts) and not at.has.descending_indexes:
        at.note("MG404", f"{where}: DESC becomes ASC, this version knows no descending order", index.name)
        index = replace(index, parts=tuple(replace(part, descending=False) for part in index.parts))
    if index.visible:
        return index
    if not at.has.invisible_indexes:
        at.note("MG404", f"{where}: it is visible here, this version has no invisible indexes", index.name)
        return replace(index, visible=True)
    if at.crossing:
        before, after = ("INVISIBLE", "IGNORED") if at.to_mariadb else ("IGNORED", "INVISIBLE")
        at.note("MG404", f"{where}: {before} becomes {after}", index.name)
    return index


def _functional(index: Index, at: Crossing, where: str) -> Index | None:
    """An index over expressions; where the target has none, one over invisible generated columns."""
    if at.has.functional_indexes:
        parts = tuple(
            replace(part, expression=at.said(part.expression, "stored", where, index.name, "MG404"))
            if part.expression
            else part
            for part in index.parts
        )
        return replace(index, parts=parts)
    columns: list[Column] = []
    parts_there: list[IndexPart] = []
    for number, part in enumerate(index.parts, start=1):
        if not part.expression:
            parts_there.append(part)
            continue
        taken = {column.name.casefold() for column in (*at.columns, *columns, *at.table.columns)}
        column = _key_column(free_name(f"{index.name}_expr_{number}", taken), index, part, at, where)
        if isinstance(column, str):
            return _without(index, at, where, column)
        columns.append(column)
        parts_there.append(replace(part, column=column.name, expression=""))
    at.columns += columns
    names = ", ".join(quote(column.name) for column in columns)
    text = f"{where}: the target indexes no expressions; it is over {names} there, invisible and generated from them"
    at.note("MG404", text, index.name)
    return replace(index, parts=tuple(parts_there))


def _key_column(name: str, index: Index, part: IndexPart, at: Crossing, where: str) -> Column | str:
    """The column that stands in for an expression, or why there can be none."""
    sql = sql_of(part.expression, at.origin)
    kind = functional.type_of(sql, at.table.columns)
    if kind is None:
        return f"the type of {sql} is not certain"
    said = expression(sql, at.origin, at.target, "stored", at.table.columns)
    if said.refused:
        return said.refused[0]
    for what in said.changes:
        at.note("MG404", f"{where}: {what}", index.name)
    charset = at.target.charset(kind.charset) if kind.charset else ""
    collation = at.target.collation(kind.collation) if kind.collation else ""
    if collation:
        at.weigh(kind.collation, collation, name)
    return Column(
        name,
        kind.native,
        to_neutral(kind.native, kind.native.replace("(", " ").split(" ")[0], charset),
        generated=told_by(said.text, at.here),
        invisible=at.has.invisible_columns,
        charset=charset,
        collation=collation,
    )


def _without(index: Index, at: Crossing, where: str, why: str) -> Index | None:
    """A plain index makes nothing but speed; a unique one is a rule, and not given up."""
    if index.kind == "unique":
        at.refuse(f"{where}: the target indexes no expressions, and {why}", index.name)
        return index
    at.note("MG412", f"{where} is left out: the target indexes no expressions, and {why}", index.name)
    return None
