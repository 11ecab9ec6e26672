"""Bytes a second, as people write them."""

from __future__ import annotations

import pytest

from migrate.model.rate import parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0", 0),
        ("1000000", 1_000_000),
        ("50MB", 50_000_000),
        ("50 MB", 50_000_000),
        (" 1.5GB ", 1_500_000_000),
        ("512kB", 512_000),
        ("512KB", 512_000),
        ("512KiB", 524_288),
        ("2MiB", 2_097_152),
        ("1GiB", 1_073_741_824),
        ("2000B", 2_000),
        ("0MB", 0),
    ],
)
def test_units_of_thousand_and_of_1024(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "fast", "MB", "-1MB", "50Mb", "50mb", "50MB/s", "5e6", "1,000,000", "50  MB", "５MB"]
)
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is no rate: write bytes a second, such as 50MB, 512KiB or 1000000"):
        parse_rate(text)


def test_a_rate_that_lacks_its_unit_is_noticed() -> None:
    with pytest.raises(ValueError, match=r"50 bytes a second is less than 1,000: is the unit missing, as in 50MB\?"):
        parse_rate("50")
    assert parse_rate("1000") == 1000
