"""`migrate analyze` of very many tables that are files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import cast

from migrate.cli.analyze import LISTED, TOGETHER, _with_files
from migrate.engines.files import FilePartition, Files, Listing, Place
from migrate.errors import ServerError
from migrate.model.table import Table, TableName
from migrate.ui.inventory import Entry, inventory_lines


class Lake:
    """Tables of two partitions, but for one whose partitions cannot be read."""

    def __init__(self) -> None:
        self.held = self.most_held = self.listed = self.most_listed = 0

    async def places(self, tables: Sequence[Table]) -> Mapping[TableName, Place]:
        return {one.name: Place(f"s3://b/{one.name.name}", external=True) for one in tables}

    async def partitions(self, table: Table, place: Place, condition: str) -> tuple[FilePartition, ...]:
        self.held += 1
        self.most_held = max(self.most_held, self.held)
        await asyncio.sleep(0)
        if table.name.name == "t00300":
            self.held -= 1
            raise ServerError("lake", f"{table.name}: its metastore entry is broken")
        return tuple(FilePartition(f"d={day}", (str(day),), f"{place.location}/d={day}") for day in range(2))

    async def listings(self, place: Place, partitions: Sequence[FilePartition]) -> AsyncIterator[tuple[str, Listing]]:
        self.listed += 1
        self.most_listed = max(self.most_listed, self.listed)
        for one in partitions:
            await asyncio.sleep(0)
            yield one.name, Listing(files=3, bytes=1000)
        self.listed -= 1
        self.held -= 1


async def test_files_of_thousands_of_tables_are_counted_some_at_a_time() -> None:
    lake = Lake()
    tables = [Table(TableName("s", f"t{number:05}", "hive"), ()) for number in range(5000)]
    entries = [Entry(one, 0, 0, (), ()) for one in tables]
    found = await _with_files(cast("Files", lake), entries)
    assert [one.table for one in found] == tables
    counted = {(one.stored.partitions, one.stored.files, one.stored.bytes) for one in found if one.stored}
    assert counted == {(2, 6, 2000), (None, None, None)}
    assert lake.most_held == TOGETHER
    assert lake.most_listed == LISTED
    lines = [line.plain for line in inventory_lines("lake", found, (), {})]
    assert lines[-1] == "5,000 tables, 29,994 files (10 MB), without those of 1 table that were not counted"
    broken = "      files: lake: hive.s.t00300: its metastore entry is broken"
    assert [line for line in lines if "broken" in line] == [broken]
    rows = [line for line in lines if line.startswith("  t0")]
    assert all(line.endswith(f"copy_files  s3://b/t{number:05}") for number, line in enumerate(rows))
    assert len(rows) == 5000
