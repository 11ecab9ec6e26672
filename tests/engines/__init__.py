"""The contract of an engine (migrate/engines/base.py) as tests, and every engine under it."""

import pytest

pytest.register_assert_rewrite(
    "tests.engines.suite", "tests.engines.suite_looking", "tests.engines.suite_rows", "tests.engines.suite_acting"
)
