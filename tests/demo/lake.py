"""`python -m tests.demo.lake`: a partitioned schema moves from one lake to another, by the real command.

Two Trinos with a metastore and a bucket each, started for this unless they are up, and ended then. Exit status: 0 all
was as it should be, 1 it was not or a command failed.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import obstore
from trino.exceptions import Error as TrinoError

from tests.demo.command import REPOSITORY, Migrate, Ran
from tests.demo.story import say
from tests.lab import LabError, lease
from tests.lab.lake import End, Lake, lake_of

SCHEMA = "demo_sales"
PLAN = "sales.toml"
TABLES = ("customers", "orders")
KEYS = ("LAKE_OLD_KEY", "LAKE_OLD_SECRET", "LAKE_NEW_KEY", "LAKE_NEW_SECRET")

CONFIGURATION = """\
# Written by `make demo-lake`.
name = "sales"

[endpoint.old]
engine = "lake"
host = "{source.trino.host}"
port = {source.trino.port}
user = "etl"
[endpoint.old.s3]
endpoint = "{endpoint}"
region = "us-east-1"
access_key = "${{LAKE_OLD_KEY}}"
secret_key = "${{LAKE_OLD_SECRET}}"

[endpoint.new]
engine = "lake"
host = "{target.trino.host}"
port = {target.trino.port}
user = "etl"
[endpoint.new.s3]
endpoint = "{endpoint}"
region = "us-east-1"
access_key = "${{LAKE_NEW_KEY}}"
secret_key = "${{LAKE_NEW_SECRET}}"

[[move]]
from = "old:hive.{schema}.*"
to = "new:hive.{schema}.*"
location = "s3://{target.bucket}/{schema}"
"""

MAKE = (
    "CREATE SCHEMA hive.{schema} WITH (location = 's3://{bucket}/{schema}')",
    """CREATE TABLE hive.{schema}.customers COMMENT 'who buys'
    WITH (external_location = 's3://{bucket}/{schema}/customers', format = 'ORC')
    AS SELECT custkey, name, nationkey, acctbal, comment FROM tpch.tiny.customer""",
    """CREATE TABLE hive.{schema}.orders (
        orderkey bigint COMMENT 'the key', custkey bigint, totalprice double, comment varchar(79), month varchar(7)
    ) WITH (external_location = 's3://{bucket}/{schema}/orders', format = 'PARQUET',
    partitioned_by = ARRAY['month'])""",
    """INSERT INTO hive.{schema}.orders
    SELECT orderkey, custkey, totalprice, comment, substr(CAST(orderdate AS varchar), 1, 7) FROM tpch.tiny.orders
    WHERE orderdate < DATE '1995-01-01'""",
    """CREATE VIEW hive.{schema}.sold_by_month AS
    SELECT month, sum(totalprice) AS total, DECIMAL '1.10' AS vat FROM hive.{schema}.orders GROUP BY month""",
)
NEW_MONTH = """INSERT INTO hive.{schema}.orders
    SELECT orderkey, custkey, totalprice, comment, '1995-01' FROM tpch.tiny.orders
    WHERE orderdate >= DATE '1995-01-01' AND orderdate < DATE '1995-02-01'"""


def main() -> int:
    """Run the demo; the exit status."""
    started = time.monotonic()
    try:
        with lease("lake") as lab, _schemas(lake_of(lab)) as lake:
            wrong = tell(lake, REPOSITORY / "build" / "demo-lake")
    except (LabError, TrinoError) as error:
        say(f"failed: {error}")
        return 1
    for one in wrong:
        say(f"WRONG: {one}")
    say(f"{'not as it should be' if wrong else 'all as it should be'}, in {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


@contextmanager
def _schemas(lake: Lake) -> Iterator[Lake]:
    """The lake without the demo's schema, before and after."""
    ends = (lake.source, lake.target)
    for end in ends:
        _drop(lake, end)
    try:
        yield lake
    finally:
        for end in ends:
            _drop(lake, end)


def _drop(lake: Lake, end: End) -> None:
    store = lake.store(end.bucket, end.key)
    for page in obstore.list(store, SCHEMA):
        obstore.delete(store, [one["path"] for one in page])
    if [SCHEMA] not in end.rows("SHOW SCHEMAS FROM hive"):
        return
    for (name,) in end.rows(f"SELECT table_name FROM hive.information_schema.views WHERE table_schema = '{SCHEMA}'"):
        end.rows(f'DROP VIEW hive.{SCHEMA}."{name}"')
    for (name,) in end.rows(f"SHOW TABLES FROM hive.{SCHEMA}"):  # _mo_ tables too: what a swap has kept
        end.rows(f'DROP TABLE hive.{SCHEMA}."{name}"')
    end.rows(f"DROP SCHEMA hive.{SCHEMA}")


def tell(lake: Lake, folder: Path) -> list[str]:
    """Make the schema, move it, let a month come, move that, take it back; what was not as it should be."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    text = CONFIGURATION.format(source=lake.source, target=lake.target, endpoint=lake.endpoint, schema=SCHEMA)
    (folder / "migrate.toml").write_text(text, encoding="utf-8")
    say(f"Trino {lake.source.trino.version} and bucket {lake.source.bucket} are the source,")
    say(f"Trino {lake.target.trino.version} and bucket {lake.target.bucket}, with other keys, the target")
    for sql in MAKE:
        lake.source.rows(sql.format(schema=SCHEMA, bucket=lake.source.bucket))
    say(f"made the schema {SCHEMA}: {counts(lake.source)}; the commands below run in {folder}")
    keys = (lake.source.key.access, lake.source.key.secret, lake.target.key.access, lake.target.key.secret)
    return Story(lake, Migrate(folder, dict(zip(KEYS, keys, strict=True)))).run()


class Story:
    """Commands one after the other; the first that ends otherwise than it should is the last."""

    def __init__(self, lake: Lake, migrate: Migrate) -> None:
        self._lake = lake
        self._migrate = migrate
        self._wrong: list[str] = []

    def run(self) -> list[str]:
        """All of it; what was wrong."""
        self._does("plan", "-c", "migrate.toml", "-o", PLAN)
        self._does("apply", PLAN)
        self._does("verify", PLAN)
        self._equal("after the first apply")
        self._does("plan", "-c", "migrate.toml", "-o", "again.toml", "--detailed-exitcode")
        before = sums(self._lake.target)
        self._lake.source.rows(NEW_MONTH.format(schema=SCHEMA))
        say("the source got a new partition, month = 1995-01")
        self._does("plan", "-c", "migrate.toml", "-o", "month.toml", "--detailed-exitcode", code=2)
        self._does("apply", "month.toml")
        self._equal("after the second apply")
        self._does("apply", "month.toml")
        self._does("rollback", "month.toml", "--dry-run")
        self._does("rollback", "month.toml")
        if not self._wrong and sums(self._lake.target) != before:
            self._wrong.append("after the rollback the target is not as it was before")
        return self._wrong

    def _does(self, *words: str, code: int = 0) -> None:
        if self._wrong:
            return
        ran: Ran = self._migrate.run(*words)
        if ran.code != code:
            self._wrong.append(f"`migrate {' '.join(words)}` ended with {ran.code}, not with {code}")

    def _equal(self, when: str) -> None:
        """Checked without migrate: every table of both sides, counted and summed up by its own Trino."""
        if self._wrong:
            return
        here, there = sums(self._lake.source), sums(self._lake.target)
        if here == there:
            say(f"checked without migrate: {len(here)} tables and views are equal {when}")
        else:
            self._wrong.append(f"{when} both sides differ: {here} at the source, {there} at the target")


def sums(end: End) -> dict[str, Sequence[object]]:
    """Of each table and view its rows and a checksum of all of them."""
    found: dict[str, Sequence[object]] = {}
    for (name,) in end.rows(f"SHOW TABLES FROM hive.{SCHEMA}"):
        if not name.startswith("_mo_"):
            columns = [row[0] for row in end.rows(f"SHOW COLUMNS FROM hive.{SCHEMA}.{name}")]
            checksums = ", ".join(f"to_hex(checksum({column}))" for column in columns)
            found[name] = end.rows(f"SELECT count(*), {checksums} FROM hive.{SCHEMA}.{name}")[0]
    return found


def counts(end: End) -> str:
    """The tables in words."""
    rows = {name: end.rows(f"SELECT count(*) FROM hive.{SCHEMA}.{name}")[0][0] for name in TABLES}
    (months,) = end.rows(f'SELECT count(*) FROM hive.{SCHEMA}."orders$partitions"')[0]
    said = ", ".join(f"{name} with {number:,} rows" for name, number in rows.items())
    return f"{said} in {months} partitions, and a view"


if __name__ == "__main__":
    sys.exit(main())
