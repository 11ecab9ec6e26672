"""Plans are what reviewers read: each case's plan is the bytes in its folder.

When one changed on purpose: `python -m tests.golden`, and review the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import planfile
from tests.golden.plans import CASES, EXAMPLE, HERE, example, golden, normalised
from tests.lab import Lab


def test_there_are_cases() -> None:
    assert len(CASES) >= 8


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_planned_as_it_was_reviewed(case: str, lab: Lab, tmp_path: Path) -> None:
    assert golden(case, lab, tmp_path) == (HERE / case / "plan.toml").read_text(encoding="utf-8")


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
