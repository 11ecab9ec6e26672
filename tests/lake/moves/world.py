"""Two ends of the lake as a user has them: a configuration file, secrets in the environment, schemas of the test's own.

What is equal is judged here by Trino alone: each side is asked for its rows and checksums, and nothing of `migrate` is
used for that.
"""

from __future__ import annotations

import contextlib
import json
import tomllib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import obstore

from tests.e2e.command import Migrate, Ran
from tests.lab.buckets import Key
from tests.lab.definitions import HOST, USER
from tests.lab.lake import End, Lake
from tests.lake.raw import request

PLAN = "plans/move.toml"
AT_ONCE = 4
Row = tuple[Any, ...]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@dataclass
class World:
    """A schema on the source, a name for it on the target, and the command configured for both ends.

    `goal` is made by `migrate`. Everything of both names is removed at the end: tables, schemas and objects.
    """

    lake: Lake
    migrate: Migrate
    schema: str
    goal: str
    goal_end: End
    goal_catalog: str = "hive"
    moves: str = field(default="", repr=False)

    # -- what there is

    @property
    def here(self) -> str:
        """Where the source's files are."""
        return f"s3://{self.lake.source.bucket}/{self.schema}"

    @property
    def there(self) -> str:
        """Where the move's files go."""
        return f"s3://{self.goal_end.bucket}/{self.goal}"

    def source(self, sql: str) -> list[list[Any]]:
        return self.lake.source.rows(sql.replace("{s}", f"hive.{self.schema}").replace("{at}", self.here))

    def target(self, sql: str) -> list[list[Any]]:
        return self.goal_end.rows(sql.replace("{t}", f"{self.goal_catalog}.{self.goal}").replace("{at}", self.there))

    def put(self, key: str, content: bytes, end: End | None = None) -> None:
        """Write one object below the source's location, or below the target's; one that is there is another version."""
        name, bucket = (self.schema, self.lake.source.bucket) if end is None else (self.goal, end.bucket)
        status, body = request(self.lake.endpoint, self.lake.both, "PUT", f"/{bucket}/{name}/{key}", content)
        assert status == 200, body

    def remove(self, key: str) -> None:
        """Remove one object below the source's location."""
        obstore.delete(self.lake.store(self.lake.source.bucket, self.lake.both), f"{self.schema}/{key}")

    def keys(self, below: str = "", end: End | None = None) -> list[str]:
        """Keys below the source's location, or the target's, without it."""
        name, bucket = (self.schema, self.lake.source.bucket) if end is None else (self.goal, end.bucket)
        listed = obstore.list(self.lake.store(bucket, self.lake.both), f"{name}/{below}".rstrip("/")).collect()
        return sorted(one["path"].removeprefix(f"{name}/") for one in listed)

    def tables(self) -> list[str]:
        """The target's tables and views, those that are ours left out."""
        return [name for name in self.every_table() if not name.startswith("_mo_")]

    def every_table(self) -> list[str]:
        if [self.goal] not in self.goal_end.rows(f"SHOW SCHEMAS FROM {self.goal_catalog}"):
            return []
        return sorted(name for (name,) in self.target("SHOW TABLES FROM {t}"))

    # -- small tables of text, whose files are written by hand

    def days(self, name: str = "t", days: Sequence[int] = (1, 2, 3), rows: int = 2) -> None:
        """A table with a partition for each of these days, of one file each."""
        self.source(
            f"CREATE TABLE {{s}}.{name} (id bigint, v varchar, p integer) WITH (format = 'TEXTFILE',"
            f" textfile_field_separator = '|', partitioned_by = ARRAY['p'], external_location = '{{at}}/{name}')"
        )
        for day in days:
            self.write(name, day, rows)
        self.show(name)

    def write(self, name: str, day: int, rows: int, key: str = "f") -> None:
        """One file of that day."""
        self.put(f"{name}/p={day}/{key}", "".join(f"{n}|v{day}\n" for n in range(rows)).encode())

    def show(self, name: str, mode: str = "FULL") -> None:
        """Have the source show the partitions whose folders are there."""
        self.source(f"CALL hive.system.sync_partition_metadata('{self.schema}', '{name}', '{mode}')")

    def plain(self, name: str = "t", rows: int = 3) -> None:
        """A table without partitions, of one file."""
        self.source(
            f"CREATE TABLE {{s}}.{name} (id bigint, v varchar) WITH (format = 'TEXTFILE',"
            f" textfile_field_separator = '|', external_location = '{{at}}/{name}')"
        )
        self.put(f"{name}/f", "".join(f"{n}|v\n" for n in range(rows)).encode())

    def theirs(self, name: str, location: str) -> None:
        """A table of somebody else on the target, over files that are like those of `plain`."""
        self.target(
            f"CREATE TABLE {{t}}.{name} (id bigint, v varchar) WITH (format = 'TEXTFILE',"
            f" textfile_field_separator = '|', external_location = '{location}')"
        )

    # -- the command

    def configure(
        self,
        tables: str = "*",
        keys: tuple[Key, Key] | None = None,
        from_: str = "",
        to: str = "",
        more: str = "",
        store: str = "",
        **move: Any,
    ) -> None:
        """Write migrate.toml: one move, whose keys are `move`; `more` is text behind it, `store` the S3 store's URL."""
        used = keys or (self.lake.source.key, self.goal_end.key)
        lines = ['name = "move"']
        for name, end, key in (("old", self.lake.source, used[0]), ("new", self.goal_end, used[1])):
            self.migrate.variables |= {
                f"{name.upper()}_PORT": str(end.trino.port),
                f"{name.upper()}_ACCESS": key.access,
                f"{name.upper()}_SECRET_KEY": key.secret,
            }
            lines += [
                f"[endpoint.{name}]",
                'engine = "lake"',
                f'host = "{HOST}"',
                f'port = "${{{name.upper()}_PORT}}"',
                f'user = "{USER}"',
                f"[endpoint.{name}.s3]",
                f'endpoint = "{store or self.lake.endpoint}"',
                'region = "us-east-1"',
                f'access_key = "${{{name.upper()}_ACCESS}}"',
                f'secret_key = "${{{name.upper()}_SECRET_KEY}}"',
            ]
        said = {
            "from": from_ or f"old:hive.{self.schema}.{tables}",
            "to": to or f"new:{self.goal_catalog}.{self.goal}.*",
            "location": self.there,
        } | move
        lines += ["[[move]]", *(f"{key} = {toml(value)}" for key, value in said.items())]
        (self.migrate.folder / "migrate.toml").write_text("\n".join([*lines, more, ""]), encoding="utf-8")

    def _judged(self, ran: Ran) -> Ran:
        for name, value in self.migrate.variables.items():
            assert not name.endswith("_SECRET_KEY") or value not in ran.out + ran.err, "a secret was shown"
        if self.migrate.plan.exists():
            assert not any(
                value in self.migrate.plan.read_text("utf-8")
                for name, value in self.migrate.variables.items()
                if name.endswith("_SECRET_KEY")
            )
        return ran

    def plan(self, *words: str) -> Ran:
        """Plan, which has to end well."""
        return self._judged(self.migrate.must("plan", *words))

    def planned(self, *words: str) -> dict[str, Any]:
        """Plan as JSON; the record of the plan."""
        (record,) = self._judged(self.migrate.must("plan", "--json", *words)).of("plan")
        return record

    def codes(self, *words: str) -> dict[str, set[str]]:
        """The tables that each code was found on."""
        found: dict[str, set[str]] = {}
        for one in self.planned(*words)["findings"]:
            found.setdefault(one["code"], set()).add(one["object"])
        return found

    def steps(self, kind: str = "") -> list[dict[str, Any]]:
        """The steps in the plan's file, or those of one kind."""
        found = tomllib.loads(self.migrate.plan.read_text("utf-8")).get("step", [])
        return [step for step in found if kind in ("", step["kind"])]

    def parts(self, table: str) -> dict[str, tuple[int, int]]:
        """Files and bytes of each partition that the plan copies of a table."""
        (step,) = [one for one in self.steps("copy_files") if one["source"].endswith(f".{table}")]
        return {part["name"]: (part["files"], part["bytes"]) for part in step["part"]}

    def apply(self, *words: str) -> Ran:
        return self._judged(self.migrate("apply", PLAN, *words))

    def rollback(self, *words: str) -> Ran:
        return self._judged(self.migrate("rollback", PLAN, *words))

    def moves_all(self) -> Ran:
        """Plan, apply, and both say that nothing is left to do."""
        self.plan()
        ran = self.apply()
        assert ran.code == 0, ran.text
        return ran

    def nothing_left(self) -> None:
        """Applying once more does nothing, both sides verify, and a new plan says that nothing changed."""
        again = self.apply()
        assert again.code == 0, again.text
        assert "Nothing to do" in again.out, again.text
        verified = self._judged(self.migrate("verify", PLAN))
        assert verified.code == 0, verified.text
        plan = self.plan()
        assert "No changes" in plan.out, plan.text

    # -- equality

    def assert_equal(self, names: Mapping[str, str] | None = None, only: str = "") -> dict[str, int]:
        """Rows and the checksum of every column, by partition, are the same on both sides; rows by table.

        `names` are tables and what they are called on the target; all of the source's unless they are given.
        """
        every = names or {name: name for name in base_tables(self.lake.source, "hive", self.schema)}

        def rows(name: str) -> int:
            return self._equal(name, every[name], only)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(every, pool.map(rows, every), strict=True))

    def _equal(self, name: str, other: str, only: str) -> int:
        there = columns(self.goal_end, self.goal_catalog, self.goal, other)
        parts = partition_columns(self.lake.source, self.schema, name)
        mine = sums(self.lake.source, f"hive.{self.schema}.{quoted(name)}", there, parts, only)
        theirs = sums(self.goal_end, f"{self.goal_catalog}.{self.goal}.{quoted(other)}", there, parts, only)
        assert mine == theirs, name
        return sum(int(row[len(parts)]) for row in mine)


def columns(end: End, catalog: str, schema: str, name: str) -> list[tuple[str, str]]:
    """Names and types of a table's columns."""
    rows = end.rows(
        f"SELECT column_name, data_type FROM {catalog}.information_schema.columns"
        f" WHERE table_schema = {text(schema)} AND table_name = {text(name)}"
    )
    assert rows, f"{catalog}.{schema}.{name} is not there"
    return sorted((str(name), str(kind)) for name, kind in rows)


def base_tables(end: End, catalog: str, schema: str) -> list[str]:
    """Tables of a schema, without views."""
    views = {
        name
        for (name,) in end.rows(
            f"SELECT table_name FROM {catalog}.information_schema.views WHERE table_schema = {text(schema)}"
        )
    }
    return sorted(name for (name,) in end.rows(f"SHOW TABLES FROM {catalog}.{schema}") if name not in views)


def partition_columns(end: End, schema: str, name: str) -> list[str]:
    """The partition columns of a table of Hive, from Trino's own words."""
    ((shown,),) = end.rows(f"SHOW CREATE TABLE hive.{schema}.{quoted(name)}")
    _, found, rest = str(shown).partition("partitioned_by = ARRAY[")
    return [part.strip("'") for part in rest.partition("]")[0].split(",")] if found else []


def sums(end: End, table: str, kinds: list[tuple[str, str]], parts: list[str], only: str) -> list[Row]:
    """By partition: rows, and the checksum of each column as the type that it has on the target."""
    by = [f"CAST({quoted(part)} AS varchar)" for part in parts]
    each = ", ".join(f"to_hex(checksum({value(name, kind)}))" for name, kind in kinds)
    where = f" WHERE {only}" if only else ""
    group = f" GROUP BY {', '.join(str(n + 1) for n in range(len(by)))}" if by else ""
    rows = end.rows(f"SELECT {', '.join([*by, 'count(*)', each])} FROM {table}{where}{group}")
    return sorted((tuple(row) for row in rows), key=lambda row: [str(one) for one in row])


def value(name: str, kind: str) -> str:
    """A column as the target's type; text without spaces at its end, where a CHAR becomes one."""
    cast = f"CAST({quoted(name)} AS {kind})"
    return f"rtrim({cast})" if kind.startswith("varchar") else cast


def toml(value: object) -> str:
    """A value of a configuration, on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


# -- made and removed


def new_name(label: str) -> str:
    return f"{label}_{uuid.uuid4().hex[:8]}"


@contextlib.contextmanager
def source_schema(lake: Lake, label: str) -> Iterator[str]:
    """A schema on the source with a location of its own; it and everything below the location go at the end."""
    name = new_name(label)
    lake.source.rows(f"CREATE SCHEMA hive.{name} WITH (location = 's3://{lake.source.bucket}/{name}')")
    try:
        yield name
    finally:
        drop_schema(lake, lake.source, "hive", name)


def drop_schema(lake: Lake, end: End, catalog: str, name: str) -> None:
    """Drop a schema if it is there, with all of its tables, and every object below its location."""
    if [name] in end.rows(f"SHOW SCHEMAS FROM {catalog}"):
        views = {
            one
            for (one,) in end.rows(
                f"SELECT table_name FROM {catalog}.information_schema.views WHERE table_schema = {text(name)}"
            )
        }

        def drop(table: str) -> None:
            end.rows(f"DROP {'VIEW' if table in views else 'TABLE'} {catalog}.{name}.{quoted(table)}")

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(drop, [table for (table,) in end.rows(f"SHOW TABLES FROM {catalog}.{name}")]))
        end.rows(f"DROP SCHEMA {catalog}.{name}")
    store = lake.store(end.bucket, lake.both)
    ledgers = [*obstore.list_with_delimiter(store, "_migrate")["common_prefixes"], "_migrate"]
    for prefix in (name, *(f"{ledger}/{catalog}.{name}" for ledger in ledgers)):
        for page in obstore.list(store, prefix):
            obstore.delete(store, [one["path"] for one in page])
