"""Tables that broke when their server died: found, repaired, and named where nothing helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.engines.mysql.broken import mend
from migrate.errors import ServerError
from migrate.model.table import TableName
from tests.conftest import FreshSchemas
from tests.engines.mysql_sessions import connected
from tests.lab import Server as LabServer
from tests.lab import client

KEYED = "(id INT PRIMARY KEY, v VARBINARY(60) NOT NULL)"
BLOCK = 1024
"""Bytes in a block of a MyISAM index; its header takes one or some."""
OPEN = slice(24, 26)
"""Where the header counts who has the file open to write (open_count in storage/myisam/mi_open.c)."""


def filled(server: LabServer, schema: str, table: str, engine: str) -> TableName:
    client.rows(server, f"CREATE TABLE `{table}` {KEYED} ENGINE={engine}", database=schema)
    values = ",".join(f"({n},SHA2({n},224))" for n in range(500))
    client.rows(server, f"INSERT INTO `{table}` VALUES {values}", database=schema)
    return TableName(schema, table)


def index_file(server: LabServer, table: str, schema: str) -> Path:
    return Path(server.datadir) / schema / f"{table}.MYI"


def as_after_a_death(server: LabServer, schema: str, table: str) -> None:
    """Its file says that it was open, and no block of the index is in it."""
    file = index_file(server, table, schema)
    client.rows(server, f"FLUSH TABLES `{schema}`.`{table}`")
    told = bytearray(file.read_bytes())
    told[OPEN] = b"\0\1"
    header = -(-int.from_bytes(told[6:8], "big") // BLOCK) * BLOCK
    told[header:] = bytes(len(told) - header)
    file.write_bytes(told)


async def test_a_broken_index_is_made_anew_and_whole_tables_are_left_alone(
    every_server: LabServer, fresh_schemas: FreshSchemas
) -> None:
    schema = fresh_schemas("broken", every_server)
    broken, whole = (filled(every_server, schema, name, "MyISAM") for name in ("broken", "whole"))
    others = [filled(every_server, schema, engine, engine) for engine in ("InnoDB", "MEMORY")]
    as_after_a_death(every_server, schema, "broken")
    async with connected(every_server) as opened:
        assert await mend(opened, [*others, broken, whole]) == {broken}
        assert await mend(opened, [*others, broken, whole]) == frozenset()
        assert await mend(opened, []) == frozenset()
    by_key = f"SELECT COUNT(*), SUM(v = SHA2(id,224)) FROM `{schema}`.broken FORCE INDEX (PRIMARY) WHERE id >= 0"
    assert client.rows(every_server, by_key) == [(500, 500)]
    assert client.rows(every_server, f"CHECK TABLE `{schema}`.broken EXTENDED")[-1][-1] == "OK"


async def test_a_table_that_no_repair_helps_is_named(every_server: LabServer, fresh_schemas: FreshSchemas) -> None:
    schema = fresh_schemas("broken", every_server)
    gone = filled(every_server, schema, "gone", "MyISAM")
    client.rows(every_server, f"FLUSH TABLES `{schema}`.gone")
    index_file(every_server, "gone", schema).unlink()
    async with connected(every_server) as opened:
        with pytest.raises(
            ServerError, match=rf"{schema}\.gone broke when the server died, and REPAIR TABLE"
        ) as caught:
            await mend(opened, [gone])
        assert caught.value.hint == "drop that table and plan again"
