"""Move whole schemas: what the tests of views, triggers, routines and events share."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.command import PLAN, Migrate, Ran
from tests.e2e.equality import Meaning, assert_equal, name, stored, tables
from tests.lab import Server

SAYS_SO = {"MG301", "MG302", "MG303", "MG304"}
"""Findings of any plan that leaves nothing behind and changes nothing."""

Parity = dict[str, tuple[int, int, int]]
"""Of each kind of object: how many the source has, how many stand on the target as wanted, how many are there."""


@dataclass
class Whole:
    """Schemas on a source, names for them on a target, and the command configured for both."""

    migrate: Migrate
    source: Server
    target: Server
    schemas: dict[str, str]
    """The name on the target of each schema at the source."""
    written: bool = False
    """Whether the configuration has them in backticks."""
    changes: dict[str, str] = field(default_factory=dict)
    meanings: Mapping[str, Mapping[str, Meaning]] = field(default_factory=dict)
    """Columns of views whose text comes in no certain order, see `equality.differences`."""

    def configure(self) -> None:
        moves = [(f"{self._spell(old)}.*", f"{self._spell(new)}.*") for old, new in self.schemas.items()]
        self.migrate.configure(self.source, self.target, *moves, **self.changes)

    def _spell(self, schema: str) -> str:
        return name(schema) if self.written else schema

    def plan(self, *words: str) -> Plan:
        """Plan; nothing is changed by that."""
        self.configure()
        return Plan(self.migrate.must("plan", "--json", *words), self.migrate)

    def apply(self) -> Ran:
        """Apply to the end, as JSON lines."""
        return self.migrate.must("apply", PLAN, "--json")

    def assert_there(self) -> None:
        """All that the source has is on the target, and nothing else."""
        for old, new in self.schemas.items():
            assert_equal(self.source, old, self.target, new, meanings=self.meanings, together=self.schemas)

    def rests(self) -> None:
        """Nothing is left to do, whoever asks: a new plan, the same plan again, the proof."""
        again = self.migrate("plan", "-o", "again.toml", "--detailed-exitcode")
        assert again.code == 0, again.text
        assert "No changes." in again.out, again.text
        assert Plan.read(self.migrate, "again.toml").steps == []
        assert self.migrate.must("apply", PLAN).out == "Nothing to do: this plan was applied before.\n"
        assert "Equal: " in self.migrate.must("verify", PLAN).out

    def counts(self) -> dict[str, int]:
        """How many tables and stored objects the source has, asked of the server itself."""
        found: dict[str, int] = {}
        for schema in self.schemas:
            told = stored(self.source, schema)
            routines = [row[1] for row in told["routine"]]
            for kind, number in {
                "tables": len(tables(self.source, schema)),
                "views": len(told["view"]),
                "triggers": len(told["trigger"]),
                "events": len(told["event"]),
                "procedures": routines.count("PROCEDURE"),
                "functions": routines.count("FUNCTION"),
            }.items():
                found[kind] = found.get(kind, 0) + number
        return {kind: number for kind, number in found.items() if number}


@dataclass(frozen=True)
class Plan:
    """What `migrate plan` wrote and told."""

    ran: Ran
    migrate: Migrate
    file: str = PLAN

    @classmethod
    def read(cls, migrate: Migrate, file: str = PLAN) -> Plan:
        return cls(Ran((), 0, "", ""), migrate, file)

    @property
    def content(self) -> dict[str, Any]:
        return tomllib.loads((self.migrate.folder / self.file).read_text("utf-8"))

    @property
    def steps(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.content.get("step", [])
        return found

    @property
    def findings(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.content.get("finding", [])
        return found

    def of(self, code: str) -> dict[str, str]:
        """The texts of the findings of a code, by their objects."""
        return {found["object"]: found["text"] for found in self.findings if found["code"] == code}

    def actions(self, action: str) -> dict[str, dict[str, Any]]:
        """The steps of an action by the bare name of what they make."""
        return {
            step["target"].rpartition(".")[2].strip("`"): step for step in self.steps if step.get("action") == action
        }

    def assert_only(self, *codes: str) -> None:
        """Nothing else is said than that, and what any plan may say."""
        more = [found for found in self.findings if found["code"] not in {*SAYS_SO, *codes}]
        assert not more, more
        assert not [step["id"] for step in self.steps if step.get("blocked")]


def parity(ran: Ran) -> Parity:
    """The parity table of an apply; nothing may be left out."""
    (outcome,) = ran.of("outcome")
    assert outcome["failed"] == outcome["not_started"] == 0, ran.text
    assert not [row for row in outcome["parity"] if row.get("left_out")], outcome["parity"]
    return {row["kind"]: (row["source"], row["moved"], row.get("target", 0)) for row in outcome["parity"]}


def assert_complete(ran: Ran, counts: dict[str, int]) -> None:
    """Every kind of object is on the target in the number that the source's own dictionary gave."""
    found = parity(ran)
    assert all(source == moved == target for source, moved, target in found.values()), found
    assert {kind: found[kind][0] for kind in counts} == counts
    assert set(found) - set(counts) <= {"indexes", "foreign keys", "checks", "partitions"}, found


def order_of(ran: Ran) -> list[str]:
    """The ids of the steps of an apply in the order in which they were done."""
    return [record["step"] for record in ran.of("step_done")]
