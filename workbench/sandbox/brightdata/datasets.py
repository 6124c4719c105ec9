"""The datasets that the stand-in knows: to add one, add an entry here and a row maker in `rows/`.

Ids, inputs and ways to discover are those of the vendor's catalogue and its official SDK.
"""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows import facebook, instagram, linkedin
from workbench.sandbox.brightdata.shapes import Dataset, Method, keys

_BY_URL: Final = Method(keys("url"))
_PINNED: Final = "no posts found, please check pinned posts detection"
NO_POSTS: Final = "Not found posts for specified period"

_KNOWN: Final = (
    Dataset(
        "gd_l1vikfch901nx3by4",
        "Instagram - Profiles",
        instagram.PROFILES,
        {"": _BY_URL, "user_name": Method(keys("user_name"), required=("user_name",), discovers=True)},
        instagram.make_profile,
        warning="Page not found",
    ),
    Dataset(
        "gd_lk5ns7kz21pck8jpis",
        "Instagram - Posts",
        instagram.POSTS,
        {
            "": _BY_URL,
            "url": Method(
                keys("url num_of_posts posts_to_not_include start_date end_date post_type"),
                many=True,
                discovers=True,
                filled=("posts_to_not_include", "post_type"),
            ),
        },
        instagram.make_post,
        warning=_PINNED,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_ltppn085pokosxh13",
        "Instagram - Comments",
        instagram.COMMENTS,
        {"": Method(keys("url"), many=True)},
        instagram.make_comment,
        warning="No comments found",
    ),
    Dataset(
        "gd_lkaxegm826bjpoo9m5",
        "Facebook - Pages Posts by Profile URL",
        facebook.POSTS,
        {
            "": Method(
                keys("url num_of_posts posts_to_not_include start_date end_date include_profile_data"),
                many=True,
                filled=("num_of_posts", "posts_to_not_include"),
            )
        },
        facebook.make_post,
        warning="This content isn't available right now",
        warns_in_full=True,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lyy3tktm25m4avu764",
        "LinkedIn posts",
        linkedin.POSTS,
        {
            "": _BY_URL,
            "profile_url": Method(keys("url start_date end_date"), many=True, discovers=True),
            "company_url": Method(keys("url"), many=True, discovers=True),
            "url": Method(keys("url limit"), many=True, discovers=True),
        },
        linkedin.make_post,
        warning=NO_POSTS,
        quoted_dates=keys("date_posted"),
    ),
)
DATASETS: Final = {dataset.dataset_id: dataset for dataset in _KNOWN}
