"""What the memory engine makes of a table's changes, beyond the contract: costs, values, refusals."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from migrate.engines.memory import MemoryEngine, MemoryServer, ddl
from migrate.engines.memory.faults import Point
from migrate.engines.memory.values import Row, Value
from migrate.errors import ConnectionLost, DuplicateRow, ServerError
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
    DropCheck,
    DropColumn,
    DropForeignKey,
    DropIndex,
    MoveColumn,
    TableChange,
)
from migrate.model.table import Check, Column, Partition, Partitioning, Storage, Table, TableName
from migrate.model.types import Binary, Decimal, Enum, Integer, NeutralType, Opaque, Temporal, Text
from tests.engines.world import TAG, index, integer, primary, reference, table, text

T = TableName("s", "t")
MADE = table("s", "t", integer("id"), text("a", nullable=False), integer("b", nullable=True), primary("id"))
ROWS: list[Row] = [(1, "10", None), (2, "20", 5)]
PARTS = Partitioning("HASH", "`id`", (Partition("p0"),))


class Altered:
    """A server with a table `s.t`, and what changes make of it."""

    def __init__(self, made: Table = MADE, rows: list[Row] = ROWS) -> None:
        self.server = MemoryServer()
        self.server.add_table(made, rows)
        self.engine = MemoryEngine("new", self.server)

    async def by(self, *changes: TableChange) -> Table:
        await self.engine.execute(ddl.write(ddl.AlterTable(T, changes)), TAG)
        return self.server.tables[T].table

    @property
    def rows(self) -> list[Row]:
        return self.server.rows(T)


def column(name: str, kind: NeutralType, nullable: bool = False, default: str | None = None) -> Column:
    return Column(name, type(kind).__name__, kind, nullable, default)


def losses(*changes: TableChange) -> list[tuple[str, str]]:
    engine = MemoryEngine("new", MemoryServer())
    made = engine.alter_table(MADE, MADE, changes, ddl.define(MADE), engine.server.dialect)
    return [(loss.risk, loss.text) for one in made for loss in one.losses]


@pytest.mark.parametrize(
    ("actual", "wanted", "safe"),
    [
        (Integer(32), Integer(64), True),
        (Integer(64), Integer(32), False),
        (Integer(32, signed=False), Integer(64), True),
        (Integer(32, signed=False), Integer(32), False),
        (Integer(32), Integer(64, signed=False), False),
        (Decimal(10, 2), Decimal(12, 4), True),
        (Decimal(10, 2), Decimal(11, 4), False),
        (Decimal(10, 2), Decimal(12, 1), False),
        (Text("utf8mb4", 20), Text("utf8mb4", 21), True),
        (Text("utf8mb4", 20), Text("utf8mb4"), True),
        (Text("utf8mb4"), Text("utf8mb4", 20), False),
        (Text("utf8mb4", 20), Text("latin1", 20), False),
        (Binary(4), Binary(5), True),
        (Binary(5), Binary(4), False),
        (Enum(("a", "b")), Enum(("a", "b", "c")), True),
        (Enum(("a", "b")), Enum(("b", "a", "c")), False),
        (Temporal("datetime"), Temporal("date"), False),
    ],
)
def test_a_type_that_holds_every_value_is_safe_and_any_other_is_lossy(
    actual: NeutralType, wanted: NeutralType, safe: bool
) -> None:
    found = losses(AlterColumn(T, column("a", actual), column("a", wanted)))
    assert [risk for risk, _ in found] == ([] if safe else ["lossy"])


def test_losses_name_the_column_and_what_is_lost() -> None:
    generated = replace(integer("c"), generated="`id` + 1")
    assert losses(
        AlterColumn(T, MADE.columns[2], integer("b")),
        AlterColumn(T, MADE.columns[0], replace(MADE.columns[0], generated="1")),
        DropColumn(T, text("odd name")),
        DropColumn(T, generated),
        AlterColumn(T, generated, integer("c")),
    ) == [
        ("lossy", "column b: NULL is refused"),
        ("destructive", "column id is computed from now on, its values are dropped"),
        ("destructive", "column `odd name` is dropped with its values"),
    ]


def test_foreign_keys_go_first_and_partitions_come_alone() -> None:
    engine = MemoryEngine("new", MemoryServer())
    key = reference("f", "b", T)
    changes: list[TableChange] = [
        DropForeignKey(T, key),
        AddColumn(T, integer("n")),
        AlterPartitioning(T, None, PARTS),
        AlterComment(T, "", "x"),
        AlterForeignKey(T, replace(key, name="g"), key),
        AddForeignKey(T, key),
    ]
    made = engine.alter_table(MADE, MADE, changes, ddl.define(MADE), engine.server.dialect)
    assert [(one.action, ddl.read(one.sql), one.algorithm, one.lock) for one in made] == [
        ("drop-foreign-keys", ddl.DropForeignKeys(T, ("f", "g")), "INPLACE", "NONE"),
        ("alter-table", ddl.AlterTable(T, (changes[1], changes[3])), "COPY", "SHARED"),
        ("alter-table", ddl.AlterTable(T, (changes[2],)), "COPY", "SHARED"),
    ]
    (cheap,) = engine.alter_table(MADE, MADE, changes[3:4], ddl.define(MADE), engine.server.dialect)
    assert (cheap.algorithm, cheap.lock) == ("INPLACE", "NONE")


@pytest.mark.parametrize("added", [True, False])
def test_a_type_that_nobody_knows_is_refused_beforehand(added: bool) -> None:
    engine = MemoryEngine("new", MemoryServer())
    magic = column("b", Opaque("magic"))
    change = AddColumn(T, magic) if added else AlterColumn(T, MADE.columns[2], magic)
    (made,) = engine.alter_table(MADE, MADE, [change], ddl.define(MADE), engine.server.dialect)
    assert made.refused == "the type 'Opaque' of column 'b' is not known"


async def test_every_kind_of_change_is_made() -> None:
    world = Altered()
    check, by_b = Check("c", "`id` > 0"), index("plain", "by_b", "b")
    made = await world.by(
        AddColumn(T, integer("n"), "id"), AddIndex(T, by_b), AddCheck(T, check), AlterPartitioning(T, None, PARTS)
    )
    assert [one.name for one in made.columns] == ["id", "n", "a", "b"]
    assert (made.indexes, made.checks, made.partitioning) == ((primary("id"), by_b), (check,), PARTS)
    made = await world.by(
        DropColumn(T, integer("n")),
        MoveColumn(T, "b", ""),
        AlterIndex(T, by_b, replace(by_b, visible=False)),
        AlterCheck(T, check, replace(check, enforced=False)),
        AlterStorage(T, Storage(), Storage("other", transactional=False)),
        AlterComment(T, "", "hello"),
    )
    assert [one.name for one in made.columns] == ["b", "id", "a"]
    assert world.rows == [(None, 1, "10"), (5, 2, "20")]
    assert (made.indexes[1].visible, made.checks[0].enforced) == (False, False)
    assert (made.storage, made.comment) == (Storage("other", transactional=False), "hello")
    made = await world.by(DropIndex(T, by_b), DropCheck(T, check))
    assert (made.indexes, made.checks) == ((primary("id"),), ())


@pytest.mark.parametrize(
    ("new", "values"),
    [
        (column("n", Integer(32), nullable=True), [None, None]),
        (column("n", Integer(32)), [0, 0]),
        (column("n", Integer(32), nullable=True, default="7"), [7, 7]),
        (column("n", Text("utf8mb4", 5)), ["", ""]),
        (column("n", Text("utf8mb4", 5), default="it's"), ["it's", "it's"]),
        (column("n", Binary(5), default="x"), [b"x", b"x"]),
        (column("n", Binary(5)), [b"", b""]),
        (column("n", Enum(("m", "n"))), ["m", "m"]),
        (replace(column("n", Integer(32)), auto_increment=True), [1, 2]),
    ],
)
async def test_rows_get_what_a_new_column_begins_with(new: Column, values: list[Value]) -> None:
    world = Altered()
    await world.by(AddColumn(T, new, "b"))
    assert [row[3] for row in world.rows] == values


async def test_a_generated_column_holds_no_values() -> None:
    world = Altered()
    await world.by(AddColumn(T, replace(integer("n"), generated="`id` + 1"), "id"))
    assert world.rows == ROWS
    await world.by(AlterColumn(T, replace(integer("n"), generated="`id` + 1"), integer("n")))
    assert world.rows == [(1, 0, "10", None), (2, 0, "20", 5)]


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("a", Integer(32), [10, 20]),
        ("id", Text("utf8mb4", 5), ["1", "2"]),
        ("a", Binary(5), [b"10", b"20"]),
    ],
)
async def test_values_follow_their_columns_type(name: str, kind: NeutralType, values: list[Value]) -> None:
    world = Altered()
    place = [one.name for one in MADE.columns].index(name)
    await world.by(AlterColumn(T, MADE.columns[place], column(name, kind)))
    assert [row[place] for row in world.rows] == values


@pytest.mark.parametrize(
    "change",
    [
        AlterColumn(T, MADE.columns[1], column("a", Enum(("10",)))),
        AlterColumn(T, MADE.columns[1], column("a", Text("utf8mb4", 1))),
        AlterColumn(T, MADE.columns[2], integer("b")),
        AddColumn(T, column("n", Temporal("date"))),
        AddColumn(T, column("n", Integer(8), default="1000")),
        AddColumn(T, integer("a")),
        AlterColumn(T, MADE.columns[2], integer("a", nullable=True)),
        AlterColumn(T, integer("no"), integer("n")),
        DropColumn(T, integer("no")),
        DropColumn(T, MADE.columns[0]),
        MoveColumn(T, "no"),
        MoveColumn(T, "a", "no"),
        DropIndex(T, index("plain", "no", "a")),
        AddIndex(T, primary("a")),
        AddIndex(T, index("plain", "x", "no")),
        DropCheck(T, Check("no", "1")),
        AddForeignKey(T, reference("f", "b", T)),
    ],
)
async def test_a_change_that_cannot_be_is_refused_and_those_beside_it_too(change: TableChange) -> None:
    world = Altered()
    with pytest.raises(ServerError):
        await world.by(AlterComment(T, "", "changed"), change, AlterComment(T, "", "changed again"))
    assert world.server.tables[T].table == MADE
    assert world.rows == ROWS


async def test_equal_rows_refuse_a_unique_index_and_a_collation_that_makes_them_equal() -> None:
    world = Altered(rows=[(1, "x", 1), (2, "X", 1)])
    with pytest.raises(DuplicateRow):
        await world.by(AddIndex(T, index("unique", "u", "b")))
    await world.by(AddIndex(T, index("unique", "u", "a")))
    with pytest.raises(DuplicateRow):
        await world.by(AlterColumn(T, MADE.columns[1], replace(MADE.columns[1], collation="nocase")))


async def test_foreign_keys_hold_their_columns_on_both_sides() -> None:
    world = Altered(replace(MADE, foreign_keys=(reference("up", "b", T),)), [])
    world.server.add_table(
        replace(table("s", "c", integer("x"), primary("x")), foreign_keys=(reference("f", "x", T, "id"),))
    )
    wide = {"id": column("id", Integer(64)), "b": column("b", Integer(64), nullable=True)}
    for one, other in ((MADE.columns[0], wide["id"]), (MADE.columns[2], wide["b"])):
        for change in (DropColumn(T, one), AlterColumn(T, one, other)):
            with pytest.raises(ServerError, match="foreign key") as refused:
                await world.by(change)
            assert refused.value.code == 1833
    await world.engine.execute(ddl.write(ddl.DropForeignKeys(T, ("up",))), TAG)
    await world.by(AlterColumn(T, MADE.columns[2], wide["b"]))
    with pytest.raises(ServerError, match="no foreign key up"):
        await world.engine.execute(ddl.write(ddl.DropForeignKeys(T, ("up",))), TAG)
    await world.engine.execute(ddl.write(ddl.DropForeignKeys(TableName("s", "c"), ("f",))), TAG)
    await world.by(AlterColumn(T, MADE.columns[0], wide["id"]))


async def test_indexes_and_foreign_keys_follow_a_column_to_its_new_name() -> None:
    world = Altered(replace(MADE, foreign_keys=(reference("up", "b", T),)), [(1, "x", 1)])
    child = TableName("s", "c")
    world.server.add_table(
        replace(table("s", "c", integer("x"), primary("x")), foreign_keys=(reference("f", "x", T),)), [(1,)]
    )
    made = await world.by(
        AlterColumn(T, MADE.columns[0], integer("ID")), AlterColumn(T, MADE.columns[2], integer("B", nullable=True))
    )
    assert made.indexes == (primary("ID"),)
    (key,), (other,) = made.foreign_keys, world.server.tables[child].table.foreign_keys
    assert (key.columns, key.referenced_columns, other.referenced_columns) == (("B",), ("ID",), ("ID",))
    assert world.rows == [(1, "x", 1)]
    assert await world.engine.orphans(child, other) == 0


@pytest.mark.parametrize(("point", "there"), [("ddl.sent", False), ("ddl.running", False), ("ddl.applied", True)])
async def test_a_fault_of_a_change_strikes_where_it_says(point: Point, there: bool) -> None:
    world = Altered()
    world.server.fail_at(point, 1, ConnectionLost("new", "gone"))
    with pytest.raises(ConnectionLost):
        await world.by(AlterComment(T, "", "x"))
    assert world.server.tables[T].table.comment == ("x" if there else "")
    world.server.finish_executors()
    assert world.server.tables[T].table.comment == ("" if point == "ddl.sent" else "x")
