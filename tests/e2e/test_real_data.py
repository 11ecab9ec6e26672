"""Well-known sample databases move whole: equal by value, then nothing is left to do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, REPOSITORY, Migrate, findings
from tests.e2e.equality import assert_equal, tables
from tests.lab import Server, client
from tests.sample import sampled

DATA = Path(os.environ.get("MIGRATE_REAL_DATA") or REPOSITORY.parent / "shared" / "data") / "mysql"
CASES = sorted(path.parent.name for path in DATA.glob("gh-ost/*/create.sql"))

NOTES = {"MG301", "MG302", "MG303", "MG304"}
"""Findings of a plan that leaves nothing behind."""

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"no sample databases at {DATA}: set MIGRATE_REAL_DATA to the folder that holds mysql/"
)

SAMPLES = {
    "chinook": ("Chinook", ("chinook/Chinook_MySql.sql",), 11),
    "northwind": ("northwind", ("northwind/northwind.sql", "northwind/northwind-data.sql"), 20),
    "sakila": ("sakila", ("sakila/1-schema.sql", "sakila/2-data.sql"), 16),
}


def load(server: Server, files: tuple[str, ...], theirs: str, schema: str, folder: Path, before: str = "") -> None:
    """Run scripts with the mysql client in `schema`, which stands wherever they say their own name."""
    own = re.compile(rf"^(USE|(?:DROP|CREATE)\s+(?:SCHEMA|DATABASE)[^;]*?)([\s`]+){theirs}\b", re.MULTILINE | re.I)
    for number, file in enumerate(files):
        text = own.sub(lambda found: found.group(1) + found.group(2) + schema, (DATA / file).read_text("utf-8"))
        text = re.sub(rf"(?<![\w`])`?{theirs}`?\.", f"`{schema}`.", text)
        if "sbtest1" in text:  # sysbench makes this table; the file only tells in a comment what it is like
            text += re.sub(r"(?s).*/\*\n(CREATE TABLE.*?;)\n\*/.*", r"\n\1", text)
            text += "INSERT INTO sbtest1 (k,c) VALUES (1,'a'),(2,'b');"
        script = folder / f"{number}.sql"
        script.write_text(before + text, "utf-8")
        client.run_script(server, schema, script)


def moves_and_then_rests(migrate: Migrate, source: Server, schema: str, target: Server, goal: str) -> None:
    """Apply what is planned; the proof is ours first, then the command's own, and then nothing is left to do."""
    applied = migrate.must("apply", PLAN)
    assert "failed 0 · not started 0" in applied.out, applied.text
    assert_equal(source, schema, target, goal)
    assert "Equal: " in migrate.must("verify", PLAN).out
    assert migrate.must("apply", PLAN).out == "Nothing to do: this plan was applied before.\n"
    again = migrate("plan", "-o", "again.toml", "--detailed-exitcode", "--json")
    assert again.code == 0, again.text
    assert again.of("plan")[0]["steps"] == 0
    assert again.of("plan")[0]["changes"] is False
    assert_equal(source, schema, target, goal)


@pytest.mark.parametrize("sample", ["chinook", "northwind"])  # Sakila: test_whole_schemas
def test_a_sample_database_moves_into_another_schema_equal(
    sample: str, migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas, tmp_path: Path
) -> None:
    theirs, files, count = SAMPLES[sample]
    schema, goal = fresh_schemas(f"e2e_{sample}", source), fresh_schemas(f"e2e_{sample}_moved")
    load(source, files, theirs, schema, tmp_path)
    assert len(tables(source, schema)) == count
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    migrate.must("plan")
    moves_and_then_rests(migrate, source, schema, target, goal)
    assert len(tables(target, goal)) == count


OTHERS = """
SELECT 'view', TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = %s
UNION ALL SELECT 'trigger', TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s
UNION ALL SELECT 'routine', ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = %s
UNION ALL SELECT 'event', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s"""


def others(server: Server, schema: str) -> list[tuple[str, str]]:
    """What of a schema is no table: kinds and names."""
    return sorted((str(kind), str(found)) for kind, found in client.rows(server, OTHERS, *(schema,) * 4))


def test_a_folder_of_gh_ost_cases_is_there() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", sampled(CASES, min(12, len(CASES))))
def test_a_table_of_gh_ost_moves_equal_with_its_event(
    case: str, migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas, tmp_path: Path
) -> None:
    schema, goal = fresh_schemas("e2e_ghost", source), fresh_schemas("e2e_ghost_moved")
    mode = DATA / "gh-ost" / case / "sql_mode"
    words = mode.read_text().strip() if mode.exists() else ""
    load(source, (f"gh-ost/{case}/create.sql",), "test", schema, tmp_path, f"SET sql_mode = '{words}';\n")
    for (event,) in client.rows(
        source, "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA=%s", schema
    ):
        client.rows(source, f"ALTER EVENT `{schema}`.`{event}` DISABLE")  # it would write while rows are read
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"))
    found = findings(migrate.must("plan", "--json"))
    assert {code for code, _ in found} <= NOTES
    moves_and_then_rests(migrate, source, schema, target, goal)
    assert others(target, goal) == others(source, schema)
