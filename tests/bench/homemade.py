"""What one writes in an afternoon: read rows with a streaming cursor, write them with executemany, four tables at once.

`python -m tests.bench.homemade SOURCE_PORT TARGET_PORT SCHEMA`; user and password in BENCH_USER and BENCH_PASSWORD.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator

import aiomysql

BATCH = 1000  # rows of one executemany and of one transaction
TOGETHER = 4


async def move(source_port: int, target_port: int, schema: str) -> None:
    """Copy every table of the schema. Raises what aiomysql raises."""
    source = await _connect(source_port, schema)
    async with source.cursor() as cursor:
        await cursor.execute("SHOW TABLES")
        tables = iter([row[0] for row in await cursor.fetchall()])
    source.close()
    await asyncio.gather(*(_worker(source_port, target_port, schema, tables) for _ in range(TOGETHER)))


async def _worker(source_port: int, target_port: int, schema: str, tables: Iterator[str]) -> None:
    source, target = await _connect(source_port, schema), await _connect(target_port, schema)
    for table in tables:
        async with source.cursor() as cursor:
            await cursor.execute(f"SHOW CREATE TABLE `{table}`")
            definition = (await cursor.fetchone())[1]
        async with target.cursor() as writer:
            await writer.execute(definition)
        async with source.cursor(aiomysql.SSCursor) as reader, target.cursor() as writer:
            await reader.execute(f"SELECT * FROM `{table}`")
            insert = f"INSERT INTO `{table}` VALUES ({', '.join(['%s'] * len(reader.description))})"
            while rows := await reader.fetchmany(BATCH):
                await writer.executemany(insert, rows)
                await target.commit()
    source.close()
    target.close()


async def _connect(port: int, schema: str) -> aiomysql.Connection:
    login = {"host": "127.0.0.1", "user": os.environ["BENCH_USER"], "password": os.environ["BENCH_PASSWORD"]}
    return await aiomysql.connect(port=port, db=schema, charset="utf8mb4", **login)


if __name__ == "__main__":
    asyncio.run(move(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
