"""Random types, columns, indexes and other parts of a table. `valid.settle` makes of them what a server takes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from tests.walk.dice import Dice
from tests.walk.flavours import Flavour
from tests.walk.model import (
    Check,
    Column,
    Expr,
    Group,
    Index,
    IndexKind,
    Part,
    Partition,
    Partitioning,
    Table,
    Type,
)

INTEGERS = tuple(Type(word, "integer") for word in ("int", "bigint", "tinyint", "smallint", "mediumint"))
TYPES: dict[Group, tuple[Type, ...]] = {
    "integer": (
        *INTEGERS,
        Type("int", "integer", unsigned=True),
        Type("bigint", "integer", unsigned=True),
        Type("tinyint", "integer", "1"),
    ),
    "text": (
        *(Type("varchar", "text", size) for size in ("20", "8", "40", "64", "300")),
        *(Type("char", "text", size) for size in ("10", "4")),
        *(Type(word, "text") for word in ("text", "tinytext", "mediumtext", "longtext")),
    ),
    "decimal": tuple(Type("decimal", "decimal", size) for size in ("10,2", "12,3", "8,0", "20,5")),
    "float": (Type("double", "float"), Type("float", "float")),
    "bit": tuple(Type("bit", "bit", size) for size in ("8", "2", "17", "64")),
    "member": (
        Type("enum", "member", "'1','2','3'"),
        Type("enum", "member", "'1','2','3','x'"),
        Type("enum", "member", "'x','3','it''s','2','1'"),
        Type("set", "member", "'1','2','3'"),
        Type("set", "member", "'3','2','1','( `x'"),
    ),
    "binary": (
        *(Type("varbinary", "binary", size) for size in ("20", "8", "300")),
        *(Type("binary", "binary", size) for size in ("4", "16")),
        *(Type(word, "binary") for word in ("blob", "tinyblob", "longblob")),
    ),
    "date": (Type("date", "date"), *(Type("datetime", "date", size) for size in ("", "3", "6"))),
    "moment": tuple(Type("timestamp", "moment", size) for size in ("", "3", "6")),
    "time": (Type("time", "time"), Type("time", "time", "3")),
    "year": (Type("year", "year"),),
    "json": (Type("json", "json"),),
    "place": (Type("point", "place"), Type("geometry", "place")),
}
DEFAULTS: dict[Group, tuple[str, ...]] = {
    "integer": ("0", "7", "100"),
    "text": ("'x'", "''", "'it''s'", "'%s\\\\'"),
    "decimal": ("0", "1.50", "-3"),
    "float": ("0", "1.5", "1e3"),
    "bit": ("b'1'", "b'10'"),
    "member": ("'1'", "'3'"),
    "binary": ("'ab'", "0x00FF", "''"),
    "date": ("'2020-01-02'", "'0000-00-00'"),
    "moment": ("'2020-01-02 03:04:05'",),
    "time": ("'12:00:00'", "'-01:00:00'"),
    "year": ("2001", "1999"),
    "json": (),
    "place": (),
}
EXPRESSIONS: dict[Group, tuple[str, ...]] = {
    "integer": ("(1 + 2)", "(abs(-5))"),
    "text": ("('ab')", "(concat('a', 'b'))", "(uuid())"),
    "decimal": ("(1.5 * 2)",),
    "float": ("(1 / 4)",),
    "binary": ("('ab')", "(0x41)"),
    "date": ("('2021-01-01')",),
    "json": ("('{}')", "(json_array(1, 'it''s'))"),
    "place": ("(point(1, 2))",),
}
COMMENTS = ("x", "it's", "a\\b", "100 % `x`", "한글, (x) /* y */ -- z", "AUTO_INCREMENT=5", "new\nline")
GENERATED: tuple[tuple[Group, str, Type], ...] = (
    ("integer", "@1 + 1", Type("bigint", "integer")),
    ("integer", "@1 * 2", Type("bigint", "integer")),
    ("integer", "concat('n', @1)", Type("varchar", "text", "64")),
    ("integer", "if(@1 > 2, 'a', 'it''s')", Type("varchar", "text", "8")),
    ("integer", "@1 % 7", Type("int", "integer")),
    ("integer", "case when @1 in (1, 2) then 1 when @1 is null then 2 else @1 end", Type("bigint", "integer")),
    ("text", "left(@1, 3)", Type("varchar", "text", "20")),
    ("text", "concat(left(@1, 2), '%`')", Type("varchar", "text", "20")),
    ("text", "char_length(@1)", Type("int", "integer")),
    ("text", "upper(left(@1, 4))", Type("char", "text", "10")),
    ("decimal", "@1 + 1", Type("decimal", "decimal", "30,6")),
    ("date", "year(@1)", Type("int", "integer")),
    ("date", "date(@1)", Type("date", "date")),
    ("json", "json_extract(@1, '$.a')", Type("json", "json")),
    ("json", "json_unquote(json_extract(@1, '$.\"x y\"'))", Type("varchar", "text", "40")),
)
CHECKS: tuple[tuple[Group, str], ...] = (
    ("integer", "@1 >= 0"),
    ("integer", "@1 <> 77"),
    ("integer", "@1 is null or @1 between 0 and 120"),
    ("text", "char_length(@1) < 500"),
    ("text", "@1 <> 'zz'"),
    ("text", "@1 not in ('zz', 'it''s %', '\\\\')"),
    ("decimal", "@1 < 1000 and not (@1 = 77)"),
    ("date", "@1 <> '1999-09-09'"),
    ("json", "json_valid(@1)"),
)
FUNCTIONAL: tuple[tuple[Group, str], ...] = (
    ("integer", "@1 + 1"),
    ("integer", "abs(@1)"),
    ("text", "cast(left(@1, 3) as char(10))"),
    ("text", "char_length(@1)"),
    ("date", "year(@1)"),
)
OPTIONS = (
    "STATS_PERSISTENT=0",
    "STATS_PERSISTENT=1",
    "MAX_ROWS=1000",
    "CHECKSUM=1",
    "AVG_ROW_LENGTH=50",
    "PACK_KEYS=1",
)
COMMON: tuple[Group, ...] = (
    "integer",
    "text",
    "integer",
    "text",
    "date",
    "decimal",
    "member",
    "moment",
    "json",
    "float",
)


def a_type(dice: Dice) -> Type:
    """Mostly of a common group."""
    groups = tuple(TYPES) if dice.chance(25) else COMMON
    return dice.one(TYPES[dice.one(groups)])


def a_default(dice: Dice, flavour: Flavour, of: Type) -> str:
    """SQL of a default that a type can have, or none."""
    if of.word in ("timestamp", "datetime") and dice.chance(30):
        return f"CURRENT_TIMESTAMP({of.size})" if of.size else "CURRENT_TIMESTAMP"
    values = () if of.lob else DEFAULTS[of.group]
    expressions = EXPRESSIONS.get(of.group, ()) if flavour.expression_defaults else ()
    if of.lob or of.size == "4":  # an expression may be longer than that
        expressions = tuple(text for text in expressions if "uuid" not in text)
    if of.word in ("varchar", "char") and of.length < 36:
        expressions = tuple(text for text in expressions if "uuid" not in text)
    if expressions and (not values or dice.chance(25)):
        return dice.one(expressions)
    return dice.one(values) if values else ""


def a_column(dice: Dice, flavour: Flavour, name: str, of: Type | None = None) -> Column:
    """A column that is not generated."""
    chosen = of or a_type(dice)
    default = a_default(dice, flavour, chosen) if dice.chance(35) else ""
    on_update = default if default.startswith("CURRENT_TIMESTAMP") and dice.chance(40) else ""
    return Column(
        name,
        chosen,
        nullable=not dice.chance(40),
        default=default,
        on_update=on_update,
        collation=dice.one(flavour.collations) if chosen.has_charset and dice.chance(25) else "",
        hidden=flavour.hidden_columns and dice.chance(5),
        srid=dice.one((0, 4326)) if chosen.group == "place" and flavour.srid and dice.chance(40) else None,
        comment=dice.one(COMMENTS) if dice.chance(15) else "",
    )


def by_group(columns: Sequence[Column], group: Group) -> tuple[Column, ...]:
    """Those of a group that an expression may read."""
    return tuple(column for column in columns if column.type.group == group and not column.auto)


def a_generated(dice: Dice, flavour: Flavour, name: str, before: Sequence[Column]) -> Column | None:
    """A column computed from one of `before`; None when none of them can be computed with."""
    possible = [(group, text, of) for group, text, of in GENERATED if by_group(before, group)]
    if not possible:
        return None
    group, text, of = dice.one(possible)
    expr = Expr(text, (dice.one(by_group(before, group)).name,), (group,))
    comment = dice.one(COMMENTS) if dice.chance(15) else ""
    return Column(name, of, generated=expr, stored=dice.chance(50), comment=comment)


def an_index(dice: Dice, flavour: Flavour, table: Table, name: str) -> Index:
    """Of any kind but a primary key; `settle` drops what its columns do not allow."""
    roll = dice.number(1, 100)
    texts = [column.name for column in table.columns if column.type.group == "text"]
    places = [column.name for column in table.columns if column.type.group == "place"]
    comment = dice.one(COMMENTS) if dice.chance(10) else ""
    hidden = bool(flavour.hidden) and dice.chance(10)
    if roll > 92 and places:
        return Index(name, "spatial", (Part(dice.one(places)),), hidden, comment)
    if roll > 82 and texts:
        return Index(name, "fulltext", tuple(Part(one) for one in dice.some(texts, 1, 2)), hidden, comment)
    kind: IndexKind = "unique" if roll > 55 else "plain"
    return Index(name, kind, a_key(dice, flavour, table.columns), hidden, comment)


def a_key(dice: Dice, flavour: Flavour, columns: Sequence[Column]) -> tuple[Part, ...]:
    """Parts of an index."""
    return tuple(_part(dice, flavour, column) for column in dice.some(columns, 1, 3))


def _part(dice: Dice, flavour: Flavour, column: Column) -> Part:
    descending = flavour.descending and dice.chance(15)
    if flavour.functional and dice.chance(12):
        texts = [text for group, text in FUNCTIONAL if group == column.type.group]
        if texts and not column.auto:
            return Part(expr=Expr(dice.one(texts), (column.name,), (column.type.group,)), descending=descending)
    prefix = dice.number(1, 3) if column.type.group in ("text", "binary") and dice.chance(20) else 0
    return Part(column.name, prefix=prefix, descending=descending)


def a_check(dice: Dice, table: Table, name: str) -> Check | None:
    """None when the table has no column for one."""
    possible = [(group, text) for group, text in CHECKS if by_group(table.columns, group)]
    if not possible:
        return None
    group, text = dice.one(possible)
    column = dice.one(by_group(table.columns, group))
    return Check(name, Expr(text, (column.name,), (group,)), not dice.chance(15))


def a_partitioning(dice: Dice, table: Table) -> Partitioning | None:
    """By a column that all unique keys have, if there is one."""
    keys = [set(index.columns) for index in table.indexes if index.kind in ("primary", "unique")]
    usable = [column for column in table.columns if all(column.name in key for key in keys) and not column.generated]
    integers = [column for column in usable if column.type.group == "integer"]
    dates = [column for column in usable if column.type.group == "date"]
    roll = dice.number(1, 100)
    if roll > 85 and dates:
        bounds = ("LESS THAN ('2010-01-01')", "LESS THAN ('2030-01-01')", "LESS THAN (MAXVALUE)")
        column = dice.one(dates)
        return Partitioning(
            "RANGE COLUMNS", Expr("@1", (column.name,), ("date",)), partitions=_parts(dice, bounds), sub=""
        )
    if not integers:
        return None
    column = dice.one(integers)
    expr = Expr("@1", (column.name,), ("integer",))
    if roll > 60:
        numbers = ("LESS THAN (2)", "LESS THAN (10)", "LESS THAN (50)", "LESS THAN (1000)", "LESS THAN MAXVALUE")
        return Partitioning("RANGE", expr, partitions=_parts(dice, numbers), sub=column.name if dice.chance(20) else "")
    if roll > 45:
        lists = ("IN (7,100,5)", "IN (NULL,8,9)", "IN (0,1,2,3,4)")
        return Partitioning("LIST", expr, partitions=_parts(dice, lists))
    if roll > 30:
        return Partitioning(dice.one(("KEY", "LINEAR KEY")), expr, count=dice.number(1, 4))
    return Partitioning(dice.one(("HASH", "LINEAR HASH")), expr, count=dice.number(1, 4))


def _parts(dice: Dice, bounds: Sequence[str]) -> tuple[Partition, ...]:
    """Some of the bounds, in their order, always with the last ones: every row fits."""
    keep = [bound for bound in bounds[:-2] if dice.chance(60)]
    last = bounds[-2:] if dice.chance(50) or not bounds[-1].endswith(("MAXVALUE", "(MAXVALUE)")) else bounds[-2:-1]
    if bounds[0].startswith("IN"):
        return tuple(_partition(dice, n, bound) for n, bound in enumerate(bounds))
    return tuple(_partition(dice, n, bound) for n, bound in enumerate((*keep, *last)))


def _partition(dice: Dice, number: int, values: str) -> Partition:
    name = f"p{number}" if not dice.chance(10) else f"p`{number} x"
    return Partition(name, values, dice.one(COMMENTS) if dice.chance(10) else "")


def a_table(dice: Dice, flavour: Flavour, name: str, checks: Collection[str]) -> Table:
    """Without foreign keys. `checks` are names of checks that the schema has."""
    columns: list[Column] = []
    indexes: list[Index] = []
    if dice.chance(70):
        id_column = Column(dice.name(()), dice.one(INTEGERS[:2]), nullable=False, auto=dice.chance(60))
        columns.append(id_column)
        indexes.append(Index("PRIMARY", "primary", (Part(id_column.name),)))
    for _ in range(dice.number(1, 5)):
        free = dice.name([column.name for column in columns])
        made = a_generated(dice, flavour, free, columns) if dice.chance(15) else None
        columns.append(made or a_column(dice, flavour, free))
    table = Table(
        name,
        tuple(columns),
        engine=dice.one(flavour.engines) if dice.chance(20) else "InnoDB",
        collation=dice.one(flavour.collations),
        comment=dice.one(COMMENTS) if dice.chance(10) else "",
        options=(dice.one(OPTIONS),) if dice.chance(10) else (),
        row_format=dice.one(ROW_FORMATS) if dice.chance(15) else "",
    )
    if not indexes and dice.chance(60):
        indexes.append(Index("PRIMARY", "primary", a_key(dice, flavour, columns)))
    table = replace(table, indexes=tuple(indexes))
    for _ in range(dice.number(0, 3)):
        taken = [index.name for index in table.indexes]
        table = replace(table, indexes=(*table.indexes, an_index(dice, flavour, table, dice.name(taken))))
    if flavour.checks and dice.chance(25):
        check = a_check(dice, table, dice.name(checks, "check"))
        table = replace(table, checks=(check,) if check else ())
    if dice.chance(12):
        table = replace(table, partitioning=a_partitioning(dice, table))
    return table


ROW_FORMATS = ("DYNAMIC", "COMPACT", "REDUNDANT", "COMPRESSED", "FIXED")
