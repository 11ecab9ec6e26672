"""What the demo writes and says: the configuration, the order of commands, the closing lines."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.demo.audit import STRUCTURE, Facts
from tests.demo.command import Migrate, Ran
from tests.demo.shop import Shop
from tests.demo.story import PASSWORDS, Story, Watch, configuration, describe, move, report
from tests.lab import Server

SOURCE = Server("demo-source", "8.0.33", "127.0.0.1", 4001, "app", "lab-app", "lab-root", "/s", 1, "/d")
TARGET = Server("demo-target", "8.0.33", "127.0.0.1", 4002, "app", "lab-app", "lab-root", "/t", 2, "/e")
MADE = Shop(tables=18, rows=810_000, data_bytes=71_000_000, index_bytes=35_000_000, seconds=7.5)
FOUND = Facts(
    rows={"a": 800_000, "b": 10_000},
    checksums={"a": 1, "b": 2},
    structure=dict.fromkeys(STRUCTURE, frozenset({("one",)})),
    orphans={"a.k": 0},
)


@dataclass(frozen=True)
class Recorded(Migrate):
    """A command that runs nothing and ends as it is told; it keeps what it was asked."""

    codes: dict[int, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def run(self, *words: str) -> Ran:
        """End with the code for this call, 0 unless given."""
        self.asked.append(" ".join(words))
        return Ran(words, self.codes.get(len(self.asked), 0), 1.0)

    def run_killed(self, *words: str, when: Callable[[], bool]) -> tuple[bool, Ran]:
        """End as killed."""
        self.asked.append("killed " + " ".join(words))
        return True, Ran(words, -9, 2.0)


class Still(Watch):
    """A watch that asks no server."""

    def rows(self) -> int:
        """Always as many."""
        return 1234


def recorded(**codes: int) -> Recorded:
    """A recorded command; `call_2=7` makes the second call end with 7."""
    return Recorded(Path(), {}, {int(name.removeprefix("call_")): code for name, code in codes.items()})


def test_the_configuration_names_both_servers_and_holds_no_password() -> None:
    text = configuration(SOURCE, TARGET)
    assert tomllib.loads(text) == {
        "name": "shop",
        "endpoint": {
            "old": {
                "engine": "mysql",
                "host": "127.0.0.1",
                "port": 4001,
                "user": "app",
                "password": "${SHOP_OLD_PASSWORD}",
            },
            "new": {
                "engine": "mysql",
                "host": "127.0.0.1",
                "port": 4002,
                "user": "app",
                "password": "${SHOP_NEW_PASSWORD}",
            },
        },
        "move": [{"from": "old:shop.*", "to": "new:shop.*"}],
    }
    assert "lab-app" not in text
    assert PASSWORDS == ("SHOP_OLD_PASSWORD", "SHOP_NEW_PASSWORD")


def test_the_commands_come_in_the_order_of_the_story() -> None:
    command = recorded()
    story = move(command, None)
    assert command.asked == [
        "plan -c migrate.toml -o shop.toml",
        "show shop.toml",
        "apply shop.toml",
        "verify shop.toml",
        "plan -c migrate.toml -o again.toml --detailed-exitcode",
        "apply shop.toml",
    ]
    assert story.wrong == []
    assert story.applied == [story.ran[2]]


def test_a_killed_apply_is_followed_by_status_and_a_resume(capsys: pytest.CaptureFixture[str]) -> None:
    command = recorded()
    story = move(command, Still(TARGET, 5))
    assert command.asked[2:6] == ["killed apply shop.toml", "status shop.toml", "apply shop.toml", "verify shop.toml"]
    assert story.wrong == []
    assert [ran.code for ran in story.applied] == [-9, 0]
    assert "sent SIGKILL to apply after 2.0 s; 1,234 rows are committed" in capsys.readouterr().out


def test_a_second_plan_that_finds_changes_is_wrong() -> None:
    story = move(recorded(call_5=2), None)
    assert story.wrong == ["`migrate plan -c migrate.toml -o again.toml --detailed-exitcode` ended with 2, not with 0"]


def test_the_first_wrong_exit_code_ends_the_story() -> None:
    command = recorded(call_3=3)
    story = move(command, None)
    assert len(command.asked) == 3
    assert story.wrong == ["`migrate apply shop.toml` ended with 3, not with 0"]


def test_the_report_gives_measured_speed_and_says_equal() -> None:
    applied = Ran(("apply", "shop.toml"), 0, 10.0)
    story = Story(ran=[Ran(("plan",), 0, 1.5), applied], applied=[applied])
    lines = report(MADE, story, FOUND, [], 2.0)
    assert lines[1].split() == ["migrate", "plan", "1.5", "s"]
    assert lines[2].endswith("10.0 s  the rows moved and were verified")
    assert "in 10.0 s of apply" in lines[3]
    assert lines[3].endswith("81,000 rows/s, 7.1 MB/s of data.")
    assert "810,000 rows of 2 tables" in lines[4]
    assert lines[-1] == "Both sides are equal."


def test_the_seconds_of_a_killed_apply_count() -> None:
    applied = [Ran(("apply", "shop.toml"), -9, 5.0), Ran(("apply", "shop.toml"), 0, 15.0)]
    lines = report(MADE, Story(ran=applied, applied=applied), FOUND, [], 2.0)
    assert lines[1].endswith("killed on the way")
    assert "in 20.0 s of apply" in lines[3]
    assert "40,500 rows/s" in lines[3]


def test_the_report_lists_every_difference() -> None:
    applied = Ran(("apply", "shop.toml"), 0, 10.0)
    lines = report(MADE, Story(ran=[applied], applied=[applied]), FOUND, ["table a is missing", "b"], 2.0)
    assert lines[-3:] == ["NOT EQUAL, 2 differences:", "  table a is missing", "  b"]


def test_sizes_are_in_words() -> None:
    assert describe(MADE) == "18 tables, 810,000 rows, 71 MB of data and 35 MB of secondary indexes, in 7.5 s"
