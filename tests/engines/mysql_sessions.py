"""The lab's servers as the engine connects to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from migrate.engines.mysql.connect import Server, Session
from migrate.model.plan import EndpointRef
from tests.lab import Server as LabServer


def ref_of(server: LabServer, **changes: object) -> EndpointRef:
    fields: dict[str, object] = {
        "engine": "mysql",
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
    }
    return EndpointRef(**{**fields, **changes})  # type: ignore[arg-type]  # msgspec's own types are checked by use


@asynccontextmanager
async def connected(server: LabServer, **changes: object) -> AsyncIterator[Server]:
    opened = Server("old", ref_of(server, **changes), slots=4)
    try:
        yield opened
    finally:
        await opened.close()


async def table_for_load(session: Session, schema: str) -> str:
    table = f"`{schema}`.`t`"
    await session.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, b LONGBLOB)")
    return table


def load(table: str) -> str:
    return (
        f"LOAD DATA LOCAL INFILE 'x' INTO TABLE {table} CHARACTER SET binary"
        " FIELDS TERMINATED BY ',' ESCAPED BY '' LINES TERMINATED BY ';'"
    )
