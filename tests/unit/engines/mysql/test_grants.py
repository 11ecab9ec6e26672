"""What SHOW GRANTS says about the objects that an account sees."""

from __future__ import annotations

import pytest

from migrate.engines.mysql.grants import unseen

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
