"""A small shop on the source and a name for it on the target: what the tests of failures share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pymysql

from tests.e2e.command import PLAN, Migrate, Ran
from tests.e2e.equality import assert_equal
from tests.lab import Server, client

ROWS = 60_000


@dataclass
class World:
    """A shop on the source, a name for it on the target, and the command configured for both."""

    migrate: Migrate
    source: Server
    target: Server
    schema: str
    goal: str

    def configure(self, **changes: str) -> None:
        self.migrate.configure(self.source, self.target, (f"{self.schema}.*", f"{self.goal}.*"), **changes)

    def plan(self) -> Ran:
        return self.migrate.must("plan")

    def apply(self, *words: str) -> Ran:
        return self.migrate("apply", PLAN, *words)

    def finishes(self) -> None:
        """The same command again ends well, and both sides are equal."""
        ran = self.apply()
        assert ran.code == 0, ran.text
        assert_equal(self.source, self.schema, self.target, self.goal)

    def state_is_intact(self) -> None:
        """`status` still works, and SQLite finds nothing wrong with the file."""
        self.migrate.must("status", PLAN)
        file = self.migrate.folder / "state" / "migrate.db"
        if file.exists():
            with sqlite3.connect(file) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def target_is_untouched(self) -> None:
        assert client.rows(self.target, "SHOW DATABASES LIKE %s", self.goal.replace("_", r"\_"), root=True) == []


SMALL = """
CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80));
CREATE TABLE orders (id INT PRIMARY KEY, customer INT, FOREIGN KEY (customer) REFERENCES customer (id));
INSERT INTO customer VALUES (1,'a'),(2,'b');
INSERT INTO orders VALUES (1,1),(2,2),(3,NULL)"""


def fill(server: Server, schema: str, script: str = SMALL) -> None:
    for statement in script.split(";\n"):
        client.rows(server, statement, database=schema)


def fill_much(server: Server, schema: str) -> None:
    """Two tables whose load takes some seconds: one with a key, one without."""
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        cursor.execute("SET cte_max_recursion_depth = 10000000")
        cursor.execute("CREATE TABLE big (id INT PRIMARY KEY, a VARCHAR(40), b VARBINARY(2000), KEY (a))")
        cursor.execute("CREATE TABLE bag (n INT, a VARCHAR(40))")
        numbers = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
        cursor.execute(f"INSERT INTO big {numbers} SELECT i, MD5(i), REPEAT(UNHEX(MD5(-i)), 100) FROM n")
        cursor.execute(f"INSERT INTO bag {numbers} SELECT i DIV 3, MD5(i DIV 3) FROM n")


@contextmanager
def account(server: Server, name: str, *grants: str) -> Iterator[str]:
    """An account with these privileges only, its password the lab's; gone at the end."""
    client.rows(server, f"CREATE USER {name} IDENTIFIED WITH caching_sha2_password BY '{server.password}'", root=True)
    try:
        for grant in grants:
            client.rows(server, f"GRANT {grant} TO {name}", root=True)
        yield name
    finally:
        client.rows(server, f"DROP USER {name}", root=True)


def count(server: Server, query: str) -> int:
    """What a query counts; 0 while its table is not there yet."""
    try:
        return int(client.rows(server, query)[0][0])
    except pymysql.err.MySQLError as error:
        if error.args[0] in (1049, 1146):
            return 0
        raise
