"""The contract of an engine (migrate/engines/base.py) as tests, and every engine under it."""

import pytest

_SUITE = ("suite", "suite_acting", "suite_looking", "suite_reading", "suite_summing", "suite_words", "suite_writing")
pytest.register_assert_rewrite(*(f"tests.engines.{name}" for name in (*_SUITE, "world", "memory_world", "mysql_world")))
