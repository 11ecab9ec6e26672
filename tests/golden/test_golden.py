"""Plans are what reviewers read: each case's plan is the bytes in its folder.

When one changed on purpose: `python -m tests.golden`, and review the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import planfile
from tests.e2e.command import PLAN
from tests.golden.plans import CASES, EXAMPLE, HERE, example, named, normalised, planned, read_case
from tests.lab import Lab


def test_there_are_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_planned_as_it_was_reviewed_and_applied_to_its_end(case: str, every: Lab, tmp_path: Path) -> None:
    with planned(case, every, tmp_path) as (migrate, schema):
        assert named(migrate, schema) == (HERE / case / "plan.toml").read_text(encoding="utf-8")
        made = read_case(case)
        if made.ends == "blocked":
            assert migrate("apply", PLAN).code == 6
            return
        migrate.must("apply", PLAN)
        options = (word.replace("shop", schema) for word in made.options)
        again = migrate("plan", "-o", "again.toml", "--detailed-exitcode", *options)
        assert again.code == 0, again.text
        assert migrate("verify", PLAN).code == 0


@pytest.mark.parametrize("case", CASES)
def test_a_reviewed_plan_holds_nothing_of_the_machine_that_made_it(case: str) -> None:
    text = (HERE / case / "plan.toml").read_text(encoding="utf-8")
    assert normalised(text) == text
    assert "golden_" not in text


def test_the_example_is_what_the_shop_gives_today(lab: Lab, tmp_path: Path) -> None:
    assert normalised(example(lab, tmp_path)) == normalised(EXAMPLE.read_text(encoding="utf-8"))


def test_the_example_keeps_its_seals() -> None:
    plan = planfile.read(EXAMPLE)
    assert planfile.encode(planfile.seal(plan)) == EXAMPLE.read_text(encoding="utf-8")
    assert len(plan.step) > 20
