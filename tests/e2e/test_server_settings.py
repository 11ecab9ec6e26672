"""Whatever either server's own settings are, hostile values arrive as they were, by both ways into a table."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from itertools import chain

import pytest

from tests.e2e import equality
from tests.e2e.command import PLAN, Migrate
from tests.e2e.hostile import values
from tests.lab import Server, client, extra

TABLES = ("numbers", "times", "choices", "bytes", "text_latin1", "text_gbk", "text_ucs2", "text_utf8", "text_binary")
NAMED = """CREATE TABLE `a``b%한글` (`select` INT PRIMARY KEY, `a.b` VARCHAR(40), `a/b` FLOAT, `%s` DATE, `\\` TEXT)"""
NAMED_ROWS = """INSERT INTO `a``b%한글` VALUES (0,'%s','-0','0000-00-00',x'00'),
  (1,'😀''\\\\','3.402823466e38','2020-02-31',''),(2,NULL,NULL,NULL,NULL)"""

STRICT = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO"
QUOTING = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE"
CASES: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "quoting at the source": ({"sql_mode": QUOTING}, {"sql_mode": ""}),
    "quoting on the target": ({"sql_mode": ""}, {"sql_mode": QUOTING}),
    "strict, by INSERT": ({"sql_mode": STRICT}, {"sql_mode": STRICT, "local_infile": "OFF"}),
    "quoting, by INSERT": ({"sql_mode": QUOTING}, {"sql_mode": QUOTING, "local_infile": "OFF"}),
    "time zones and character sets": (
        {"time_zone": "+09:00", "character_set_server": "gbk", "init_connect": "SET NAMES latin1, time_zone='-03:00'"},
        {
            "time_zone": "-11:30",
            "character_set_server": "latin1",
            "init_connect": "SET NAMES utf8mb4, sql_mode='TRADITIONAL', time_zone='+05:45', character_set_results=NULL",
            "explicit_defaults_for_timestamp": "OFF",
            "default_storage_engine": "MyISAM",
        },
    ),
}


def statements() -> Iterator[str]:
    """The hostile tables that these tests move: fewer rows than in the test of values, all their kinds."""
    made = [one for one in values.statements() if one != values.RANDOM_ROWS]
    binary = "CREATE TABLE text_binary (id INT PRIMARY KEY, c CHAR(9), v VARCHAR(9), t TEXT) CHARACTER SET binary"
    rows = (
        "INSERT INTO text_binary VALUES (1,'',x'00',x'ff'),(2,'a ','a ','a '),(3,NULL,NULL,NULL),(4,'\\\\','''','\\Z')"
    )
    yield values.MODE.partition(" cte_max")[0].rstrip(",")  # 5.7 does not know that one
    yield from (one for one in made if any(f" {table} (" in one[:80] or f" {table} VALUES" in one for table in TABLES))
    yield from chain((binary, rows, NAMED, NAMED_ROWS))


class Pair:
    """Two servers of these tests' own, and a schema of hostile tables at the source."""

    def __init__(self, source: Server, target: Server) -> None:
        self.source, self.target = source, target
        self.schema = f"settings_{uuid.uuid4().hex[:8]}"
        client.rows(source, f"CREATE DATABASE {self.schema} CHARACTER SET utf8mb4")
        values.fill(source, self.schema, statements())

    def moves(
        self, migrate: Migrate, here: Mapping[str, str] | None = None, there: Mapping[str, str] | None = None
    ) -> None:
        """Plan, apply and verify under these settings; the proof is ours, value by value, under the lab's own."""
        goal = f"{self.schema}_{uuid.uuid4().hex[:8]}"
        migrate.configure(self.source, self.target, (f"{self.schema}.*", f"{goal}.*"))
        before = put(self.source, here or {}), put(self.target, there or {})
        try:
            migrate.must("plan")
            migrate.must("apply", PLAN)
            migrate.must("verify", PLAN)
        finally:
            put(self.source, before[0])
            put(self.target, before[1])
        names = equality.tables(self.source, self.schema)
        assert len(names) == len(TABLES) + 1
        for table in names:
            moved = equality.rows(self.target, goal, table)
            assert moved == equality.rows(self.source, self.schema, table), table
            assert moved


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two of MySQL 8.0.33."""
    with extra("settings-source") as source, extra("settings-target") as target:
        yield Pair(source, target)


def put(server: Server, wanted: Mapping[str, str]) -> dict[str, str]:
    """Set these for all sessions to come, and give what they were."""
    before = {}
    with client.connect(server, root=True) as connection, connection.cursor() as cursor:
        for variable, value in wanted.items():
            cursor.execute(f"SELECT @@GLOBAL.{variable}")
            (told,) = cursor.fetchone() or ("",)
            before[variable] = {0: "OFF", 1: "ON"}.get(told, str(told or ""))
            cursor.execute(f"SET GLOBAL {variable} = %s", (value,))
    return before


OFTEN = ("quoting on the target", "strict, by INSERT", "time zones and character sets")


@pytest.mark.parametrize("case", [pytest.param(one, marks=() if one in OFTEN else pytest.mark.full) for one in CASES])
def test_hostile_values_arrive_whatever_the_servers_are_set_to(case: str, pair: Pair, migrate: Migrate) -> None:
    pair.moves(migrate, *CASES[case])


def test_hostile_values_arrive_from_where_names_of_tables_know_no_case(pair: Pair, migrate: Migrate) -> None:
    options = ["--lower-case-table-names=1", f"--sql-mode={STRICT}", "--default-time-zone=-05:00"]
    with extra("settings-no-case", "5.7.22", options) as source:
        Pair(source, pair.target).moves(migrate)
