"""The contract of `migrate.engines.base.Engine` as tests.

An engine is under it when a subclass of `EngineSuite` in a test module provides the fixture `world`: two servers of its
family as `tests.engines.world.World` describes them, fresh for every test.
"""

from __future__ import annotations

from tests.engines.suite_acting import Acting
from tests.engines.suite_altering import Altering
from tests.engines.suite_differing import Differing
from tests.engines.suite_looking import Looking
from tests.engines.suite_moment import Momentary
from tests.engines.suite_reading import Reading
from tests.engines.suite_stored import Storing
from tests.engines.suite_summing import Summing
from tests.engines.suite_writing import Writing


class EngineSuite(Looking, Reading, Writing, Summing, Acting, Altering, Storing, Momentary, Differing):
    """Everything that every engine promises."""
