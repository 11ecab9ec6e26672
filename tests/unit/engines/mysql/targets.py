"""What servers have, as they told it, for tests that need no server."""

from __future__ import annotations

from migrate.engines.base import Dialect
from migrate.engines.mysql.abilities import Abilities

MYSQL_8 = Dialect("mysql", (8, 0, 33))
MYSQL_9 = Dialect("mysql", (9, 7, 4))
MYSQL_5 = Dialect("mysql", (5, 7, 22))
MARIADB_10 = Dialect("mariadb", (10, 11, 18))
MARIADB_11 = Dialect("mariadb", (11, 8, 9))

_SHARED = {
    "binary": "binary",
    "ascii_general_ci": "ascii",
    "latin1_swedish_ci": "latin1",
    "utf8mb3_general_ci": "utf8mb3",
    "utf8mb3_unicode_520_ci": "utf8mb3",
    "utf8mb4_bin": "utf8mb4",
    "utf8mb4_general_ci": "utf8mb4",
    "utf8mb4_swedish_ci": "utf8mb4",
    "utf8mb4_unicode_520_ci": "utf8mb4",
    "utf8mb4_unicode_ci": "utf8mb4",
}
OF_MYSQL = {name: "utf8mb4" for rules in ("ai_ci", "as_ci", "as_cs", "bin") for name in (f"utf8mb4_0900_{rules}",)}
OF_MYSQL |= {f"utf8mb4_sv_0900_{rules}": "utf8mb4" for rules in ("ai_ci", "as_cs")} | {"gb18030_bin": "gb18030"}
OF_MARIADB = {
    f"utf8mb4_uca1400_{language}{pad}a{accents}_c{case}": "utf8mb4"
    for language in ("", "swedish_")
    for pad in ("", "nopad_")
    for accents in "is"
    for case in "is"
} | {"utf8mb4_nopad_bin": "utf8mb4", "latin1_swedish_nopad_ci": "latin1", "utf8mb4_unicode_520_nopad_ci": "utf8mb4"}

TO_MYSQL_8 = Abilities(MYSQL_8, {**_SHARED, **OF_MYSQL}, frozenset({"innodb", "myisam", "archive"}))
TO_MYSQL_9 = Abilities(
    MYSQL_9,
    {**_SHARED, **OF_MYSQL},
    frozenset({"innodb", "myisam"}),
    missing=frozenset({"md5", "sha", "sha1"}),
    strict_parents=True,
)
TO_MARIADB_10 = Abilities(
    MARIADB_10,
    {**_SHARED, **OF_MARIADB},
    frozenset({"innodb", "myisam", "aria"}),
    frozenset({"lower", "json_overlaps"}),
)
TO_MARIADB_11 = Abilities(
    MARIADB_11,
    {**_SHARED, **OF_MARIADB, **{name: "utf8mb4" for name in OF_MYSQL if name != "gb18030_bin"}},
    frozenset({"innodb", "myisam", "aria"}),
    frozenset({"lower", "json_overlaps", "format_bytes"}),
)
