"""Changes of existing tables on real servers: each arrives, keeps the rows, and comes out again where it was left."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pymysql
import pytest

from migrate.engines import open_engine
from migrate.engines.mysql.alter import SESSION
from migrate.model.change import AlterForeignKey
from migrate.sql import quote
from tests.conftest import FreshSchemas
from tests.engines.mysql_changes import Change
from tests.engines.mysql_changes_of_tables import CHANGES
from tests.engines.mysql_sessions import ref_of
from tests.engines.mysql_walk import Pair, Walk, Way, added_keys, fits, walk, ways
from tests.lab import Lab, Server, client

VERSIONS = {"source": "8.0.33", "old": "8.0.12", "legacy": "5.7", "new": "9.7", "maria10": "10.11", "maria11": "11.8"}
OFTEN = ("source", "old", "new", "maria11")
RISKS = ("safe", "lossy", "destructive")

Walks = Mapping[str, Walk]


def servers(*names: str) -> pytest.MarkDecorator:
    """A test of each of these servers; those that are not named in OFTEN only among all tests.

    Those of one server stay together, so that it is asked once for all cases.
    """
    together = {name: pytest.mark.xdist_group(f"alter-{name}") for name in names}
    marks = {name: [together[name]] if name in OFTEN else [together[name], pytest.mark.full] for name in names}
    return pytest.mark.parametrize("name", [pytest.param(n, id=VERSIONS[n], marks=marks[n]) for n in names])


class Once:
    """What is asked of a server once for all cases: the schemas go at the end."""

    def __init__(self, every: Lab, ask: Callable[..., Any]) -> None:
        self._every = every
        self._ask = ask
        self._told: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        if name not in self._told:
            server = self._every.servers[name]
            cases = {case: change for case, change in CHANGES.items() if fits(change, server)}
            actual, wanted = (f"alter_{side}_{uuid.uuid4().hex[:8]}" for side in ("a", "b"))
            try:
                for schema in (actual, wanted):
                    client.rows(server, f"CREATE DATABASE {quote(schema)} CHARACTER SET utf8mb4")
                self._told[name] = asyncio.run(self._ask(server, actual, wanted, cases))
            finally:
                for schema in (actual, wanted):
                    client.rows(server, f"DROP DATABASE IF EXISTS {quote(schema)}")
        return self._told[name]


@pytest.fixture(scope="module")
def walked(every: Lab) -> Once:
    return Once(every, walk)


@pytest.fixture(scope="module")
def tried(every: Lab) -> Once:
    return Once(every, ways)


def expected(change: Change, name: str) -> tuple[int, str]:
    """How many statements there are on a server, and the worst that they tell."""
    if name.startswith("maria"):
        count = change.maria
        return change.count if count is None else count, change.maria_risk or change.risk
    older = change.older if name in ("old", "legacy") else None
    return change.count if older is None else older, change.risk


@servers("source", "old", "legacy", "new", "maria10", "maria11")
@pytest.mark.parametrize("case", CHANGES)
def test_a_table_becomes_what_is_wanted_and_keeps_its_rows(case: str, name: str, walked: Once, every: Lab) -> None:
    walks: Walks = walked(name)
    if case not in walks:
        assert not fits(CHANGES[case], every.servers[name])
        return
    one, (count, risk) = walks[case], expected(CHANGES[case], name)
    assert one.error == ""
    assert one.left == (), "the second difference is empty"
    assert one.after == one.before
    assert [alteration.refused for alteration in one.first] == [""] * len(one.first)
    assert {alteration.action for alteration in one.first} == {"alter-table"}
    assert max((loss.risk for a in one.first for loss in a.losses), key=RISKS.index, default="safe") == risk
    if name != "legacy" or not case.startswith("fulltext"):
        assert len(one.first) == count, [alteration.sql for alteration in one.first]


@servers("source", "old", "legacy", "new", "maria10", "maria11")
@pytest.mark.parametrize("case", CHANGES)
def test_after_each_statement_the_rest_comes_out_again_word_by_word(case: str, name: str, walked: Once) -> None:
    walks: Walks = walked(name)
    if case not in walks:
        return
    said = [alteration.sql for alteration in walks[case].first]
    assert walks[case].replanned[: len(said) + 1] == [tuple(said[done:]) for done in range(len(said) + 1)]


# Where MariaDB 10 is told INSTANT of what it copies, it says nothing and copies.
@servers("source", "old", "legacy", "new", "maria11")
@pytest.mark.parametrize("case", CHANGES)
def test_the_algorithm_and_the_lock_are_the_best_that_the_server_has(case: str, name: str, tried: Once) -> None:
    told: Mapping[str, Sequence[Way]] = tried(name)
    for way in told.get(case, ()):
        if way.taken[0]:
            assert way.told == way.taken, way.sql
            # 1800: MySQL 5.7 does not know INSTANT.
            assert set(way.refused) <= {1845, 1846, 1847, *([1800] if name == "legacy" else [])}, way.sql


@servers("source", "new", "maria11")
def test_most_statements_tell_their_algorithm(name: str, tried: Once) -> None:
    every = [way for some in tried(name).values() for way in some]
    silent = [way.sql for way in every if not way.told[0]]
    assert len(silent) < len(every) / 10, silent


# -- what the server refuses ---------------------------------------------------------------------------------------


REFUSED = {
    "too long": ("(a varchar(20))", "(a varchar(3))", "VALUES ('four')"),
    "too big": ("(a bigint)", "(a int)", "VALUES (2147483648)"),
    "negative": ("(a int)", "(a int unsigned)", "VALUES (-1)"),
    "a member that goes": ("(a enum('x','y'))", "(a enum('x'))", "VALUES ('y')"),
    "members of a set that go": ("(a set('x','y'))", "(a set('x'))", "VALUES ('x,y')"),
    "null": ("(a int)", "(a int NOT NULL)", "VALUES (NULL)"),
    "no such character": ("(a varchar(9)) CHARSET=utf8mb4", "(a varchar(9)) CHARSET=latin1", "VALUES ('한')"),
    "no number": ("(a varchar(9))", "(a int)", "VALUES ('x')"),
    "no moment": ("(a datetime)", "(a timestamp NULL)", "VALUES ('2021-02-31 00:00:00')"),
    "equal rows": ("(a int)", "(a int, UNIQUE KEY (a))", "VALUES (1), (1)"),
    "rows that become equal": (
        "(a varchar(9) COLLATE utf8mb4_bin, UNIQUE KEY a (a))",
        "(a varchar(9) COLLATE utf8mb4_general_ci, UNIQUE KEY a (a))",
        "VALUES ('a'), ('A')",
    ),
    "in no partition": (
        "(a int)",
        "(a int) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (10))",
        "VALUES (10)",
    ),
    "in a partition that goes": (
        "(a int) PARTITION BY LIST (a) (PARTITION p VALUES IN (1), PARTITION q VALUES IN (2))",
        "(a int) PARTITION BY LIST (a) (PARTITION p VALUES IN (1))",
        "VALUES (1), (2)",
    ),
}


@servers("source", "old", "new", "maria10", "maria11")
@pytest.mark.parametrize("case", REFUSED)
async def test_what_does_not_fit_is_refused_and_stays(
    case: str, name: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    server, (before, after, rows) = every.servers[name], REFUSED[case]
    actual, wanted = fresh_schemas("alter", server), fresh_schemas("alter", server)
    walks = await walk(server, actual, wanted, {"t": Change(before, after, rows)})
    (only,) = walks["t"].first
    assert {loss.risk for loss in only.losses} == {"lossy"}
    assert only.sql in walks["t"].error
    there = client.rows(server, f"SELECT count(*) FROM {quote(actual)}.t")
    assert there == [(rows.count("("),)]
    assert [loss.text for loss in only.losses if "refused" in loss.text] != []


CASTS = (
    "int", "bit(3)", "decimal(9,2)", "varchar(40)", "longtext", "enum('a')", "varbinary(16)", "datetime", "time",
    "json", "point", "geometry", "uuid", "inet6", "inet4", "vector(3)",
)  # fmt: skip


@servers("source", "new", "maria10", "maria11")
async def test_types_that_a_server_does_not_cast_are_refused_beforehand(
    name: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    server = every.servers[name]
    actual, wanted = fresh_schemas("alter", server), fresh_schemas("alter", server)
    types = [one for one in CASTS if takes(server, actual, one)]
    pairs = [(one, other) for one in types for other in types if one != other]
    cases = {f"c{n}": Change(f"(a {one})", f"(a {other})") for n, (one, other) in enumerate(pairs)}
    walks = await walk(server, actual, wanted, cases)
    told = {case for case, one in walks.items() if any(alteration.refused for alteration in one.first)}
    refused = {case for case, one in walks.items() if "error 4078" in one.error}
    assert [pairs[int(case[1:])] for case in sorted(told ^ refused)] == []
    assert {one.error for case, one in walks.items() if case not in told} == {""}
    assert bool(told) == name.startswith("maria")


def takes(server: Server, schema: str, native: str) -> bool:
    """Whether the server has the type."""
    try:
        client.rows(server, f"CREATE TABLE {quote(schema)}.asked (a {native})")
    except pymysql.err.MySQLError:
        return False
    client.rows(server, f"DROP TABLE {quote(schema)}.asked")
    return True


@servers("source", "old", "new", "maria10", "maria11")
async def test_zero_dates_and_other_old_values_pass(name: str, every: Lab, fresh_schemas: FreshSchemas) -> None:
    server = every.servers[name]
    actual, wanted = fresh_schemas("alter", server), fresh_schemas("alter", server)
    before = "(a date, b datetime DEFAULT '2021-02-31', c timestamp NULL, d date DEFAULT '0000-00-00', e int, f int)"
    after = before.replace("e int", "e bigint").replace("f int", "f int AS (e / 0) STORED")
    rows = "(a, b, c) VALUES ('0000-00-00', '2021-02-31', '0000-00-00'), ('2020-00-15', NULL, NULL)"
    walks = await walk(server, actual, wanted, {"t": Change(before, after, rows, "a, b, c, d, e")})
    assert (walks["t"].error, walks["t"].left) == ("", ())
    assert walks["t"].after == walks["t"].before
    assert "0000-00-00" in walks["t"].after[0]
    assert "2021-02-31" in walks["t"].after[0]


# -- foreign keys --------------------------------------------------------------------------------------------------


class Scene(msgspec.Struct, frozen=True):
    """Statements that make both sides, and what `alter_table` is to say of the table `c`."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    actions: tuple[str, ...]
    says: tuple[str, ...] = ()


PARENT = "CREATE TABLE p (id int PRIMARY KEY, v varchar(10), UNIQUE KEY v (v))"
CHILD = "CREATE TABLE c (id int PRIMARY KEY, p int, o int, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id))"
BARE = "CREATE TABLE c (id int PRIMARY KEY, p int, o int)"
SCENES = {
    "a key goes with its index and its column": Scene(
        (PARENT, CHILD),
        (PARENT, "CREATE TABLE c (id int PRIMARY KEY, o int)"),
        ("drop-foreign-keys", "alter-table"),
        ("DROP FOREIGN KEY `f`", "DROP KEY `f`,\n  DROP COLUMN `p`"),
    ),
    "a key of the table to itself goes while both of its columns change": Scene(
        ("CREATE TABLE c (id int PRIMARY KEY, up int, KEY u (up), CONSTRAINT f FOREIGN KEY (up) REFERENCES c (id))",),
        ("CREATE TABLE c (id bigint PRIMARY KEY, up bigint, KEY u (up))",),
        ("alter-table",),
        ("DROP FOREIGN KEY `f`,\n  MODIFY COLUMN `id`",),
    ),
    "a key goes before the table leaves InnoDB": Scene(
        ("CREATE TABLE c (id int PRIMARY KEY, up int, KEY u (up), CONSTRAINT f FOREIGN KEY (up) REFERENCES c (id))",),
        ("CREATE TABLE c (id int PRIMARY KEY, up int, KEY u (up)) ENGINE=MyISAM",),
        ("drop-foreign-keys", "alter-table"),
        ("DROP FOREIGN KEY `f`", "ENGINE = MyISAM"),
    ),
    "a key goes before the table is partitioned": Scene(
        ("CREATE TABLE c (id int PRIMARY KEY, up int, KEY u (up), CONSTRAINT f FOREIGN KEY (up) REFERENCES c (id))",),
        ("CREATE TABLE c (id int PRIMARY KEY, up int, KEY u (up)) PARTITION BY HASH (id) PARTITIONS 2",),
        ("drop-foreign-keys", "alter-table"),
    ),
    "a key alone goes": Scene(
        (PARENT, CHILD), (PARENT, BARE.replace("o int", "o int, KEY f (p)")), ("drop-foreign-keys",)
    ),
    "a key with another rule goes": Scene(
        (PARENT, CHILD), (PARENT, CHILD.replace("(id))", "(id) ON DELETE CASCADE)")), ("drop-foreign-keys",)
    ),
    "a key is added, which others do": Scene((PARENT, BARE.replace("o int", "o int, KEY f (p)")), (PARENT, CHILD), ()),
    "a key of the same columns comes, and the index keeps its name": Scene(
        (PARENT, "CREATE TABLE q (id int PRIMARY KEY)", CHILD.replace("f FOREIGN", "z FOREIGN")),
        (
            PARENT,
            "CREATE TABLE q (id int PRIMARY KEY)",
            CHILD.replace("f FOREIGN", "z FOREIGN").replace(
                "CONSTRAINT", "KEY z (p), CONSTRAINT a FOREIGN KEY (p) REFERENCES q (id), CONSTRAINT"
            ),
        ),
        (),
    ),
}


@servers("source", "old", "legacy", "new", "maria10", "maria11")
@pytest.mark.parametrize("case", SCENES)
async def test_foreign_keys_go_first_and_come_last(
    case: str, name: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    server, scene = every.servers[name], SCENES[case]
    actual, wanted = fresh_schemas("alter", server), fresh_schemas("alter", server)
    for schema, statements in ((actual, scene.before), (wanted, scene.after)):
        for statement in statements:
            client.rows(server, statement, database=schema)
    for table in ("p", "q", "c"):
        if any(f"TABLE {table} " in statement for statement in scene.before):
            client.rows(server, f"INSERT INTO {table} (id) VALUES (1)", database=actual)
    engine = open_engine("lab", ref_of(server), 2)
    try:
        pair = Pair(engine, actual, wanted)
        tables, texts, dialect = await pair.look()
        there, changes = await pair.differences(tables)
        planned = engine.alter_table(tables["c"], there["c"], changes["c"], texts["c"], dialect)
        for alteration in planned:
            await engine.execute(alteration.sql, "t", dict(alteration.session))
        keys = [c.wanted if isinstance(c, AlterForeignKey) else c.foreign_key for c in added_keys(changes["c"])]
        if keys:
            await engine.execute(engine.add_foreign_keys(tables["c"], keys), "t")
        _, left = await pair.differences(tables)
    finally:
        await engine.close()
    assert tuple(alteration.action for alteration in planned) == scene.actions
    for alteration, part in zip(planned, scene.says, strict=False):
        assert part in alteration.sql
    assert left == {table: [] for table in tables}
    assert client.rows(server, "SELECT count(*) FROM c", database=actual) == [(1,)]


@servers("source", "maria10", "maria11")
async def test_a_key_of_a_table_whose_name_is_a_backslash_goes(
    name: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    server = every.servers[name]
    actual, wanted = fresh_schemas("alter", server), fresh_schemas("alter", server)
    made = (
        "CREATE TABLE `\\` (id int PRIMARY KEY, up int, KEY u (up), CONSTRAINT f FOREIGN KEY (up) REFERENCES `\\` (id))"
    )
    client.rows(server, made, database=actual)
    client.rows(server, "CREATE TABLE `\\` (id bigint PRIMARY KEY, up bigint, KEY u (up))", database=wanted)
    engine = open_engine("lab", ref_of(server), 2)
    try:
        pair = Pair(engine, actual, wanted)
        tables, texts, dialect = await pair.look()
        there, changes = await pair.differences(tables)
        for one in engine.alter_table(tables["\\"], there["\\"], changes["\\"], texts["\\"], dialect):
            await engine.execute(one.sql, "t", dict(one.session))
        _, left = await pair.differences(tables)
    finally:
        await engine.close()
    assert left == {"\\": []}


@servers("source", "old", "new", "maria10", "maria11")
async def test_keys_that_step_aside_let_both_of_their_ends_change(
    name: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    server = every.servers[name]
    actual, wanted = fresh_schemas("alter", server), fresh_schemas("alter", server)
    for statement in (PARENT, CHILD, "INSERT INTO p VALUES (1, 'x')", "INSERT INTO c VALUES (7, 1, 2)"):
        client.rows(server, statement, database=actual)
    for statement in (PARENT, CHILD):
        client.rows(server, statement.replace("id int", "id bigint").replace("p int", "p bigint"), database=wanted)
    engine = open_engine("lab", ref_of(server), 2)
    try:
        pair = Pair(engine, actual, wanted)
        tables, texts, dialect = await pair.look()
        there, changes = await pair.differences(tables)
        key = there["c"].foreign_keys[0]
        aside = [*changes["c"], AlterForeignKey(there["c"].name, key, key)]
        (only,) = engine.alter_table(tables["p"], there["p"], changes["p"], texts["p"], dialect)
        with pytest.raises(Exception, match=r"foreign key constraint"):
            await engine.execute(only.sql, "t", dict(only.session))
        first, second = engine.alter_table(tables["c"], there["c"], aside, texts["c"], dialect)
        assert (first.action, second.action) == ("drop-foreign-keys", "alter-table")
        for alteration in (first, second, only):
            await engine.execute(alteration.sql, "t", dict(alteration.session))
        await engine.execute(engine.add_foreign_keys(tables["c"], [key]), "t")
        _, left = await pair.differences(tables)
    finally:
        await engine.close()
    assert left == {"p": [], "c": []}
    assert client.rows(server, "SELECT c.id, p.v FROM c JOIN p ON c.p = p.id", database=actual) == [(7, "x")]


def test_a_session_that_alters_checks_foreign_keys() -> None:
    assert dict(SESSION)["foreign_key_checks"] == "ON"


@pytest.mark.parametrize("name", ["maria10", "maria11"])
def test_without_foreign_key_checks_mariadb_drops_the_index_of_a_key(
    name: str, every: Lab, fresh_schemas: FreshSchemas
) -> None:
    """Why a session that alters checks them. When no server does so, it need not."""
    server = every.servers[name]
    schema = fresh_schemas("alter", server)
    for statement in (PARENT, CHILD):
        client.rows(server, statement, database=schema)
    with pytest.raises(pymysql.err.MySQLError) as refused:
        client.rows(server, "ALTER TABLE c DROP KEY f", database=schema)
    assert refused.value.args[0] == 1553
    client.rows(server, "ALTER TABLE c DROP KEY f", database=schema, init_command="SET foreign_key_checks=0")
    assert "KEY `f`" not in client.rows(server, "SHOW CREATE TABLE c", database=schema)[0][1]
