"""Looking at help or at a plan loads no driver and no parser, and starts at once."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from migrate import planfile
from tests.unit.ui import shop

HEAVY = ("sqlglot", "trino", "obstore", "aiomysql", "pymysql", "pyarrow", "boto3")
SECONDS = 0.4
"""Of the processor: on an idle machine that is the time that passes, and other tests cannot add to it."""
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
print("HEAVY", [name for name in {heavy!r} if name in sys.modules], code)
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("plans") / "shop.toml"
    planfile.write(path, planfile.seal(shop.WHOLE))
    return str(path)


@pytest.mark.parametrize(
    "words", ["", "--help", "apply --help", "--version", "show PLAN", "show PLAN --format sql", "status PLAN"]
)
def test_no_heavy_library_is_imported(words: str, plan: str, tmp_path: Path) -> None:
    argv = [plan if word == "PLAN" else word for word in words.split()]
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(heavy=HEAVY), *argv],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=ENV,
    )
    assert ran.stdout.splitlines()[-1] == "HEAVY [] 0"


@pytest.mark.parametrize("words", ["--help", "show PLAN"])
def test_it_starts_at_once(words: str, plan: str) -> None:
    argv = [plan if word == "PLAN" else word for word in words.split()]
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "migrate", *argv], capture_output=True, check=True, env=ENV)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
        if seconds[-1] < SECONDS:
            break
    assert min(seconds) < SECONDS
