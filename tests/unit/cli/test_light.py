"""Looking at help or at a plan loads no driver and no parser, and little else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrate import planfile
from tests.unit.ui import shop

HEAVY = ("sqlglot", "trino", "obstore", "aiomysql", "pymysql", "pyarrow", "boto3")
MODULES = 450
"""Python's own included. They are what a start spends its time on, and unlike seconds the same on every machine."""
ENV = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}

SCRIPT = """
import sys
sys.argv = ["migrate", *sys.argv[1:]]
if len(sys.argv) > 1:
    from migrate.__main__ import main
    code = main()
else:
    import migrate.cli
    code = 0
print("HEAVY", [name for name in {heavy!r} if name in sys.modules], code, len(sys.modules))
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("plans") / "shop.toml"
    planfile.write(path, planfile.seal(shop.WHOLE))
    return str(path)


@pytest.mark.parametrize(
    "words", ["", "--help", "apply --help", "--version", "show PLAN", "show PLAN --format sql", "status PLAN"]
)
def test_little_is_imported_and_no_heavy_library(words: str, plan: str, tmp_path: Path) -> None:
    argv = [plan if word == "PLAN" else word for word in words.split()]
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(heavy=HEAVY), *argv],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=ENV,
    )
    head, _, count = ran.stdout.splitlines()[-1].rpartition(" ")
    assert head == "HEAVY [] 0"
    assert int(count) < MODULES
