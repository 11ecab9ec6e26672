"""Walks that their number alone decides.

Of every twentieth number or so hypothesis takes a constant that it found in local modules: those whose path looks like
no library's, as far as they are loaded by then. The same seed would walk elsewhere in another folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants


@contextmanager
def only_by_seed() -> Iterator[None]:
    """Inside, hypothesis looks into no modules. Raises AttributeError where it has no such way to ask any more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "_get_local_constants", Constants)
        providers.CONSTANTS_CACHE.cache.clear()
        yield
    providers.CONSTANTS_CACHE.cache.clear()
