"""The bench's order of laps and its report."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.bench.contenders import (
    Contender,
    Homemade,
    Migrate,
    Mydumper,
    Mysqldump,
    configuration,
    find_mydumper,
)
from tests.bench.race import Lap, report, turns
from tests.lab import Server

ALL: list[Contender] = [Migrate(verify=True), Migrate(verify=False), Mysqldump(Path("/m"), "8"), Homemade("1")]
SOURCE = Server("bench-source", "8.0.33", "127.0.0.1", 4001, "app", "lab-app", "lab-root", "/s", 1, "/d")
TARGET = Server("bench-target", "8.0.33", "127.0.0.1", 4002, "app", "lab-app", "lab-root", "/t", 2, "/e")
VERSIONS = {"migrate": "this tree", "migrate --no-verify": "this tree", "other": "other 1.0"}


def test_every_second_round_runs_backwards() -> None:
    names = [one.name for one in ALL]
    assert [one.name for one in turns(ALL, 3)] == [*names, *reversed(names), *names]


def test_ratios_are_of_medians_to_both_ways_of_migrate() -> None:
    laps = [
        Lap("migrate", 10.0, 2.0),
        Lap("migrate", 12.0, 4.0),
        Lap("migrate --no-verify", 5.5, 1.0),
        Lap("other", 22.0, 9.0),
    ]
    lines = report(laps, VERSIONS)
    assert lines[1].split() == ["migrate", "11.0", "3.0", "1.00", "2.00", "10.0,", "12.0", "[this", "tree]"]
    assert lines[2].split()[2:6] == ["5.5", "1.0", "0.50", "1.00"]
    assert lines[3].split() == ["other", "22.0", "9.0", "2.00", "4.00", "22.0", "[other", "1.0]"]


def test_a_lap_that_was_wrong_has_no_time_but_is_told() -> None:
    laps = [Lap("migrate", 10.0, 2.0), Lap("other", 1.0, 1.0, "not equal: table a is missing on the target")]
    lines = report(laps, VERSIONS)
    assert lines[3].split(maxsplit=1)[1] == "not equal: table a is missing on the target  [other 1.0]"
    assert lines[1].split()[3:5] == ["1.00", "-"]


def test_one_wrong_lap_among_good_ones_is_told() -> None:
    lines = report([Lap("other", 1.0, 1.0), Lap("other", 9.0, 1.0, "failed: exit 1: lost")], {"other": "1"})
    assert lines[1].split()[1] == "1.0"
    assert lines[2].strip() == "one lap failed: exit 1: lost"


def test_the_configuration_of_migrate_holds_no_password() -> None:
    text = configuration(SOURCE, TARGET, "bench")
    parsed = tomllib.loads(text)
    assert [parsed["endpoint"][name]["port"] for name in ("old", "new")] == [4001, 4002]
    assert parsed["move"] == [{"from": "old:bench.*", "to": "new:bench.*"}]
    assert "lab-app" not in text


def program(path: Path, words: str) -> None:
    """A program that prints these words."""
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{words}\nEND\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("help_words", "option"),
    [("  --trx-tables", "--trx-tables"), ("  --trx-consistency-only", "--trx-consistency-only")],
)
def test_a_mydumper_of_ones_own_is_asked_for_its_version_and_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, help_words: str, option: str
) -> None:
    program(tmp_path / "mydumper", f"mydumper v1.0.1-1, built against MySQL 8.0.44\n{help_words}")
    program(tmp_path / "myloader", "myloader")
    for value in (tmp_path, tmp_path / "mydumper"):
        monkeypatch.setenv("MYDUMPER_BIN", str(value))
        found = find_mydumper()
        assert isinstance(found, Mydumper)
        assert (found.program, found.consistency) == (str(tmp_path / "mydumper"), option)
        assert "1.0.1-1" in found.version


def test_a_mydumper_without_its_loader_does_not_take_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "mydumper", "mydumper 0.10.0")
    monkeypatch.setenv("MYDUMPER_BIN", str(tmp_path))
    assert find_mydumper() == f"{tmp_path / 'myloader'} is not a program"
