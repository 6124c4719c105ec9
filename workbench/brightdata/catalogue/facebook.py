"""Facebook: posts of pages, of groups and by address, reels, comments. Nothing is discovered: all is behind a login.

Left out, because no page says what they take: marketplace, events, company reviews, pages, profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workbench.brightdata.catalogue.entry import BY_URL, COLLECT, DATES, SOME, Dataset, Input, Way

_HOSTS: Final = ("facebook.com", "fb.com", "fb.me", "fb.watch")
# An address of one post, given as that of a page, would be paid for and give other posts or none.
_ONE_POST: Final = (
    r"^/(reel/|watch\b|share/|photo\b|photo\.php|story\.php|permalink\.php|[^/]+/(posts|videos|photos)/"
    r"|groups/[^/]+/(posts|permalink)/)"
)
_NOT_A_PAGE: Final = rf"^/(?!groups/)(?!{_ONE_POST[2:]})[^/]"

_POSTS: Final[Mapping[str, tuple[str, ...]]] = {
    "post_id": ("post_id", "shortcode"),
    "url": ("url",),
    "author": ("user_username_raw", "user_username", "page_name"),
    "author_url": ("user_url", "page_url"),
    "text": ("content",),
    "published_at": ("date_posted",),
    "like_count": ("likes", "num_likes_type.num"),  # the sum of all reactions; the Likes alone where it is missing
    "comment_count": ("num_comments",),
    "share_count": ("num_shares",),
    "view_count": ("video_view_count", "play_count"),
    "media_type": ("post_type",),
    "hashtags": ("hashtags",),
    "media_urls": ("attachments", "+post_image", "+video_url", "post_external_image"),
}

DATASETS: Final = (
    Dataset(
        dataset_id="gd_lkaxegm826bjpoo9m5",
        platform="facebook",
        service="posts",
        kind="posts",
        ways={
            COLLECT: Way(
                None,
                {**BY_URL, **SOME, **DATES, "include_profile_data": Input("flag")},
                paths=_NOT_A_PAGE,
            )
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        columns=_POSTS,
    ),
    Dataset(
        dataset_id="gd_lz11l67o2cb3r0lkj3",
        platform="facebook",
        service="group_posts",
        kind="posts",
        ways={COLLECT: Way(None, {**BY_URL, **SOME, **DATES}, paths=r"^/groups/[^/]+/?$")},
        default_way=COLLECT,
        hosts=_HOSTS,
        columns=_POSTS,
    ),
    Dataset(
        dataset_id="gd_lyclm1571iy3mv57zw",
        platform="facebook",
        service="posts_by_url",
        kind="posts",
        ways={COLLECT: Way(None, BY_URL, paths=r"^/[^/]")},
        default_way=COLLECT,
        hosts=_HOSTS,
        columns=_POSTS,
    ),
    Dataset(
        dataset_id="gd_lyclm3ey2q6rww027t",
        platform="facebook",
        service="reels",
        kind="posts",
        ways={COLLECT: Way(None, {**BY_URL, **SOME, **DATES}, paths=_NOT_A_PAGE)},
        default_way=COLLECT,
        hosts=_HOSTS,
        # The vendor's page names no columns beyond those of posts; real rows have not been seen.
        columns={**_POSTS, "media_urls": ("attachments", "+video_url", "thumbnail")},
    ),
    Dataset(
        dataset_id="gd_lkay758p1eanlolqw8",
        platform="facebook",
        service="comments",
        kind="comments",
        ways={
            COLLECT: Way(
                None,
                {
                    **BY_URL,
                    "num_of_comments": Input("integer"),
                    "comments_to_not_include": Input("list"),
                    **DATES,
                    "get_all_replies": Input("flag"),
                    "limit_records": Input("integer"),
                },
                paths=r"^/[^/]",
            )
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        columns={
            "comment_id": ("comment_id",),
            "post_id": ("post_id",),
            "post_url": ("post_url",),
            "url": ("url",),
            "author": ("user_name",),
            "author_url": ("user_url",),
            "text": ("comment_text",),
            "published_at": ("date_created",),
            "like_count": ("num_likes",),
            "reply_count": ("num_replies",),
        },
    ),
)
