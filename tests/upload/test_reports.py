"""upload/reports.py and campaign.py: the team's columns, harmless in a spreadsheet, within the platform's limits."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from workbench.errors import BadInput
from workbench.upload import reports
from workbench.upload.campaign import LIMITS, MOST_BYTES, NATIVE, PREROLL, ad_name, export

URL = "https://example.test/?c={CampaignID}&s={SiteName}"
TEXTS = {"Target URL": URL, "Headline": "Tea", "Brand Name": "Club"}


def row(number: int, part: str = "", **more: Any) -> dict[str, Any]:
    base = f"ID-{number:08X}"
    tab = {"VID": "native_rollover", "IMG": "native_static", "": "in_stream"}[part]
    return {
        "file_name": f"{part or 'EN'}_{base}{'-' if part else ''}{part}.mp4", "tj_creative_id": f"10325{number:05}",
        "slot": "native" if part else "in_stream", "tab": tab, "native_pair_id": base if part else None,
        "status": "success", "review_status": "approved", **more,
    }  # fmt: skip


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_pairs_meet_by_their_id_and_macros_pass_untouched() -> None:
    made = export([row(1, "IMG"), row(2, "VID"), row(1, "VID"), row(2, "IMG"), row(3)], TEXTS)
    (natives,) = map(rows_of, made.native)
    (prerolls,) = map(rows_of, made.preroll)

    assert tuple(natives[0]) == NATIVE
    assert tuple(prerolls[0]) == PREROLL
    found = {one["Ad Name"][:15]: (one["Video Creative ID"], one["Thumbnail Creative ID"]) for one in natives}
    assert found == {
        "VID_ID-00000001": ("1032500001", "1032500001"), "VID_ID-00000002": ("1032500002", "1032500002"),
    }  # fmt: skip
    assert {one["Target URL"] for one in natives + prerolls} == {URL}
    assert made.orphans == ()


def test_orphans_are_listed_with_the_reason() -> None:
    lost = [row(1, "VID"), row(2, tj_creative_id=None, status="failed"), row(3, review_status="rejected")]
    banner = {**row(4), "slot": "static"}
    made = export([*lost, banner], TEXTS)

    assert [why.split(":")[0] for _, why in made.orphans] == [
        "no id yet", "rejected in review", "no campaign CSV is known for static banners or for natives without a pair",
        "its other half has no id",
    ]  # fmt: skip


def test_more_ads_than_a_file_takes_are_split() -> None:
    made = export([row(number) for number in range(120)], TEXTS)
    long = export([row(number) for number in range(45)], {**TEXTS, "Custom CTA URL": "https://x.test/" + "y" * 20_000})

    assert [len(rows_of(text)) for text in made.preroll] == [50, 50, 20]
    assert sum(len(rows_of(text)) for text in long.preroll) == 45
    assert all(len(text.encode()) <= MOST_BYTES for text in long.preroll)


def test_a_long_name_is_shortened_before_its_id() -> None:
    name = f"VID_{'very_' * 20}long_ID-F40623FA-VID.mp4"

    assert len(ad_name(name)) <= LIMITS["Ad Name"]
    assert ad_name(name).endswith("_ID-F40623FA-VID")


@pytest.mark.parametrize(
    "texts",
    [{}, {"Target URL": "javascript:alert(1)"}, {**TEXTS, "Headline": "x" * 88}, {**TEXTS, "Odd": "x"},
     {**TEXTS, "Headline": "two\nlines"}],
)  # fmt: skip
def test_what_the_platform_refuses_is_refused_here(texts: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        export([row(1)], texts)


def test_a_spreadsheet_obeys_no_cell() -> None:
    hostile = {"unique_id": "ID-F40623FA", "file_name": "=cmd|x!A1.png", "error_message": "@SUM(1)", "status": "failed"}
    (found,) = rows_of(reports.as_csv(reports.COLUMNS, [hostile]))

    assert tuple(found) == reports.COLUMNS
    assert found["unique_id"] == "ID-F40623FA"
    assert found["file_name"].startswith("'=")
    assert found["error_message"].startswith("'@")
