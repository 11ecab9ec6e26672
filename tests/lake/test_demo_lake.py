"""`make demo-lake`: its story ends well, on the lab's own lake, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys

import obstore
import pytest

from tests.demo.command import REPOSITORY
from tests.demo.lake import SCHEMA
from tests.lab.lake import Lake

pytestmark = [pytest.mark.xdist_group("lake"), pytest.mark.full]


def test_the_lakes_demo_ends_well_and_leaves_nothing(lake: Lake) -> None:
    command = [sys.executable, "-m", "tests.demo.lake"]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("checked without migrate: 3 tables and views are equal") == 2
    assert "1 object (" in ran.stdout  # the new month, and nothing else
    assert "rolled back 1 swap" in ran.stdout
    assert "all as it should be" in ran.stdout
    for end in (lake.source, lake.target):
        assert [SCHEMA] not in end.rows("SHOW SCHEMAS FROM hive")
        assert obstore.list(lake.store(end.bucket, end.key), SCHEMA).collect() == []
