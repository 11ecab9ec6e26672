"""SHOW CREATE TABLE -> our DDL, in another schema of another server -> SHOW CREATE TABLE: the same text."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pymysql
import pytest
from msgspec.structs import replace

from migrate.diff import describe, diff
from migrate.engines import open_engine
from migrate.engines.base import Engine
from migrate.engines.mysql import ddl
from migrate.model.change import TableChange
from migrate.model.pattern import parse_pattern
from migrate.model.plan import EndpointRef
from migrate.model.table import Catalog, Index, IndexPart, Storage, Table, TableName
from tests.conftest import FreshSchemas
from tests.lab import Server, client

# One feature or a few a table; all that MySQL 8.0.33 prints in a way of its own.
FEATURES = {
    "types": """(id bigint unsigned NOT NULL AUTO_INCREMENT, a tinyint(1), b int(5) zerofill, c float(10,2) unsigned,
        d double, e decimal(65,30), f bit(64) DEFAULT b'101', g year, h datetime(6), i timestamp(3) NULL, j time(1),
        k json, l longblob, m char(0), n varbinary(3) DEFAULT 'x', PRIMARY KEY (id)) AUTO_INCREMENT=4711""",
    "defaults": """(id int PRIMARY KEY, a int DEFAULT (1 + 1), b text DEFAULT (_utf8mb4'AUTO_INCREMENT=9'),
        c timestamp DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, d binary(16) DEFAULT (uuid_to_bin(uuid())),
        e datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), f varchar(9) DEFAULT '''\\\\',
        g date DEFAULT '0000-00-00', h set('a','b c') DEFAULT 'a,b c', i enum('','x,y)','it''s') DEFAULT 'it''s')""",
    "odd `names`, (1)": """(`a``b` int, `c,d` int, `(` int, `select` int, `é😊`.`x` int)""".replace("😊`.`x", "ñ"),
    "comments": """(a int COMMENT 'a,b) ENGINE=x, AUTO_INCREMENT=5 ''q'' \\\\ \\n /*!50100 x */ -- #',
        KEY k (a) COMMENT 'KEY `k` (`a`),') AUTO_INCREMENT=3 COMMENT=') AUTO_INCREMENT=5 😊 CHARSET=utf8'""",
    "charsets": """(a varchar(9) CHARACTER SET latin1, b varchar(9) CHARACTER SET utf8mb3,
        c char(9) COLLATE utf8mb4_bin, d text CHARACTER SET ucs2,
        e enum('ä','ö') CHARACTER SET latin1 COLLATE latin1_german2_ci,
        f varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci) CHARSET=utf8mb3""",
    "default collation": "(a varchar(9), b varchar(9) CHARACTER SET ascii) CHARSET=utf8mb4",
    "latin": "(a varchar(9), b text) CHARSET=latin1 COLLATE=latin1_bin",
    "generated": """(a int, b varchar(30), c int GENERATED ALWAYS AS (a * 2) STORED, d int AS (c + 1) VIRTUAL,
        e varchar(40) AS (concat(b, ',', 'x)', 'é')) STORED, j json, f text AS (j->>'$.a,b'),
        KEY (d), KEY (c))""",
    "invisible": """(a int, b int DEFAULT 1 INVISIBLE COMMENT 'hidden', my_id int NOT NULL AUTO_INCREMENT INVISIBLE,
        PRIMARY KEY (my_id), KEY k (a) INVISIBLE)""",
    "indexes": """(id int NOT NULL, a varchar(99), b int, t text, PRIMARY KEY (id DESC), UNIQUE KEY u (a(7), b DESC),
        KEY h (b) USING HASH, KEY f ((b + 1), (lower(a)) DESC), KEY i (t(20)) COMMENT 'x' INVISIBLE,
        KEY g ((cast(a AS char(9) CHARSET utf8mb4))))""",
    "multi valued": "(id int PRIMARY KEY, j json, KEY mv ((cast(j->'$.a' AS unsigned ARRAY)), id))",
    "fulltext": "(id int PRIMARY KEY, t text, KEY p (t(3)), FULLTEXT KEY ft (t) WITH PARSER ngram)",
    "fulltexts": "(id int PRIMARY KEY, t text, u text, KEY p (t(3)), FULLTEXT KEY a (t), FULLTEXT KEY b (t, u))",
    "spatial": """(id int PRIMARY KEY, p point NOT NULL SRID 4326, g geometry NOT NULL SRID 0, o polygon,
        SPATIAL KEY a (p), SPATIAL KEY b (g), KEY c (id))""",
    "checks": """(a int CHECK (a > 0), b varchar(9), CONSTRAINT `c``k,` CHECK ((b <> 'a,b)') and a < 9) NOT ENFORCED,
        CONSTRAINT plain CHECK (b LIKE '%x%'))""",
    "counter in a plain index": "(a int, id int NOT NULL AUTO_INCREMENT, KEY a (id, a), KEY b (a)) AUTO_INCREMENT=18",
    "counter second": "(a int, id int NOT NULL AUTO_INCREMENT, PRIMARY KEY (a, id), KEY b (a)) ENGINE=MyISAM",
    "options": """(a int) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=1 STATS_AUTO_RECALC=0 MAX_ROWS=100
        AVG_ROW_LENGTH=10 CHECKSUM=1 AUTO_INCREMENT=5 MIN_ROWS=1 PACK_KEYS=1 STATS_SAMPLE_PAGES=7""",
    "old row format": "(a int PRIMARY KEY, b blob) ROW_FORMAT=REDUNDANT COMPRESSION='zlib'",
    "system tablespace": "(a int) TABLESPACE innodb_system",
    "ranges": """(id int NOT NULL, d date NOT NULL, PRIMARY KEY (id, d), KEY k (d)) COMMENT='p'
        PARTITION BY RANGE (year(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
        (PARTITION p0 VALUES LESS THAN (1990) COMMENT = 'it''s */ )', PARTITION p1 VALUES LESS THAN MAXVALUE)""",
    "lists": """(a varchar(30), b int, KEY k (b)) AUTO_INCREMENT=9 PARTITION BY LIST COLUMNS (a)
        (PARTITION p VALUES IN ('x*/ AUTO_INCREMENT=5', 'it''s \\\\'), PARTITION q VALUES IN (NULL))""",
    "hashes": "(id int, KEY k (id)) PARTITION BY LINEAR HASH (id + 1) PARTITIONS 3",
    "keys": "(id int PRIMARY KEY) PARTITION BY KEY ALGORITHM=1 () PARTITIONS 5",
    "memory": "(a int, b varchar(9), PRIMARY KEY (a) USING HASH, KEY k (b) USING BTREE) ENGINE=MEMORY MAX_ROWS=9",
    "csv": "(a int NOT NULL, b varchar(9) NOT NULL) ENGINE=CSV",
    "archive": "(a int NOT NULL AUTO_INCREMENT, b text, KEY (a)) ENGINE=ARCHIVE",
    "black hole": "(a int, KEY k (a)) ENGINE=BLACKHOLE",
    "myisam": "(a int, t text, KEY k (a), FULLTEXT KEY f (t), FULLTEXT KEY g (t)) ENGINE=MyISAM DELAY_KEY_WRITE=1",
    "parent": "(id int NOT NULL, a int NOT NULL, PRIMARY KEY (id), KEY plain_target (a, id))",
    "child": """(id int PRIMARY KEY, a int, b int, c int, d int NOT NULL, e int,
        CONSTRAINT `f``k` FOREIGN KEY (a) REFERENCES parent (id),
        FOREIGN KEY (b) REFERENCES parent (id) ON DELETE SET NULL,
        FOREIGN KEY (c) REFERENCES parent (id) ON DELETE RESTRICT ON UPDATE CASCADE,
        CONSTRAINT two FOREIGN KEY (d, a) REFERENCES parent (a, id) ON DELETE NO ACTION ON UPDATE RESTRICT,
        CONSTRAINT self FOREIGN KEY (e) REFERENCES child (id))""",
}
NOT_ON_8_0_12 = {"defaults", "invisible", "indexes", "multi valued", "checks"}  # 8.0.13, .23, .13, .17, .16


def load(server: Server, schema: str, features: dict[str, str]) -> None:
    settings = "SET sql_mode = 'ALLOW_INVALID_DATES', foreign_key_checks = 0"
    with client.connect(server, database=schema, init_command=settings) as connection, connection.cursor() as cursor:
        for name, body in features.items():
            cursor.execute(f"CREATE TABLE `{name.replace('`', '``')}` {body}")


def engine_of(server: Server, endpoint: str) -> Engine:
    ref = EndpointRef("mysql", host=server.host, port=server.port, user=server.user, password=server.password)
    return open_engine(endpoint, ref, 4)


def renamed(table: Table, schema: str) -> Table:
    keys = tuple(replace(key, referenced=replace(key.referenced, schema=schema)) for key in table.foreign_keys)
    return replace(table, name=replace(table.name, schema=schema), foreign_keys=keys)


def statements(wanted: Iterable[Table], definitions: dict[str, str]) -> Iterable[str]:
    """The order of a plan: tables, then what was deferred, then foreign keys."""
    tables = list(wanted)
    for table in tables:
        yield ddl.create_table(table, definitions[table.name.name], ddl.deferrable(table))
    for table in tables:
        if deferred := ddl.deferrable(table):
            yield ddl.add_indexes(table, definitions[table.name.name], deferred)
    for table in tables:
        if table.foreign_keys:
            yield ddl.add_foreign_keys(table, table.foreign_keys)


class Copied:
    """What one schema's tables became on the target."""

    def __init__(self, wanted: Catalog, actual: Catalog, before: dict[str, str], after: dict[str, str]) -> None:
        self.wanted, self.actual, self.before, self.after = wanted, actual, before, after


async def copy(source: Server, target: Server, old: str, new: str) -> Copied:
    client.rows(target, f"DROP DATABASE IF EXISTS `{new}`")
    one, other = engine_of(source, "old"), engine_of(target, "new")
    try:
        there = await one.inspect([parse_pattern(f"old:{old}.*")])
        before = {n.name: text for n, text in (await one.definitions([t.name for t in there.tables])).items()}
        wanted = Catalog(tables=tuple(renamed(table, new) for table in there.tables))
        assert [text for table in wanted.tables for text in ddl.findings(table, before[table.name.name])] == []
        await other.execute(ddl.create_schema(replace(there.schemas[0], name=new)), "t")
        for statement in statements(wanted.tables, before):
            await other.execute(statement, "t")
        actual = await other.inspect([parse_pattern(f"new:{new}.*")])
        after = {n.name: text for n, text in (await other.definitions([t.name for t in actual.tables])).items()}
    finally:
        await one.close()
        await other.close()
    return Copied(wanted, actual, before, after)


def without_counter(definition: str) -> str:
    """The text without the option; what a comment of these tables says about it stays."""
    return re.sub(r"^(\) .*?ENGINE=\w+) AUTO_INCREMENT=\d+", r"\1", definition, flags=re.MULTILINE)


def assert_equal_but_for_spelling(copied: Copied) -> None:
    changes = diff(copied.wanted, copied.actual)
    parts = [change for change in changes if isinstance(change, TableChange)]
    assert [change for change in changes if not isinstance(change, TableChange)] == []
    assert [f"{change.table}: {describe(change)}" for change in parts if not ddl.same(change)] == []


async def test_what_our_ddl_makes_prints_as_the_source_does(
    source: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    old, new = fresh_schemas("ddl", source), fresh_schemas("ddl, new")
    load(source, old, FEATURES)
    copied = await copy(source, target, old, new)
    assert sorted(copied.after) == sorted(FEATURES)
    for name, definition in copied.before.items():
        if name != "latin":
            assert copied.after[name] == without_counter(definition), name
    # A collation taken from the table is printed without its charset, one that was written (as we must) is not.
    assert copied.after["latin"].replace("CHARACTER SET latin1 ", "") == copied.before["latin"]
    assert diff(copied.wanted, copied.actual) == ()


async def test_tables_of_an_old_server_come_out_equal_but_for_spelling(
    old: Server, target: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, new = fresh_schemas("ddl", old), fresh_schemas("ddl")
    load(old, schema, {name: body for name, body in FEATURES.items() if name not in NOT_ON_8_0_12})
    copied = await copy(old, target, schema, new)
    assert sorted(copied.after) == sorted(copied.before)
    assert_equal_but_for_spelling(copied)
    assert diff(copied.wanted, copied.actual) != (), "8.0.12 spells int(11) and utf8"


async def test_tables_go_back_to_an_old_server_that_knows_their_features(
    old: Server, source: Server, fresh_schemas: FreshSchemas
) -> None:
    schema, new = fresh_schemas("ddl", source), fresh_schemas("ddl")
    features = ("types", "charsets", "generated", "fulltexts", "spatial", "ranges", "lists", "parent", "child")
    load(source, schema, {name: FEATURES[name] for name in features})
    copied = await copy(source, old, schema, new)
    assert_equal_but_for_spelling(copied)


async def test_an_index_is_deferred_wherever_it_can_be(source: Server, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("ddl", source)
    load(source, schema, FEATURES)
    engine = engine_of(source, "old")
    try:
        tables = (await engine.inspect([parse_pattern(f"old:{schema}.*")])).tables
    finally:
        await engine.close()
    deferred = {t.name.name: [index.name for index in ddl.deferrable(t)] for t in tables if ddl.deferrable(t)}
    assert deferred == {
        "comments": ["k"],
        "generated": ["c", "d"],
        "invisible": ["k"],
        "indexes": ["f", "g", "h", "i"],
        "multi valued": ["mv"],
        "fulltext": ["ft", "p"],
        "fulltexts": ["p"],
        "spatial": ["a", "b", "c"],
        "counter in a plain index": ["b"],
        "ranges": ["k"],
        "lists": ["k"],
        "hashes": ["k"],
        "parent": ["plain_target"],
        "child": ["b", "c", "f`k", "self", "two"],
    }


@pytest.mark.parametrize("which", ["target", "old"])
def test_innodb_still_refuses_two_fulltext_indexes_in_one_statement(
    which: str, fresh_schemas: FreshSchemas, request: pytest.FixtureRequest
) -> None:
    """Why several stay in CREATE TABLE. When a server takes them, `deferrable` can be more generous."""
    server = request.getfixturevalue(which)
    schema = fresh_schemas("ddl", server)
    client.rows(server, f"CREATE TABLE `{schema}`.`t` (a text, b text)")
    parts = tuple(Index(name, "fulltext", (IndexPart(name),)) for name in "ab")
    table = Table(TableName(schema, "t"), (), parts, storage=Storage("InnoDB"))
    definition = "CREATE TABLE `t` (\n  `a` text,\n  FULLTEXT KEY `a` (`a`),\n  FULLTEXT KEY `b` (`b`)\n)"
    with pytest.raises(pymysql.err.MySQLError) as refused:
        client.rows(server, ddl.add_indexes(table, definition, parts))
    assert refused.value.args[0] == 1795


async def test_a_table_whose_rows_are_elsewhere_is_a_finding(source: Server, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("ddl", source)
    features = {"t": "(a int) ENGINE=MyISAM", "merged": "(a int) ENGINE=MERGE UNION=(t)"}
    load(source, schema, features)
    engine = engine_of(source, "old")
    try:
        tables = (await engine.inspect([parse_pattern(f"old:{schema}.*")])).tables
    finally:
        await engine.close()
    found = {table.name.name: ddl.findings(table) for table in tables}
    assert found == {"t": (), "merged": ("a MERGE table holds no rows of its own: move the tables it is made of",)}
