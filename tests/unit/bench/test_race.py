"""The bench's order of laps, who takes part, and what the command line chooses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.bench.__main__ import options
from tests.bench.contenders import Contender, Homemade, Migrate, Mydumper, configuration, find_mydumper
from tests.bench.floor import split
from tests.bench.race import turns
from tests.bench.shapes import COLUMNS, SHAPES, TABLES, wide
from tests.lab import Server

ALL: list[Contender] = [Migrate(verify=False), Migrate(verify=True), Homemade("1")]
SOURCE = Server("bench-source", "8.0.33", "127.0.0.1", 4001, "app", "lab-app", "lab-root", "/s", 1, "/d")
TARGET = Server("bench-target", "8.0.33", "127.0.0.1", 4002, "app", "lab-app", "lab-root", "/t", 2, "/e")


def test_every_second_round_runs_backwards() -> None:
    names = [one.name for one in ALL]
    assert [one.name for one in turns(ALL, 3)] == [*names, *reversed(names), *names]


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


@pytest.mark.parametrize(("told", "old"), [("v1.0.1-1, built against MariaDB", False), ("0.10.1, built", True)])
def test_a_mydumper_of_ones_own_is_asked_for_its_version_and_given_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, old: bool
) -> None:
    program(tmp_path / "mydumper", f"mydumper {told}")
    program(tmp_path / "myloader", "myloader")
    monkeypatch.setenv("MYDUMPER_HOME", str(tmp_path))
    found = find_mydumper()
    assert isinstance(found, Mydumper)
    dump, load = found.steps(SOURCE, TARGET, "bench", tmp_path)
    assert dump.command[0] == str(tmp_path / "mydumper")
    assert load.command[0] == str(tmp_path / "myloader")
    assert ("--rows=100000" in dump.command) is old
    assert found.version in {"mydumper 1.0.1-1", "mydumper 0.10.1"}


def test_a_mydumper_without_its_loader_does_not_take_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "mydumper", "mydumper 0.10.0")
    monkeypatch.setenv("MYDUMPER_HOME", str(tmp_path))
    assert find_mydumper() == f"{tmp_path / 'myloader'} is not a program"


def test_the_floor_loads_into_a_table_that_has_its_primary_key_only() -> None:
    shown = (
        "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` int,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a`),\n"
        "  KEY `k` (`a`,`id`)\n) ENGINE=InnoDB"
    )
    definition, indexes = split(shown)
    assert definition == "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` int,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"
    assert indexes == ["UNIQUE KEY `u` (`a`)", "KEY `k` (`a`,`id`)"]


def test_the_wide_tables_have_as_many_values_as_columns() -> None:
    script = wide(7)
    first = re.search(r"CREATE TABLE wide1 \((.*), PRIMARY KEY", script)
    assert first is not None
    assert len(re.findall(r"(?:^|, )(?:id|c\d\d) ", first[1])) == COLUMNS
    assert all(f"CRC32(n * 64 + {number})" in script for number in range(1, COLUMNS))
    assert script.count("CREATE TABLE") == TABLES
    assert "WHERE n < 7)" in script


def test_many_small_tables_are_as_many_as_asked_for() -> None:
    assert SHAPES["many-small"].script(12).count("CREATE TABLE") == 12


def test_all_shapes_are_measured_unless_some_are_named() -> None:
    assert options([]).shape == [(one, one.size) for one in SHAPES.values()]
    named = options(["--shape", "blob", "--shape", "narrow=500"]).shape
    assert named == [(SHAPES["blob"], SHAPES["blob"].size), (SHAPES["narrow"], 500)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shape", "tall"], "'tall' is none of narrow, wide, blob, many-small"),
        (["--shape", "wide=0"], "'0' is not a size of wide"),
        (["--shape", "wide=ten"], "'ten' is not a size of wide"),
        (["--rounds", "0"], "--rounds must be at least 1"),
        (["--write", "--only", "floor"], "--write needs all contenders"),
    ],
)
def test_wrong_usage_is_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
