"""One table, as it is wanted on a server of another dialect, in that server's words.

What the target has was asked before (`abilities`). Every rule is in `mapping` and `collations`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from migrate.engines.base import Dialect, Note
from migrate.engines.mysql import mapping
from migrate.engines.mysql.abilities import Abilities
from migrate.engines.mysql.crossing import Crossing, free_name
from migrate.engines.mysql.crossing_columns import column_there
from migrate.engines.mysql.crossing_indexes import index_there
from migrate.engines.mysql.lexemes import Unread, lexemes
from migrate.engines.mysql.phrases import sql_of
from migrate.model.table import Check, ForeignKey, Storage, Table, TableName
from migrate.model.types import Float
from migrate.sql import quote

__all__ = ["table_there"]

_ACTIONS = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


def table_there(
    table: Table, origin: Dialect, target: Abilities, twice: Collection[str], parents: Mapping[TableName, Table]
) -> tuple[Table, Sequence[Note], Sequence[Note]]:
    """The table in the target's words, what that changed, and why it cannot be had there.

    `twice` are names of checks, in lower case, that more than one table of the schema has.
    """
    at = Crossing(table, origin, target, twice, parents)
    at.columns += [column_there(column, at) for column in table.columns]
    _counter(at)
    checks = [there for check in table.checks if (there := _check(check, at)) is not None]
    storage = _storage(table.storage, at)
    indexes = [index for one in table.indexes if (index := index_there(one, at)) is not None]
    _foreign_keys(at)
    _partitions(at)
    at.tell_collations()
    made = replace(
        table,
        columns=tuple(at.columns),
        indexes=tuple(sorted(indexes, key=lambda index: (index.kind != "primary", index.name))),
        checks=tuple(sorted([*checks, *at.checks], key=lambda check: (check.name, check.expression))),
        storage=storage,
    )
    return made, at.notes, at.refused


def _counter(at: Crossing) -> None:
    if at.here.vendor != "mysql" or at.here.version < (8, 4):
        return
    for column in at.table.columns:
        if column.auto_increment and isinstance(column.type, Float):
            at.refuse(
                f"{quote(column.name)}: MySQL 8.4 and later have no AUTO_INCREMENT of FLOAT and DOUBLE (1063):"
                " make it a BIGINT at the source",
                column.name,
            )


# -- checks


def _check(check: Check, at: Crossing) -> Check | None:
    where = f"the check {quote(check.name)}"
    if not at.has.checks:
        at.note("MG412", f"{where} is left out, this version has none", check.name)
        return None
    if not check.enforced and not at.has.unenforced_checks:
        at.note("MG406", f"{where} is left out: it is NOT ENFORCED, and MariaDB knows no such thing", check.name)
        return None
    told = at.said(check.expression, "check", where, check.name, "MG406")
    if at.to_mysql:
        _free_of_actions(told, at, where, check.name)
    return replace(check, name=_check_name(check, at), expression=told)


def _check_name(check: Check, at: Crossing) -> str:
    columns = {column.name.casefold() for column in at.table.columns}
    folded = check.name.casefold()
    if at.to_mariadb:
        if folded not in {made.name.casefold() for made in at.checks}:
            return check.name
        name = at.free_check(f"{check.name}_chk")
        text = f"the check {quote(check.name)} is called {quote(name)}: that of column {quote(check.name)} has its name"
        at.note("MG406", text, check.name)
        return name
    numbered = re.fullmatch(r"CONSTRAINT_(\d+)", check.name, re.IGNORECASE)
    if not at.to_mysql or not (numbered or folded in columns or folded in at.twice):
        return check.name
    taken = {other.name.casefold() for other in at.table.checks if other.name != check.name}
    name = free_name(f"{at.table.name.name}_chk_{numbered[1] if numbered else check.name}", taken)
    text = f"the check {quote(check.name)} is called {quote(name)}: on MySQL a schema has each name once"
    at.note("MG406", text, check.name)
    return name


def _free_of_actions(told: str, at: Crossing, where: str, part: str) -> None:
    """MySQL takes no check of a counter (3818), nor of a column that the action of a foreign key changes (3823)."""
    names = {column.casefold() for column in _names(sql_of(told, at.here))}
    for column in at.table.columns:
        if column.auto_increment and column.name.casefold() in names:
            at.refuse(f"{where}: MySQL takes no check of an AUTO_INCREMENT column", part)
    for key in at.table.foreign_keys:
        acts = {key.on_update.upper(), key.on_delete.upper()} & _ACTIONS
        if acts and names & {column.casefold() for column in key.columns}:
            at.refuse(f"{where}: MySQL takes no check of a column that foreign key {quote(key.name)} changes", part)


def _names(sql: str) -> Sequence[str]:
    try:
        return [lexeme.text[1:-1].replace("``", "`") for lexeme in lexemes(sql) if lexeme.kind == "name"]
    except Unread:
        return []  # refused before


# -- engine and options


def _storage(storage: Storage, at: Crossing) -> Storage:
    storage = _engine(storage, at)
    options = [option for option in storage.options if _keeps(option, at)]
    left = [option for option in storage.options if option not in options]
    if left:
        named = (f"{name.upper()}={value}" for name, _, value in (option.partition("=") for option in left))
        at.note("MG407", f"options that the target lacks are left out: {', '.join(named)}")
    charset, name = at.target.charset(storage.charset), at.target.collation(storage.collation)
    if storage.collation and not (charset and name):
        at.refuse(f"the target has no character set {storage.charset}")
        return storage
    if name:
        at.weigh(storage.collation, name)
    return replace(storage, charset=charset, collation=name, options=tuple(sorted(options)))


def _keeps(option: str, at: Crossing) -> bool:
    """An option without a value is a property of the table that others judge."""
    name, equals, _ = option.partition("=")
    return not at.crossing or not equals or name.lower() in mapping.COMMON_OPTIONS


def _engine(storage: Storage, at: Crossing) -> Storage:
    engine = storage.engine.lower()
    if not engine or engine in at.target.engines:
        return storage
    if engine not in mapping.REPLACED_ENGINES:
        at.refuse(f"the target has no engine {storage.engine}")
        return storage
    goal = "MyISAM" if engine == "aria" and _counts_behind(at.table) else mapping.FALLBACK_ENGINE
    at.note("MG407", f"the engine {storage.engine} becomes {goal}: the target does not have it")
    return replace(
        storage,
        engine=goal,
        transactional=goal == "InnoDB",
        row_format="Dynamic",
        options=tuple(option for option in storage.options if not option.lower().startswith("transactional=")),
    )


def _counts_behind(table: Table) -> bool:
    """Whether the AUTO_INCREMENT column is only a later one of a key: InnoDB refuses that (1075)."""
    counter = next((column.name for column in table.columns if column.auto_increment), None)
    return counter is not None and all(index.parts[0].column != counter for index in table.indexes)


# -- the rest


def _foreign_keys(at: Crossing) -> None:
    if not at.target.strict_parents:
        return
    for key in at.table.foreign_keys:
        parent = at.table if key.referenced == at.table.name else at.parents.get(key.referenced)
        if parent is not None and not _whole_key(key, parent):
            at.note(
                "MG409",
                f"the foreign key {quote(key.name)} refers to columns of {key.referenced} that are no whole unique key:"
                " it is made with restrict_fk_on_non_standard_key=OFF, which MySQL 8.4 and later deprecate",
                key.name,
            )


def _whole_key(key: ForeignKey, parent: Table) -> bool:
    referred = tuple(column.casefold() for column in key.referenced_columns)
    return any(
        index.kind in ("primary", "unique")
        and tuple(part.column.casefold() for part in index.parts) == referred
        and not any(part.prefix for part in index.parts)
        for index in parent.indexes
    )


def _partitions(at: Crossing) -> None:
    parts = at.table.partitioning
    if parts is None or not at.to_mysql:
        return
    if parts.method.upper() == "SYSTEM_TIME":
        at.refuse("MySQL has no partitions by SYSTEM_TIME")
