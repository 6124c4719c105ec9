"""X: posts and profiles.

The order of dates is not verified: month first was seen in one test of somebody else's. Compare the dates of the
first posts with what was asked for.
"""

from __future__ import annotations

from typing import Final

from workbench.brightdata.catalogue.entry import BY_URL, COLLECT, DATES, Dataset, Input, Way

_HOSTS: Final = ("x.com", "twitter.com")
_PROFILE: Final = r"^/(?!(i|search|hashtag|home|explore)(/|$))\w+/?$"

DATASETS: Final = (
    Dataset(
        dataset_id="gd_lwxkxvnf1cynvib9co",
        platform="x",
        service="posts",
        kind="posts",
        ways={
            COLLECT: Way(None, BY_URL, paths=r"^/\w+/status/\d+"),
            "profile_url": Way("profile_url", {**BY_URL, **DATES}, paths=_PROFILE),
            # Several profiles in one input: the source's URL holds them all, with blanks between.
            "profiles_array": Way("profiles_array", {"urls": Input("urls", required=True), **DATES}, source="urls"),
        },
        default_way="profile_url",
        hosts=_HOSTS,
        match_keys=("url", "urls"),
        columns={
            "post_id": ("id",),
            "url": ("url",),
            "author": ("user_posted",),
            "author_url": (),
            "text": ("description",),
            "published_at": ("date_posted",),
            "like_count": ("likes",),
            "comment_count": ("replies",),
            "share_count": ("reposts",),
            "view_count": ("views",),
            "media_type": (),
            "hashtags": ("hashtags",),
            "media_urls": ("photos", "+videos", "external_image_urls"),
        },
    ),
    Dataset(
        dataset_id="gd_lwxmeb2u1cniijd7t4",
        platform="x",
        service="profiles",
        kind="profiles",
        ways={
            COLLECT: Way(None, {**BY_URL, "max_number_of_posts": Input("integer")}, paths=_PROFILE),
            "user_name": Way("user_name", {"user_name": Input("handle", required=True)}, source="user_name"),
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        match_keys=("url", "user_name"),
        columns={
            "profile_id": ("x_id", "id"),
            "url": ("url",),
            "name": ("profile_name",),
            "handle": ("id",),
            "text": ("biography",),
            "follower_count": ("followers",),
            "following_count": ("following",),
            "post_count": ("posts_count",),
            "is_verified": ("is_verified",),
            "is_private": (),
            "image_url": ("profile_image_link",),
            "external_urls": ("external_link",),
        },
    ),
)
