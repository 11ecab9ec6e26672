"""Tables made on a real server and the catalog that is told of them."""

from __future__ import annotations

from migrate.engines.mysql.inspect import inspect
from migrate.model.pattern import Pattern, parse_pattern
from migrate.model.table import (
    Catalog,
    Column,
    Partition,
    Partitioning,
    Storage,
    Table,
)
from migrate.model.types import (
    Enum,
    Integer,
    NeutralType,
    Set,
    Text,
)
from migrate.sql import quote
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer
from tests.lab import client

CHARSET, COLLATION = "utf8mb4", "utf8mb4_0900_ai_ci"
INNODB = Storage(engine="InnoDB", transactional=True, row_format="Dynamic", charset=CHARSET, collation=COLLATION)


def is_old(server: LabServer) -> bool:
    return server.version == "8.0.12"


def patterns(*texts: str) -> tuple[Pattern, ...]:
    return tuple(parse_pattern(f"old:{text}") for text in texts)


async def catalog_of(server: LabServer, *texts: str) -> Catalog:
    async with connected(server) as opened:
        return await inspect(opened, patterns(*texts))


async def table_of(server: LabServer, schema: str, *statements: str, name: str = "t") -> Table:
    """The table `name` after these statements, each with `{s}` for the schema."""
    run(server, schema, *statements)
    (table,) = (await catalog_of(server, f"{quote(schema)}.{quote(name)}")).tables
    return table


def run(server: LabServer, schema: str, *statements: str) -> None:
    with client.connect(server, database=schema) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.replace("{s}", schema))


def column(name: str, native: str, kind: NeutralType, **more: object) -> Column:
    if isinstance(kind, Text | Enum | Set) and "charset" not in more:
        more = {"charset": CHARSET, "collation": COLLATION, **more}
    return Column(name, native, kind, **more)  # type: ignore[arg-type]  # fields of Column, compared below


INT, TEXT = Integer(32), Text(CHARSET)


def int_(server: LabServer) -> str:
    return "int(11)" if is_old(server) else "int"


PARTITIONED: tuple[tuple[str, str, Partitioning], ...] = (
    (
        "a INT",
        "RANGE (a) (PARTITION p0 VALUES LESS THAN (10) COMMENT 'c''0', PARTITION `p%` VALUES LESS THAN MAXVALUE)",
        Partitioning("RANGE", "`a`", (Partition("p0", "LESS THAN (10)", "c'0"), Partition("p%", "LESS THAN MAXVALUE"))),
    ),
    (
        "a INT, b VARCHAR(5)",
        "RANGE COLUMNS (a, b) (PARTITION p VALUES LESS THAN (10,'a'), PARTITION q VALUES LESS THAN (MAXVALUE,'z'))",
        Partitioning(
            "RANGE COLUMNS",
            "`a`,`b`",
            (Partition("p", "LESS THAN (10,'a')"), Partition("q", "LESS THAN (MAXVALUE,'z')")),
        ),
    ),
    (
        "a INT",
        "LIST (a) (PARTITION p0 VALUES IN (1,2,NULL), PARTITION p1 VALUES IN (3))",
        Partitioning("LIST", "`a`", (Partition("p0", "IN (NULL,1,2)"), Partition("p1", "IN (3)"))),
    ),
    (
        "`한글` VARCHAR(5)",
        "LIST COLUMNS (`한글`) (PARTITION `é` VALUES IN ('é','b'''))",
        Partitioning("LIST COLUMNS", "`한글`", (Partition("é", "IN ('é','b''')"),)),
    ),
    (
        "a INT",
        "LINEAR HASH (a) PARTITIONS 2",
        Partitioning("LINEAR HASH", "`a`", (Partition("p0"), Partition("p1"))),
    ),
    (
        "a INT PRIMARY KEY",
        "KEY () PARTITIONS 11",
        Partitioning("KEY", "", tuple(Partition(f"p{number}") for number in range(11))),
    ),
    (
        "d DATE",
        """RANGE (YEAR(d)) SUBPARTITION BY HASH (TO_DAYS(d)) SUBPARTITIONS 2 (
        PARTITION p0 VALUES LESS THAN (2000) (SUBPARTITION s1, SUBPARTITION s0),
        PARTITION p1 VALUES LESS THAN (2010) (SUBPARTITION s2, SUBPARTITION s3))""",
        Partitioning(
            "RANGE",
            "year(`d`)",
            (
                Partition("p0", "LESS THAN (2000)", subpartitions=("s1", "s0")),
                Partition("p1", "LESS THAN (2010)", subpartitions=("s2", "s3")),
            ),
            "HASH",
            "to_days(`d`)",
        ),
    ),
)
