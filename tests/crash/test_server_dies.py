"""The target server is killed in the middle of apply and comes back some seconds later."""

from __future__ import annotations

import time

import pymysql
import pytest

from tests import lab as lab_api
from tests.crash.command import PLAN
from tests.crash.conftest import Begin
from tests.crash.proof import Proof
from tests.crash.shop import KEYLESS, make_shop
from tests.lab import Server, client

SAFE = "SELECT IFNULL(SUM(row_count), 0) FROM _migrate_ledger WHERE kind = 'chunk'"


def safe_rows(target: Server, schema: str) -> int:
    """Rows that the ledger calls safe."""
    try:
        return int(client.rows(target, SAFE, database=schema)[0][0])
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
