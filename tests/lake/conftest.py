"""Fixtures of the tests on the lake. Its servers start when the first of them asks for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from trino.exceptions import TrinoQueryError

from tests.conftest import leased
from tests.lab.lake import End, Lake, lake_of

FreshSchema = Callable[[End, str], str]


@pytest.fixture(scope="session")
def lake() -> Iterator[Lake]:
    """The lab's group `lake`, up. At the end it stays up if it was before, or if another test run uses it."""
    for lab in leased("lake"):
        yield lake_of(lab)


@pytest.fixture
def fresh_schema(lake: Lake) -> Iterator[FreshSchema]:
    """Call it for a schema nobody uses, at a location of its own in the end's bucket; it is dropped after the test."""
    made: list[tuple[End, str]] = []

    def fresh(end: End, label: str) -> str:
        name = f"{label}_{uuid.uuid4().hex[:10]}"
        end.rows(f"CREATE SCHEMA hive.{name} WITH (location = 's3://{end.bucket}/{name}')")
        made.append((end, name))
        return name

    yield fresh
    for end, name in made:
        for (table,) in end.rows(f"SHOW TABLES FROM hive.{name}"):
            _drop(end, name, table)
        end.rows(f"DROP SCHEMA hive.{name}")


def _drop(end: End, schema: str, table: str) -> None:
    """Drop a table through the catalog that can read it: each sees the tables of the others and refuses them."""
    declared = {name for (name,) in end.rows("SHOW CATALOGS")}
    catalogs = [name for name in ("hive", "iceberg", "delta") if name in declared]
    quoted = table.replace('"', '""')
    for catalog in catalogs:
        try:
            end.rows(f'DROP TABLE {catalog}.{schema}."{quoted}"')
        except TrinoQueryError as error:
            if error.error_name not in ("UNSUPPORTED_TABLE_TYPE", "NOT_SUPPORTED") or catalog == catalogs[-1]:
                raise
        else:
            return
