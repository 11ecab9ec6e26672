"""What SHOW GRANTS says about the objects that an account sees."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.grants import unseen, writes_anyway

ALL = ("TRIGGER", "EVENT", "SHOW_ROUTINE")
EVERYWHERE = "GRANT SELECT, EVENT, TRIGGER ON *.* TO `u`@`%`"
USAGE = "GRANT USAGE ON *.* TO `u`@`%`"


@pytest.mark.parametrize(
    ("grants", "schemas", "missing"),
    [
        ((USAGE, "GRANT SELECT ON `shop`.* TO `u`@`%`"), ("shop",), ALL),
        ((USAGE, "GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`"), ("shop",), ()),
        ((USAGE, "GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`"), ("shop", "b"), ALL),
        (("GRANT SELECT, EVENT, TRIGGER ON *.* TO `u`@`%` WITH GRANT OPTION",), ("shop",), ()),
        (("GRANT EVENT, TRIGGER ON *.* TO `u`@`%`", "GRANT XA_ADMIN,SHOW_ROUTINE ON *.* TO `u`@`%`"), ("a",), ()),
        ((USAGE, "GRANT SELECT, EXECUTE, TRIGGER ON `shop`.* TO `u`@`%`"), ("shop",), ("EVENT",)),
        ((USAGE, "GRANT TRIGGER, EVENT, EXECUTE ON `sh\\_op`.* TO `u`@`%`"), ("sh_op",), ()),
        ((USAGE, "GRANT TRIGGER, EVENT, EXECUTE ON `sh\\_op`.* TO `u`@`%`"), ("shxop",), ALL),
        ((USAGE, "GRANT TRIGGER, EVENT, EXECUTE ON `s%`.* TO `u`@`%`"), ("shop",), ()),
        ((USAGE, "GRANT TRIGGER, SELECT (`a`, `b`) ON `shop`.`t` TO `u`@`%`"), ("shop",), ALL),
        ((EVERYWHERE, "REVOKE TRIGGER ON `shop`.* FROM `u`@`%`"), ("shop",), ("TRIGGER",)),
        ((EVERYWHERE, "REVOKE TRIGGER ON `b`.* FROM `u`@`%`"), ("shop",), ()),
        ((USAGE, "GRANT `role`@`%` TO `u`@`%`"), ("shop",), ALL),
    ],
)  # fmt: skip
def test_what_is_not_granted_everywhere_may_be_unseen(
    grants: tuple[str, ...], schemas: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    assert unseen(grants, schemas) == missing


@pytest.mark.parametrize(
    ("grants", "version", "missing"),
    [
        ((USAGE,), (10, 11, 18), ("TRIGGER", "EVENT", "SELECT on mysql.proc")),
        ((USAGE,), (11, 8, 9), ("TRIGGER", "EVENT", "SHOW CREATE ROUTINE")),
        ((USAGE, "GRANT SHOW CREATE ROUTINE ON `shop`.* TO `u`@`%`"), (11, 8, 9), ("TRIGGER", "EVENT")),
        ((USAGE, "GRANT SELECT ON `mysql`.`proc` TO `u`@`%`"), (10, 11, 18), ("TRIGGER", "EVENT")),
        ((USAGE, "GRANT SELECT, INSERT ON `mysql`.* TO `u`@`%`"), (10, 11, 18), ("TRIGGER", "EVENT")),
        ((USAGE, "GRANT INSERT ON `mysql`.* TO `u`@`%`"), (11, 8, 9), ("TRIGGER", "EVENT", "SHOW CREATE ROUTINE")),
    ],
)  # fmt: skip
def test_mariadb_shows_routines_to_whoever_may_read_its_table_of_them(
    grants: tuple[str, ...], version: tuple[int, ...], missing: tuple[str, ...]
) -> None:
    assert unseen(grants, ("shop",), version) == missing


@pytest.mark.parametrize(
    ("grant", "mariadb", "writes"),
    [
        ("GRANT ALL PRIVILEGES ON *.* TO `u`@`%`", (), True),
        ("GRANT INSERT, SUPER ON *.* TO `u`@`%`", (), True),
        ("GRANT CONNECTION_ADMIN ON *.* TO `u`@`%`", (), True),
        ("GRANT INSERT, SELECT ON *.* TO `u`@`%`", (), False),
        ("GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`", (), False),
        ("GRANT ALL PRIVILEGES ON *.* TO `u`@`%`", (11, 8, 9), True),
        ("GRANT SELECT, INSERT, READ_ONLY ADMIN ON *.* TO `u`@`%`", (11, 8, 9), True),
        ("GRANT SELECT, INSERT, SUPER ON *.* TO `u`@`%`", (11, 8, 9), False),
        ("GRANT SELECT, INSERT, SUPER ON *.* TO `u`@`%`", (10, 6, 1), True),
        ("GRANT CONNECTION ADMIN ON *.* TO `u`@`%`", (10, 11, 18), False),
    ],
)  # fmt: skip
def test_some_privileges_write_on_a_read_only_server(grant: str, mariadb: tuple[int, ...], writes: bool) -> None:
    assert writes_anyway((USAGE, grant), mariadb) is writes
