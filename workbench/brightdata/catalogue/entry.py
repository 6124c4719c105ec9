"""What an entry of the table holds, and the inputs that many of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

COLLECT: Final = "collect"  # the way that asks for what the URL itself shows, without discovery
KINDS: Final = ("posts", "comments", "profiles", "companies", "job_ads")


@dataclass(frozen=True)
class Input:
    """One input of a way. Types: text url urls handle integer flag list date end_date.

    A handle may be given as the URL of its profile. An `end_date` is the last day that is wanted.
    """

    type: str
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()  # the vendor's spellings; ours is compared without regard to case


@dataclass(frozen=True)
class Way:
    """One way to ask a dataset.

    `source` is the input that takes the source's own URL. Where that input is no URL (a keyword), an option of the
    same name goes before it, and the source's URL is a name only; where `source` is empty, it always is.
    """

    discover_by: str | None
    inputs: Mapping[str, Input]
    source: str = "url"
    paths: str = ""  # a pattern: a URL whose path it finds is asked this way


@dataclass(frozen=True)
class Dataset:
    """One dataset of the vendor's.

    `columns` gives for each of our columns the places in the vendor's row, tried in order until one holds a
    value; an empty tuple says that the vendor has none. A place is a key, verbatim, or ``a.b`` for b in the
    object a; ``handle:a`` is the name of the account in the address that a holds, ``media:a`` the number of an
    Instagram post. For a column of texts (hashtags, media_urls, external_urls) it may hold a list of texts, a list of
    objects, whose ``url`` is meant, or a single text; what ``+a`` holds is added to what was found before it.

    `match_keys` are the input keys by which a row is attributed to the source that asked for it, looked up in
    ``discovery_input``, then in ``input``.
    """

    dataset_id: str
    platform: str
    service: str
    kind: str
    ways: Mapping[str, Way]
    default_way: str
    hosts: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    match_keys: tuple[str, ...] = ("url",)
    # strftime patterns: the vendor reads a wrong order silently as another date
    date_format: str = "%m-%d-%Y"
    end_date_format: str = ""  # where the last day is written differently from the first
    price_micro_usd: int = 2_000  # per delivered row, an estimate

    @property
    def name(self) -> str:
        return f"{self.platform} {self.service}"


URL: Final = Input("url", required=True)
BY_URL: Final = {"url": URL}
COUNTRY: Final = {"country": Input("text")}  # two letters: where the scraper looks from
DATES: Final = {"start_date": Input("date"), "end_date": Input("end_date")}
NUMBER: Final = {"num_of_posts": Input("integer")}
WITHOUT: Final = {"posts_to_not_include": Input("list")}
SOME: Final = {**NUMBER, **WITHOUT}
