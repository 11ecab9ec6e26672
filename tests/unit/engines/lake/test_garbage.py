"""Where files are looked for that a server may show."""

from __future__ import annotations

import pytest

from migrate.engines.lake.garbage import roots_of


@pytest.mark.parametrize(
    ("locations", "roots"),
    [
        ([], []),
        (["s3://b/x/y"], ["s3://b/x/y"]),
        (["s3://b/x/p=1", "s3://b/x/p=2"], ["s3://b/x"]),
        (["s3://b/x/1/z", "s3://b/y/1/z"], ["s3://b"]),
        (["s3://b/x/1", "s3://c/x/1", "s3://b/x/2"], ["s3://b/x", "s3://c/x/1"]),
    ],
)
def test_a_root_is_the_folder_above_all_locations_of_a_bucket(locations: list[str], roots: list[str]) -> None:
    assert roots_of(locations) == roots
