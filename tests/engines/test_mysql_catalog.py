"""What inspect chooses, the other objects, and properties of the whole."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.connect import Server
from migrate.engines.mysql.inspect import definitions, inspect
from migrate.errors import ServerError
from migrate.model.table import (
    Catalog,
    Schema,
    Table,
    TableName,
)
from tests.conftest import FreshSchemas
from tests.engines.mysql_catalogs import (
    CHARSET,
    COLLATION,
    PARTITIONED,
    catalog_of,
    is_old,
    patterns,
    run,
)
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer
from tests.lab import client

# -- what is chosen


async def test_patterns_choose_with_case_and_only_their_own(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema, upper = fresh_schemas("insp", any_server), fresh_schemas("INSP", any_server)
    low = upper.lower()
    client.rows(any_server, f"CREATE DATABASE `{low}`")
    try:
        for name in (schema, upper, low):
            run(
                any_server, name, "CREATE TABLE Orders (a INT)", "CREATE TABLE orders (a INT)", "CREATE TABLE x (a INT)"
            )
        catalog = await catalog_of(any_server, f"{upper}.ord*", f"{schema}.x", f"{schema}.?rders")
        assert [str(table.name) for table in catalog.tables] == [
            f"{upper}.orders",
            f"{schema}.Orders",
            f"{schema}.orders",
            f"{schema}.x",
        ]
        assert catalog.schemas == (Schema(upper, CHARSET, COLLATION), Schema(schema, CHARSET, COLLATION))
        assert [statistics.table for statistics in catalog.statistics] == [table.name for table in catalog.tables]
    finally:
        client.rows(any_server, f"DROP DATABASE `{low}`")


async def test_nothing_that_fits_is_an_empty_catalog(any_server: LabServer) -> None:
    assert await catalog_of(any_server, "insp_no_such_schema.*") == Catalog()


async def test_a_schema_with_a_charset_of_its_own_and_no_table(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp")
    client.rows(any_server, f"CREATE DATABASE `{schema}` CHARACTER SET latin1 COLLATE latin1_bin")
    assert await catalog_of(any_server, f"{schema}.*") == Catalog(schemas=(Schema(schema, "latin1", "latin1_bin"),))
    client.rows(any_server, f"DROP DATABASE `{schema}`")


async def test_system_schemas_fit_no_glob_but_can_be_spelled_out(any_server: LabServer) -> None:
    everything = await catalog_of(any_server, "*.*", "mys*.*", "?ys.*")
    assert {s.name for s in everything.schemas} & {"mysql", "sys", "information_schema", "performance_schema"} == set()
    assert [str(table.name) for table in (await catalog_of(any_server, "mysql.use?")).tables] == ["mysql.user"]


async def test_our_own_tables_are_invisible(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_server)
    run(
        any_server,
        schema,
        "CREATE TABLE _migrate_ledger (a INT)",
        "CREATE TABLE _mo_12345678_abcdef01 (a INT)",
        "CREATE TABLE _other (a INT)",
        "CREATE TRIGGER tr BEFORE INSERT ON _mo_12345678_abcdef01 FOR EACH ROW SET NEW.a = 1",
        "CREATE VIEW _migrate_v AS SELECT 1 AS x",
    )
    catalog = await catalog_of(any_server, f"{schema}.*", f"{schema}._migrate_ledger")
    assert [table.name.name for table in catalog.tables] == ["_other"]
    assert catalog.stored == ()


# -- the other objects

OTHERS = (
    "CREATE TABLE orders (a INT)",
    "CREATE VIEW v AS SELECT a FROM orders",
    "CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW SET NEW.a = 1",
    "CREATE PROCEDURE r(IN x INT, OUT y VARCHAR(5)) BEGIN SET y = 'é''한'; END",
    "CREATE FUNCTION r(x INT) RETURNS INT DETERMINISTIC RETURN x + 1",
    "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO SELECT 1",
)


async def test_views_triggers_routines_and_events_are_named_and_no_tables(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    run(any_server, schema, *OTHERS)
    catalog = await catalog_of(any_server, f"{schema}.*")
    assert [table.name.name for table in catalog.tables] == ["orders"]
    assert [(stored.kind, stored.name.name) for stored in catalog.stored] == [
        ("event", "ev"),
        ("function", "r"),
        ("procedure", "r"),
        ("trigger", "tr"),
        ("view", "v"),
    ]
    assert [use.by[0] for use in catalog.uses if use.of == TableName(schema, "orders")] == ["view"]
    assert [stored.kind for stored in (await catalog_of(any_server, f"{schema}.orders")).stored] == ["trigger"]
    assert [stored.kind for stored in (await catalog_of(any_server, f"{schema}.tr")).stored] == []
    assert [stored.kind for stored in (await catalog_of(any_server, f"{schema}.r")).stored] == ["function", "procedure"]
    run(any_server, schema, "ALTER EVENT ev COMMENT 'same'")
    again = await catalog_of(any_server, f"{schema}.*")
    assert [a.kind for a, b in zip(catalog.stored, again.stored, strict=True) if a != b] == ["event"]


@pytest.mark.parametrize(
    ("drop", "make", "kind"),
    [
        ("DROP VIEW v", "CREATE VIEW v AS SELECT a + 1 AS a FROM orders", "view"),
        ("DROP TRIGGER tr", "CREATE TRIGGER tr BEFORE UPDATE ON orders FOR EACH ROW SET NEW.a = 1", "trigger"),
        ("DROP PROCEDURE r", "CREATE PROCEDURE r(IN x INT, OUT y CHAR(5)) BEGIN SET y = 'é''한'; END", "procedure"),
        ("DROP FUNCTION r", "CREATE FUNCTION r(y INT) RETURNS INT DETERMINISTIC RETURN x + 1", "function"),
        ("DROP EVENT ev", "CREATE EVENT ev ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01' DISABLE DO SELECT 1", "event"),
    ],
)
async def test_a_change_of_an_object_changes_what_is_told_of_it_and_of_no_other(
    source: LabServer, fresh_schemas: FreshSchemas, drop: str, make: str, kind: str
) -> None:
    schema = fresh_schemas("insp", source)
    run(source, schema, *OTHERS)
    before = (await catalog_of(source, f"{schema}.*")).stored
    run(source, schema, drop, make)
    after = (await catalog_of(source, f"{schema}.*")).stored
    assert [a.kind for a, b in zip(before, after, strict=True) if a != b] == [kind]


async def test_a_broken_view_does_not_stop_inspection(any_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", any_server)
    run(any_server, schema, "CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t", "DROP TABLE t")
    catalog = await catalog_of(any_server, f"{schema}.*")
    assert catalog.tables == ()
    assert [(stored.kind, stored.name.name) for stored in catalog.stored] == [("view", "v")]
    assert catalog.stored[0].broken.startswith(f"View '{schema}.v' references invalid table(s)")


# -- properties of the whole


async def questions(opened: Server, pattern: str) -> tuple[int, int]:
    """Statements that one inspection takes on a warm session, and the tables it found."""
    counter = "SHOW SESSION STATUS LIKE 'Questions'"
    async with opened.session("metadata") as session:
        before = int((await session.query(counter)).rows[0][1])
    catalog = await inspect(opened, patterns(pattern))
    async with opened.session("metadata") as session:
        after = int((await session.query(counter)).rows[0][1])
    return after - before, len(catalog.tables)


async def test_the_number_of_queries_does_not_grow_with_the_number_of_tables(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    one, many = fresh_schemas("inspone", any_server), fresh_schemas("inspmany", any_server)
    run(any_server, one, "CREATE TABLE t (a INT PRIMARY KEY)")
    definition = "(id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(9), KEY (a), g INT AS (LENGTH(a)))"
    run(any_server, many, *(f"CREATE TABLE t{number} {definition}" for number in range(300)))
    async with connected(any_server) as opened:
        few = await questions(opened, f"{one}.*")
        lots = await questions(opened, f"{many}.*")
        both = await questions(opened, f"insp*_{'?' * 10}.*")
    assert few[1] == 1
    assert lots[1] == 300
    assert both[1] >= 301
    assert few[0] == lots[0] == both[0]
    assert few[0] <= 20


async def test_twice_is_the_same_and_a_copy_by_its_own_definition_is_equal(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    """The one diff stands on this: what SHOW CREATE TABLE says makes a table that inspects as the first one."""
    schema, copy = fresh_schemas("insp", any_server), fresh_schemas("inspcopy", any_server)
    statements = [f"CREATE TABLE p{n} ({columns}) PARTITION BY {by}" for n, (columns, by, _) in enumerate(PARTITIONED)]
    statements.append(
        r"CREATE TABLE `a``b` (`select` INT NOT NULL AUTO_INCREMENT PRIMARY KEY, `한글` VARCHAR(30) NOT NULL"
        r" DEFAULT 'it''s \\ \n é', e ENUM('a''b','c\\d','') DEFAULT 'a''b', b BIT(5) DEFAULT b'101', y BINARY(4)"
        r" DEFAULT 'ab', ts TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),"
        r" v INT AS (LENGTH(`한글`)), s VARCHAR(40) AS (CONCAT('a''é',`한글`)) STORED, p POINT NOT NULL SRID 4326,"
        r" KEY k (`한글`(3), v DESC) COMMENT 'i''c', SPATIAL KEY sp (p), FULLTEXT KEY ft (`한글`) WITH PARSER ngram,"
        r" KEY hid (v) INVISIBLE) COMMENT 'l\n''q\"\\ 한글' ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8"
    )
    if not is_old(any_server):
        statements.append(
            "CREATE TABLE newer (a INT CHECK (a > 0), b INT INVISIBLE DEFAULT (1 + 1), KEY ((a * 2) DESC),"
            " CHECK (b <> 3) NOT ENFORCED)"
        )
    run(any_server, schema, *statements)
    async with connected(any_server) as opened:
        first = await inspect(opened, patterns(f"{schema}.*"))
        assert first == await inspect(opened, patterns(f"{schema}.*"))
        texts = await definitions(opened, [table.name for table in first.tables])
        async with opened.session("write") as session:
            await session.execute(f"USE `{copy}`")
            for text in texts.values():
                await session.execute(text)
        second = await inspect(opened, patterns(f"{copy}.*"))
    assert len(first.tables) == len(statements)
    assert [_without_schema(table) for table in first.tables] == [_without_schema(table) for table in second.tables]


def _without_schema(table: Table) -> Table:
    return Table(
        TableName("", table.name.name),
        table.columns,
        table.indexes,
        table.foreign_keys,
        table.checks,
        table.partitioning,
        table.storage,
        table.comment,
    )


async def test_definitions_are_the_servers_text_under_their_names(
    any_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("insp", any_server)
    run(any_server, schema, *(f"CREATE TABLE `t{n}` (`한글` INT COMMENT 'é''')" for n in range(20)))
    names = [TableName(schema, f"t{n}") for n in range(19, -1, -1)]
    async with connected(any_server) as opened:
        texts = await definitions(opened, names)
        assert await definitions(opened, []) == {}
        with pytest.raises(ServerError) as caught:
            await definitions(opened, [*names, TableName(schema, "none")])
    assert list(texts) == names
    assert texts[names[0]].startswith("CREATE TABLE `t19` (\n  `한글` int")
    assert "COMMENT 'é'''" in texts[names[0]]
    assert caught.value.code == 1146
    assert f"{schema}.none" in caught.value.message


async def test_an_account_sees_what_it_may_see(source: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("insp", source)
    run(source, schema, "CREATE TABLE a (x INT)", "CREATE TABLE b (x INT)", *OTHERS)
    client.rows(source, "CREATE USER IF NOT EXISTS insp_less@'%' IDENTIFIED BY 'insp-pw'", root=True)
    client.rows(source, f"GRANT SELECT ON `{schema}`.a TO insp_less@'%'", root=True)
    try:
        async with connected(source, user="insp_less", password="insp-pw") as opened:
            catalog = await inspect(opened, patterns(f"{schema}.*"))
    finally:
        client.rows(source, "DROP USER insp_less@'%'", root=True)
    assert [table.name.name for table in catalog.tables] == ["a"]
    assert catalog.stored == ()
