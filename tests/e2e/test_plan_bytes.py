"""A plan is the same bytes for the same databases, and no byte of what is sealed can change unnoticed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrate import planfile
from migrate.__main__ import main
from migrate.model.plan import Ddl
from tests.conftest import FreshSchemas
from tests.e2e.command import PLAN, Migrate, Ran, refused
from tests.lab import Server, client

SHOP = """
CREATE TABLE customer (
  id INT AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(80) CHARACTER SET utf8mb4 COMMENT 'first line\\r\\nsecond "line"\\n\\n\\tthird: \\\\ 한글 🎉',
  kind ENUM('a','b''c','d\"\"\"') NOT NULL DEFAULT 'a',
  total DECIMAL(20,4) AS (1.5) VIRTUAL,
  UNIQUE KEY by_name (name(10) DESC)
) COMMENT='\\r\\n';
CREATE TABLE `or``der` (
  id BIGINT UNSIGNED NOT NULL PRIMARY KEY, customer INT, parent BIGINT UNSIGNED, CHECK (id > 0),
  CONSTRAINT `to customer` FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE SET NULL,
  CONSTRAINT `to itself` FOREIGN KEY (parent) REFERENCES `or``der` (id)
);
CREATE TABLE log (line TEXT);
INSERT INTO customer (id, name) VALUES (1, 'x'), (2, 'y');
INSERT INTO `or``der` VALUES (1, 1, NULL), (2, 2, 1);
INSERT INTO log VALUES ('a'), ('a');
CREATE VIEW names AS SELECT name FROM customer
"""


@dataclass(frozen=True)
class Planned:
    """A real plan, its bytes, and the command in its folder."""

    migrate: Migrate
    bytes: bytes

    @property
    def path(self) -> Path:
        return self.migrate.plan


@pytest.fixture
def planned(migrate: Migrate, source: Server, target: Server, fresh_schemas: FreshSchemas) -> Planned:
    schema, goal = fresh_schemas("e2e_bytes", source), fresh_schemas("e2e_bytes_to")
    for statement in SHOP.split(";\n"):
        client.rows(source, statement, database=schema)
    where = '\n[move.where]\n"*.log" = """line <> \'"\'\n  AND 1 = 1"""\n'
    migrate.configure(source, target, (f"{schema}.*", f"{goal}.*"), move=where)
    migrate.must("plan")
    return Planned(migrate, migrate.plan.read_bytes())


def test_planning_twice_gives_identical_bytes(planned: Planned) -> None:
    planned.migrate.must("plan")
    assert planned.path.read_bytes() == planned.bytes
    planned.migrate.must("plan", "-o", "elsewhere/other name.toml", "--json")
    assert (planned.migrate.folder / "elsewhere" / "other name.toml").read_bytes() == planned.bytes


def test_a_plan_survives_decode_and_encode_byte_for_byte(planned: Planned) -> None:
    plan = planfile.decode(planned.bytes.decode(), "plan")
    assert planfile.encode(plan).encode() == planned.bytes
    (create,) = [s.sql for s in plan.step if isinstance(s, Ddl) and s.id.endswith(".customer") and "create" in s.id]
    assert r"first line\r\nsecond" in create
    assert b"\r" not in planned.bytes


def test_a_plan_with_the_line_ends_of_another_system_means_the_same(planned: Planned) -> None:
    planned.path.write_bytes(planned.bytes.replace(b"\n", b"\r\n"))
    planned.migrate.must("show", PLAN)
    assert "would run" in planned.migrate.must("apply", PLAN, "--dry-run").out


def test_estimates_are_not_sealed(planned: Planned) -> None:
    changed = re.sub(rb"(?m)^rows = \d+$", b"rows = 7", planned.bytes)
    assert changed != planned.bytes
    planned.path.write_bytes(changed)
    planned.migrate.must("show", PLAN)


def _sealed(text: bytes) -> list[int]:
    """Positions of characters that mean something: not of an estimate, a blank line or white space outside strings."""
    found = []
    estimate, multi_line, at = False, False, 0
    for line in text.splitlines(keepends=True):
        if not multi_line and line.startswith(b"["):
            estimate = line.strip() == b"[step.estimate]"
        inside = multi_line
        multi_line ^= line.count(b'"""') % 2 == 1
        if not estimate:
            for n, sign in enumerate(line):
                neutral = sign in b" \n" and not inside
                found += [] if neutral else [at + n]
        at += len(line)
    return found


def _section(text: bytes, at: int) -> str:
    """The id of the step in which a position lies; empty for all other sections."""
    headers = list(re.finditer(rb"(?m)^\[\[?(\w+)[^\n]*\n", text))
    here = [header for header in headers if header.start() <= at and header.group(1) != b"estimate"]
    if not here or not here[-1].group().startswith(b"[[step]]"):
        return ""
    said = re.search(rb'(?m)^id = "(.*)"$', text[here[-1].start() :])
    assert said is not None
    return said.group(1).decode()


def shown(path: Path, capsys: pytest.CaptureFixture[str]) -> Ran:
    """`migrate show` in this process, since it is run 60 times."""
    words = ("show", str(path), "--format", "json")
    capsys.readouterr()
    code = main(words)
    wrote = capsys.readouterr()
    return Ran(words, code, wrote.out, wrote.err)


def test_any_changed_byte_of_a_sealed_part_is_refused_and_its_place_named(
    planned: Planned, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(20240229)
    for at in chance.sample(_sealed(planned.bytes), 60):
        was = planned.bytes[at]
        byte = chance.choice([sign for sign in b"abcxyz0189_" if sign != was])
        changed = planned.bytes[:at] + bytes([byte]) + planned.bytes[at + 1 :]
        planned.path.write_bytes(changed)
        ran = shown(planned.path, capsys)
        about = f"byte {at} ({bytes([was])!r} to {bytes([byte])!r}) near {changed[max(0, at - 60) : at + 20]!r}"
        assert ran.code == 65, f"{about}\n{ran.text}"
        refused(ran, 65, "plans/move.toml")
        assert ran.out == "" or '"type":"error"' in ran.out, about
        step = _section(planned.bytes, at)
        own_line = planned.bytes.rfind(b"\n", 0, at) + 1
        in_id = planned.bytes[own_line:].startswith(b"id = ") or planned.bytes[own_line:].startswith(b"[[step]]")
        if step and not in_id:
            assert step.replace("\\\\", "\\") in ran.err.replace("\\\\", "\\"), f"{about}\n{ran.text}"
        else:
            assert re.search(r"step|line \d+|\$|outside|head|format", ran.err), f"{about}\n{ran.text}"


@pytest.mark.parametrize(
    "command", [("show",), ("apply",), ("apply", "--dry-run"), ("check",), ("status",), ("verify",)]
)
def test_no_command_takes_an_edited_plan(planned: Planned, command: tuple[str, ...]) -> None:
    planned.path.write_bytes(
        planned.bytes.replace(b"VARCHAR(80)", b"VARCHAR(81)").replace(b"varchar(80)", b"varchar(81)")
    )
    assert planned.path.read_bytes() != planned.bytes
    refused(planned.migrate(command[0], PLAN, *command[1:]), 65, PLAN, "step 'create-table:new:", ".customer'")


def test_a_change_outside_the_steps_is_refused_by_its_section(planned: Planned) -> None:
    planned.path.write_bytes(planned.bytes.replace(b"parallelism = 8", b"parallelism = 9"))
    refused(planned.migrate("apply", PLAN), 65, "outside the steps", "the head")


def test_a_step_that_was_taken_out_is_refused(planned: Planned) -> None:
    tables = planned.bytes.split(b"\n[[")
    without = [table for table in tables if b'id = "verify:' not in table]
    assert len(without) < len(tables)
    planned.path.write_bytes(b"\n[[".join(without))
    refused(planned.migrate("apply", PLAN), 65, "the list of steps")


def test_a_plan_of_a_newer_format_is_refused(planned: Planned) -> None:
    planned.path.write_bytes(planned.bytes.replace(b"format = 1", b"format = 2"))
    refused(planned.migrate("apply", PLAN), 65, "newer", "format 2")


def test_the_digest_decides_which_plan_is_applied(planned: Planned) -> None:
    digest = planfile.decode(planned.bytes.decode(), "plan").digest
    refused(planned.migrate("apply", PLAN, "--expect", "0" * 12), 65, digest, "0" * 12)
    refused(planned.migrate("apply", PLAN, "--expect", "yes"), 64, "'yes'")
    planned.migrate.must("apply", PLAN, "--expect", digest.removeprefix("sha256:")[:12])
