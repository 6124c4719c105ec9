"""collect/plan.py: what would be triggered, what it may cost, and the hash that names exactly this."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from typing import Any

import pytest

from workbench.collect.model import Plan, Source
from workbench.collect.plan import PlanRequest, make_plan
from workbench.errors import BadInput

DAY = date(2025, 10, 2)


def source(source_id: int = 1, **more: Any) -> Source:
    return Source(
        **{
            "id": source_id, "name": f"Source {source_id}", "platform": "instagram", "service": "posts",
            "url": f"https://www.instagram.com/page{source_id}/", "creator": "ann", "project": "tea", "options": {},
            "enabled": True, **more,
        }
    )  # fmt: skip


def plan(*sources: Source, **ask: Any) -> Plan:
    return make_plan(sources or [source()], PlanRequest(**{"day": DAY, **ask}))


LINKEDIN = {"platform": "linkedin", "service": "posts"}


def test_the_same_question_has_the_same_hash() -> None:
    assert plan(source(1), source(2), num_posts=5).hash == plan(source(1), source(2), num_posts=5).hash


def test_the_hash_is_known_for_ever() -> None:
    """A kept plan is started by its hash, also after an upgrade: a change here is a change of what is hashed."""
    assert plan().hash == "f605d5fce90ea3812fe536002fd52414b39246bd9bfc2dc1ec77e1c6a0a407b7"


ASKED = [
    pytest.param({"name": "Spring"}, id="name"),
    pytest.param({"project": "tea"}, id="project"),
    pytest.param({"start": date(2025, 9, 1)}, id="start"),
    pytest.param({"end": date(2025, 9, 30)}, id="end"),
    pytest.param({"num_posts": 7}, id="num_posts"),
    pytest.param({"day": date(2025, 10, 3)}, id="day"),
    pytest.param({"batch_size": 1}, id="batch_size"),
    pytest.param({"price_usd_per_record": 0.5}, id="price"),
]


@pytest.mark.parametrize("ask", ASKED)
def test_the_hash_changes_with_every_part_of_the_question(ask: dict[str, Any]) -> None:
    sources = (source(1), source(2))

    assert plan(*sources, **ask).hash != plan(*sources).hash


CHANGED = [
    pytest.param({"url": "https://www.instagram.com/other/"}, id="url"),
    pytest.param({"service": "profiles"}, id="service"),
    pytest.param({**LINKEDIN, "url": "https://www.linkedin.com/in/ann"}, id="platform"),
    pytest.param({"options": {"post_type": "Reel"}}, id="options"),
    pytest.param({"id": 9}, id="another source of the same words"),
]


@pytest.mark.parametrize("changed", CHANGED)
def test_the_hash_changes_with_every_source(changed: dict[str, Any]) -> None:
    assert plan(replace(source(), **changed)).hash != plan(source()).hash


def test_names_of_sources_do_not_change_what_is_asked() -> None:
    renamed = replace(source(), name="Another name", creator="bob")

    assert [asdict(job) for job in plan(renamed).jobs] == [asdict(job) for job in plan(source()).jobs]


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"),
    [
        pytest.param(1, 20, [1], id="one"),
        pytest.param(20, 20, [20], id="exactly a batch"),
        pytest.param(21, 20, [20, 1], id="one more than a batch"),
        pytest.param(5, 2, [2, 2, 1], id="several batches"),
        pytest.param(3, 1, [1, 1, 1], id="one each"),
    ],
)
def test_inputs_go_in_batches(count: int, batch_size: int, sizes: list[int]) -> None:
    (job,) = plan(*(source(n) for n in range(1, count + 1)), batch_size=batch_size).jobs

    assert [len(snapshot.inputs) for snapshot in job.snapshots] == sizes
    assert sorted(one for snapshot in job.snapshots for one in snapshot.source_ids) == list(range(1, count + 1))


def test_one_job_for_each_platform_and_service() -> None:
    made = plan(source(1), source(2, service="profiles"), source(3, **LINKEDIN, url="https://www.linkedin.com/in/ann"))

    assert [(job.platform, job.service, job.kind) for job in made.jobs] == [
        ("instagram", "posts", "posts"), ("instagram", "profiles", "profiles"), ("linkedin", "posts", "posts"),
    ]  # fmt: skip


def test_the_order_of_sources_does_not_change_what_is_sent() -> None:
    one, two = plan(source(1), source(2)), plan(source(2), source(1))

    assert one.jobs == two.jobs


@pytest.mark.parametrize(
    ("url", "discover_by"),
    [
        pytest.param("https://www.linkedin.com/in/ann", "profile_url", id="a person"),
        pytest.param("https://www.linkedin.com/company/tea-co/", "company_url", id="a company"),
        pytest.param("https://www.linkedin.com/school/tea/", "company_url", id="a school"),
        pytest.param("https://www.linkedin.com/posts/ann_tea-1", None, id="a post: no discovery"),
    ],
)
def test_linkedin_is_asked_by_what_the_url_shows(url: str, discover_by: str | None) -> None:
    (job,) = plan(source(**LINKEDIN, url=url)).jobs

    assert job.snapshots[0].query.get("discover_by") == discover_by


def test_people_and_companies_are_not_asked_for_in_one_snapshot() -> None:
    urls = ("https://www.linkedin.com/in/ann", "https://www.linkedin.com/company/tea-co/")
    (job,) = plan(*(source(n, **LINKEDIN, url=url) for n, url in enumerate(urls, 1))).jobs

    assert sorted(snapshot.query["discover_by"] for snapshot in job.snapshots) == ["company_url", "profile_url"]


@pytest.mark.parametrize(
    ("ask", "options", "limit"),
    [
        pytest.param({}, {}, 10, id="nobody said"),
        pytest.param({"num_posts": 4}, {}, 4, id="the run said"),
        pytest.param({"num_posts": 4}, {"num_of_posts": 7}, 7, id="the source said"),
    ],
)
def test_a_discovery_always_has_a_limit(ask: dict[str, Any], options: dict[str, Any], limit: int) -> None:
    (job,) = plan(source(options=options), **ask).jobs

    assert job.snapshots[0].query["limit_per_input"] == limit
    assert job.snapshots[0].estimate_records == limit


def test_what_is_no_discovery_is_limited_in_its_inputs() -> None:
    (job,) = plan(source(platform="facebook", service="posts", url="https://www.facebook.com/tea")).jobs

    assert job.snapshots[0].query == {}
    assert job.snapshots[0].inputs[0]["num_of_posts"] == 10


ESTIMATES = [
    pytest.param([source()], {"num_posts": 5}, 5, id="posts: as many as are asked for"),
    pytest.param([source(1), source(2)], {"num_posts": 5}, 10, id="of every source"),
    pytest.param([source(service="profiles")], {"num_posts": 5}, 1, id="a profile is one row"),
    pytest.param([source(service="comments", url="https://www.instagram.com/p/A/")], {}, 20, id="comments: a guess"),
]


@pytest.mark.parametrize(("sources", "ask", "records"), ESTIMATES)
def test_the_estimate(sources: list[Source], ask: dict[str, Any], records: int) -> None:
    estimate = plan(*sources, **ask).estimate

    assert (estimate.records, estimate.micro_usd) == (records, records * 2000)


def test_the_estimate_takes_the_owners_price() -> None:
    assert plan(num_posts=10, price_usd_per_record=0.0015).estimate.micro_usd == 15_000


def test_dates_are_written_as_each_platform_wants_them() -> None:
    linkedin = source(2, **LINKEDIN, url="https://www.linkedin.com/in/ann")
    dates = {"start": date(2025, 9, 1), "end": date(2025, 9, 30)}
    inputs = [job.snapshots[0].inputs[0] for job in plan(source(1), linkedin, **dates).jobs]

    assert [(one["start_date"], one["end_date"]) for one in inputs] == [
        ("09-01-2025", "09-30-2025"), ("2025-09-01T00:00:00.000Z", "2025-09-30T23:59:59.999Z"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sources", "ask", "words"),
    [
        pytest.param([], {}, "no enabled source", id="no sources"),
        pytest.param([source()], {"start": DAY, "end": date(2025, 1, 1)}, "is after the end", id="dates swapped"),
        pytest.param([source()], {"num_posts": 0}, "give 1 or more", id="no posts"),
        pytest.param([source(platform="myspace")], {}, "source 1 (Source 1): there is no dataset", id="platform"),
        pytest.param([source(service="stories")], {}, "Known: facebook comments", id="service"),
        pytest.param([source(url="https://example.org/tea")], {}, "source 1", id="another site's url"),
        pytest.param([source(options={"color": "red"})], {}, "no option 'color'", id="unknown option"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_name(sources: list[Source], ask: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=r"(?s).*") as refused:
        make_plan(sources, PlanRequest(**{"day": DAY, **ask}))

    assert words in refused.value.message
