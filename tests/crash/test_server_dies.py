"""The target server is killed in the middle of apply and comes back some seconds later."""

from __future__ import annotations

import time
from pathlib import Path

import pymysql
import pytest

from tests import lab as lab_api
from tests.conftest import FreshSchemas
from tests.crash.command import PLAN
from tests.crash.conftest import Begin
from tests.crash.proof import Proof, multiset
from tests.crash.shop import KEYLESS, fill_numbers, make_shop
from tests.lab import Server, client

SAFE = "SELECT IFNULL(SUM(row_count), 0) FROM _migrate_ledger WHERE kind = 'chunk' AND step LIKE %s"


def safe_rows(target: Server, schema: str, step: str = "%") -> int:
    """Rows that the ledger calls safe, of steps like that."""
    try:
        return int(client.rows(target, SAFE, step, database=schema)[0][0])
    except pymysql.err.MySQLError as error:
        if error.args[0] in (1049, 1146):  # the schema, or the ledger in it, is not there yet
            return 0
        raise


@pytest.mark.parametrize("share", [0.3, pytest.param(0.7, marks=pytest.mark.full)])
def test_apply_survives_the_death_of_its_target_or_says_so_and_resumes(
    share: float, begin: Begin, shop: str, proof: Proof
) -> None:
    with lab_api.extra("crash-target") as private:
        migrate = begin(shop, "arrived", "work", private)
        migrate.plan()
        process = migrate.start("apply", PLAN)
        assert process.until(lambda: safe_rows(private, "arrived") > share * 600_000), process.wait().out
        lab_api.kill9(private)
        time.sleep(3)
        private = lab_api.restart(private)
        ran = process.wait()
        assert ran.code in (0, 3), ran.err + ran.out
        assert len(ran.err) < 20_000
        if ran.code == 3:
            assert "migrate apply plans/crash.toml" in ran.out + ran.err, "the resume line"
            ran = migrate.apply()
            assert ran.code == 0, ran.err + ran.out
        proof.assert_equal(private, "arrived")
        again = migrate.apply()
        assert (again.code, again.out.startswith("Nothing to do")) == (0, True), again.err


def test_the_death_of_the_source_server_is_said_in_a_sentence_and_resumed(begin: Begin, target: Server) -> None:
    """A private source, so that nobody else loses theirs."""
    new = f"orphaned_{time.monotonic_ns():x}"
    with lab_api.extra("crash-source") as private:
        make_shop(private, "leaving", 60_000)
        try:
            migrate = begin("leaving", new, "work", target, private)
            migrate.plan()
            process = migrate.start("apply", PLAN)
            assert process.until(lambda: safe_rows(target, new) > 50_000), process.wait().out
            lab_api.stop(private)
            ran = process.wait()
            assert ran.code == 3, ran.err + ran.out
            assert "old:" in ran.err + ran.out
            down = migrate.apply()
            assert down.code == 1, down.err + down.out
            private = lab_api.restart(private)
            ran = migrate.apply()
            assert ran.code == 0, ran.err + ran.out
            Proof(private, "leaving", KEYLESS).assert_equal(target, new)
        finally:
            client.rows(target, f"DROP DATABASE IF EXISTS `{new}`")


def lose_index(server: Server, schema: str, table: str) -> None:
    """What a MyISAM table's index may be after the death of its server: no block of it ever came to the disk."""
    file = Path(server.datadir) / schema / f"{table}.MYI"
    told = bytearray(file.read_bytes())
    header = -(-int.from_bytes(told[6:8], "big") // 1024) * 1024
    assert len(told) > header + 1024, "the index has blocks"
    told[header:] = bytes(len(told) - header)
    file.write_bytes(told)


@pytest.mark.parametrize(
    "version", ["8.0.33", *(pytest.param(one, marks=pytest.mark.full) for one in ("5.7.22", "11.8"))]
)
def test_an_index_that_died_with_its_server_is_repaired_and_no_row_is_there_twice(
    version: str, begin: Begin, fresh_schemas: FreshSchemas, source: Server
) -> None:
    """MyISAM keeps blocks of its indexes in memory, and does not notice when a file lacks them."""
    old = fresh_schemas("pages", source)
    fill_numbers(source, old, 24_000)
    pages = "(id INT {key}, page CHAR(40) NOT NULL, body VARCHAR(400) NOT NULL, KEY by_page (page)) ENGINE=MyISAM"
    for table, key in (("pages", "PRIMARY KEY"), ("pile", "NOT NULL")):
        client.rows(source, f"CREATE TABLE {table} {pages.format(key=key)} CHARSET latin1", database=old)
        client.rows(source, f"INSERT INTO {table} SELECT n, SHA1(n), REPEAT(MD5(n), 9) FROM numbers", database=old)
    with lab_api.extra("crash-index", version) as private:
        migrate = begin(old, "arrived", "work", private)
        migrate.plan()
        process = migrate.start("apply", PLAN, "--parallelism", "1")
        assert process.until(lambda: 0 < safe_rows(private, "arrived", "%.pages") < 24_000), process.wait().out
        lab_api.kill9(private)
        lose_index(private, "arrived", "pages")
        private = lab_api.restart(private)
        assert process.wait().code == 3
        ran = migrate.apply()
        assert ran.code == 0, ran.err + ran.out
        for table in ("pages", "pile"):
            assert multiset(private, "arrived", table) == multiset(source, old, table)
            said = client.rows(private, f"CHECK TABLE arrived.{table} EXTENDED")
            assert said[-1][-1] == "OK", said
