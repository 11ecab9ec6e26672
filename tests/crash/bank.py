"""Transfers between two tables of accounts, each told in a third one: any moment of the source can be worked out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pymysql

from tests.crash.shop import fill_numbers
from tests.lab import Server, client

ACCOUNTS = 16_000

TABLES = (
    """CREATE TABLE givers (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL, cents BIGINT NOT NULL,
  filling VARBINARY(3000) NOT NULL, UNIQUE KEY by_name (name)) CHARSET utf8mb4 COLLATE utf8mb4_general_ci""",
    """CREATE TABLE takers (name VARCHAR(40) NOT NULL PRIMARY KEY, cents BIGINT NOT NULL,
  filling VARBINARY(3000) NOT NULL) CHARSET utf8mb4 COLLATE utf8mb4_general_ci""",
    "CREATE TABLE journal (transfer BIGINT NOT NULL, giver INT NOT NULL, taker INT NOT NULL, cents INT NOT NULL)",
)
FILLING = "REPEAT(UNHEX(SHA2(SUBSTRING_INDEX(name, ' ', -1), 512)), 40)"
ROWS = (
    f"""INSERT INTO givers SELECT id, name, 1000000, {FILLING}
  FROM (SELECT n - 1 AS id, CONCAT('giver ', n - 1) AS name FROM numbers) AS named""",
    f"INSERT INTO takers SELECT name, 0, {FILLING} FROM (SELECT CONCAT('Taker ', n - 1) AS name FROM numbers) AS named",
)

Transfer = tuple[int, int, int, int]
"""Its number from 1 on, the giver, the taker, and the cents: a line of the journal."""


def transfer(number: int) -> Transfer:
    """What the transfer of that number is."""
    return number, number * 7919 % ACCOUNTS, number * 104729 % ACCOUNTS, 1 + number % 97


def moves(number: int) -> bool:
    """Whether the giver gets another id with it."""
    return number % 5 == 0


def make_bank(server: Server, schema: str) -> None:
    """Make the schema, with no transfer yet."""
    client.rows(server, f"CREATE DATABASE `{schema}`")
    fill_numbers(server, schema, ACCOUNTS)
    for statement in (*TABLES, *ROWS):
        client.rows(server, statement, database=schema)


def transfers(server: Server, schema: str) -> int:
    """How many there are."""
    return int(client.rows(server, f"SELECT COUNT(*) FROM `{schema}`.journal", root=True)[0][0])


@contextmanager
def transferring(server: Server, schema: str) -> Iterator[None]:
    """Transfers without a pause until the block ends, each in a transaction; when the server dies, on when it is back.

    As root: connections of the lab's user are the command's.
    """
    stop = threading.Event()

    def until_the_server_dies() -> None:
        with client.connect(server, root=True, database=schema, autocommit=False) as connection:
            with connection.cursor() as cursor:
                number = transfers(server, schema)
                while not stop.is_set():
                    number += 1
                    _, giver, taker, cents = line = transfer(number)
                    moved = ACCOUNTS if moves(number) else 0
                    cursor.execute(
                        f"UPDATE givers SET cents = cents - {cents}, id = id + {moved} WHERE name = 'giver {giver}'"
                    )
                    cursor.execute(f"UPDATE takers SET cents = cents + {cents} WHERE name = 'taker {taker}'")
                    cursor.execute(f"INSERT INTO journal VALUES {line}")
                    connection.commit()
                    time.sleep(0.002)

    def write() -> None:
        while not stop.is_set():
            try:
                until_the_server_dies()
            except pymysql.err.OperationalError:
                time.sleep(0.1)

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        try:
            yield
        finally:
            stop.set()
            written.result()


def assert_moment(server: Server, schema: str, number: int) -> None:
    """The schema is, by value, what the source was after exactly so many transfers."""
    ids, balance = list(range(ACCOUNTS)), [1_000_000] * ACCOUNTS
    earned = [0] * ACCOUNTS
    lines = [transfer(each) for each in range(1, number + 1)]
    for each, giver, taker, cents in lines:
        ids[giver] += ACCOUNTS if moves(each) else 0
        balance[giver] -= cents
        earned[taker] += cents
    givers = [(ids[one], f"giver {one}", balance[one], 1) for one in range(ACCOUNTS)]
    takers = [(f"Taker {one}", earned[one], 1) for one in range(ACCOUNTS)]
    filled = f"filling = {FILLING}"
    assert sorted(client.rows(server, f"SELECT id, name, cents, {filled} FROM givers", database=schema)) == sorted(
        givers
    )
    assert sorted(client.rows(server, f"SELECT name, cents, {filled} FROM takers", database=schema)) == sorted(takers)
    assert sorted(client.rows(server, "SELECT * FROM journal", database=schema)) == lines
    held = "SELECT (SELECT SUM(cents) FROM givers) + (SELECT SUM(cents) FROM takers)"
    assert client.rows(server, held, database=schema) == [(ACCOUNTS * 1_000_000,)], "no transfer is there by half"
