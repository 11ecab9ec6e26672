"""Lake engines on the lab's two ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from migrate.engines.lake import LakeEngine
from migrate.engines.lake.table_files import LakeFiles
from migrate.model.pattern import Pattern, parse_pattern
from migrate.model.plan import EndpointRef, S3Ref
from migrate.model.table import Catalog, Table, TableName
from tests.lab.buckets import REGION, Key
from tests.lab.definitions import HOST, USER
from tests.lab.lake import End, Lake


def ref_of(lake: Lake, end: End, key: Key | None = None, ledger: str = "") -> EndpointRef:
    """The endpoint of an end, reached by its own key unless another one is given."""
    used = key or end.key
    s3 = S3Ref(endpoint=lake.endpoint, region=REGION, access_key=used.access, secret_key=used.secret)
    return EndpointRef("lake", host=HOST, port=end.trino.port, user=USER, s3=s3, ledger=ledger)


@asynccontextmanager
async def engine(lake: Lake, end: End, key: Key | None = None, ledger: str = "") -> AsyncIterator[LakeEngine]:
    """The engine of an end, called like it; closed at the end."""
    opened = LakeEngine("target" if end is lake.target else "source", ref_of(lake, end, key, ledger), 4)
    try:
        yield opened
    finally:
        await opened.close()


def pattern(text: str) -> Pattern:
    return parse_pattern(f"lake:{text}")


async def table(opened: LakeEngine, name: TableName) -> Table:
    """One table, as `inspect` tells it."""
    catalog: Catalog = await opened.inspect([pattern(f"`{name.catalog}`.`{name.schema}`.{_literal(name.name)}")])
    (found,) = catalog.tables
    return found


def _literal(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def files(opened: LakeEngine) -> LakeFiles:
    return opened.lake_files
