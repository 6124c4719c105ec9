"""The table of datasets: ids, ways to ask, typed inputs, and where our columns come from. Plain data.

Ids, ways and inputs are those of the vendor's pages "Social media APIs", one page per dataset and way; prices
are the estimates of its own Python SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

COLLECT: Final = "collect"  # the way that asks for what the URL itself shows, without discovery
KINDS: Final = ("posts", "comments", "profiles", "companies", "job_ads")


@dataclass(frozen=True)
class Input:
    """One input of a way. Types: text url handle integer flag list date end_date.

    A handle may be given as the URL of its profile. An `end_date` is the last day that is wanted.
    """

    type: str
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()  # the vendor's spellings; ours is compared without regard to case


@dataclass(frozen=True)
class Way:
    """One way to ask a dataset. `source` is the input that takes the source's own URL."""

    discover_by: str | None
    inputs: Mapping[str, Input]
    source: str = "url"
    paths: str = ""  # a pattern: a URL whose path it finds is asked this way


@dataclass(frozen=True)
class Dataset:
    """One dataset of the vendor's.

    `columns` gives for each of our columns the places in the vendor's row, tried in order until one holds a
    value; an empty tuple says that the vendor has none. A place is a key, verbatim, or ``a.b`` for b in the
    object a. For a column of texts (hashtags, media_urls, external_urls) it may hold a list of texts, a list of
    objects, whose ``url`` is meant, or a single text.

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


_URL: Final = Input("url", required=True)
_BY_URL: Final = {"url": _URL}
_DATES: Final = {"start_date": Input("date"), "end_date": Input("end_date")}
_SOME: Final = {"num_of_posts": Input("integer"), "posts_to_not_include": Input("list")}

_INSTAGRAM: Final = ("instagram.com",)
_FACEBOOK: Final = ("facebook.com", "fb.com", "fb.me", "fb.watch")
_LINKEDIN: Final = ("linkedin.com",)

DATASETS: Final = (
    Dataset(
        dataset_id="gd_lk5ns7kz21pck8jpis",
        platform="instagram",
        service="posts",
        kind="posts",
        ways={
            COLLECT: Way(None, _BY_URL, paths=r"^/([^/]+/)?(p|reel|reels|tv)/[\w-]+"),
            "url": Way(
                "url",
                {**_BY_URL, **_SOME, **_DATES, "post_type": Input("text", choices=("Post", "Reel"))},
                paths=r"^/[^/]",
            ),
        },
        default_way="url",
        hosts=_INSTAGRAM,
        columns={
            "post_id": ("post_id", "pk"),
            "url": ("url",),
            "author": ("user_posted",),
            "author_url": ("profile_url", "user_profile_url"),
            "text": ("description",),
            "published_at": ("date_posted",),
            "like_count": ("likes",),
            "comment_count": ("num_comments",),
            "share_count": (),
            "view_count": ("video_view_count", "video_play_count", "views"),
            "media_type": ("content_type", "product_type"),
            "hashtags": ("hashtags",),
            "media_urls": ("post_content", "photos", "videos", "thumbnail"),
        },
    ),
    Dataset(
        dataset_id="gd_l1vikfch901nx3by4",
        platform="instagram",
        service="profiles",
        kind="profiles",
        ways={
            COLLECT: Way(None, _BY_URL, paths=r"^/[^/]"),
            "user_name": Way("user_name", {"user_name": Input("handle", required=True)}, source="user_name"),
        },
        default_way=COLLECT,
        hosts=_INSTAGRAM,
        match_keys=("url", "user_name"),
        columns={
            "profile_id": ("id", "fbid"),
            "url": ("profile_url", "url"),
            "name": ("profile_name", "full_name"),
            "handle": ("account",),
            "text": ("biography",),
            "follower_count": ("followers",),
            "following_count": ("following",),
            "post_count": ("posts_count",),
            "is_verified": ("is_verified",),
            "is_private": ("is_private",),
            "image_url": ("profile_image_link",),
            "external_urls": ("external_urls", "external_url"),
        },
    ),
    Dataset(
        dataset_id="gd_ltppn085pokosxh13",
        platform="instagram",
        service="comments",
        kind="comments",
        ways={COLLECT: Way(None, _BY_URL, paths=r"^/[^/]")},
        default_way=COLLECT,
        hosts=_INSTAGRAM,
        columns={
            "comment_id": ("comment_id",),
            "post_id": ("post_id",),
            "post_url": ("post_url",),
            "url": ("url",),
            "author": ("comment_user",),
            "author_url": ("comment_user_url",),
            "text": ("comment",),
            "published_at": ("comment_date",),
            "like_count": ("likes_number",),
            "reply_count": ("replies_number",),
        },
    ),
    Dataset(
        dataset_id="gd_lkaxegm826bjpoo9m5",
        platform="facebook",
        service="posts",
        kind="posts",
        ways={
            COLLECT: Way(
                None,
                {**_BY_URL, **_SOME, **_DATES, "include_profile_data": Input("flag")},
                paths=r"^/[^/]",
            )
        },
        default_way=COLLECT,
        hosts=_FACEBOOK,
        columns={
            "post_id": ("post_id", "shortcode"),
            "url": ("url",),
            "author": ("user_username_raw", "page_name"),
            "author_url": ("user_url", "page_url"),
            "text": ("content",),
            "published_at": ("date_posted",),
            "like_count": ("likes",),  # the sum of all reactions
            "comment_count": ("num_comments",),
            "share_count": ("num_shares",),
            "view_count": ("video_view_count", "play_count"),
            "media_type": ("post_type",),
            "hashtags": ("hashtags",),
            "media_urls": ("attachments", "post_external_image"),
        },
    ),
    Dataset(
        dataset_id="gd_lyy3tktm25m4avu764",
        platform="linkedin",
        service="posts",
        kind="posts",
        ways={
            "profile_url": Way("profile_url", {**_BY_URL, **_DATES}, paths=r"^/in/[^/]"),
            "company_url": Way("company_url", {**_BY_URL, **_DATES}, paths=r"^/(company|school|showcase)/[^/]"),
            COLLECT: Way(None, _BY_URL, paths=r"^/(posts|pulse|feed/update)/[^/]"),
            # the articles of an author; asked for by name only
            "url": Way("url", {**_BY_URL, "limit": Input("integer")}, paths=r"^/today/author/[^/]"),
        },
        default_way="profile_url",
        hosts=_LINKEDIN,
        # Times, as the vendor's pages ask for here and real rows show; so the last day counts to its end.
        date_format="%Y-%m-%dT00:00:00.000Z",
        end_date_format="%Y-%m-%dT23:59:59.999Z",
        columns={
            "post_id": ("id",),
            "url": ("url",),
            "author": ("user_id",),
            "author_url": ("use_url",),  # so spelt by the vendor
            "text": ("post_text", "title"),
            "published_at": ("date_posted",),
            "like_count": ("num_likes",),
            "comment_count": ("num_comments",),
            "share_count": (),
            "view_count": (),
            "media_type": ("post_type",),
            "hashtags": ("hashtags",),
            "media_urls": ("images", "videos", "video_thumbnail", "document_cover_image"),
        },
    ),
)
