"""The datasets that the stand-in knows: to add one, add an entry here and a row maker in `rows/`.

Ids, inputs and ways to discover are those of the vendor's catalogue and its official SDK. What an input may not have
is refused, as the vendor refuses it.
"""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows import facebook, instagram, linkedin, linkedin_pages, tiktok, x, youtube
from workbench.sandbox.brightdata.shapes import Dataset, Method, keys

_PINNED: Final = "no posts found, please check pinned posts detection"
_GONE: Final = "This content isn't available right now"
_NO_PAGE: Final = "Page not found"
_NO_COMMENTS: Final = "No comments found"
NO_POSTS: Final = "Not found posts for specified period"

_DATES: Final = "start_date end_date"
_SOME: Final = "num_of_posts posts_to_not_include"
_JOB_SEARCH: Final = "location country time_range job_type experience_level remote company"


def _one(inputs: str = "url") -> Method:
    """Plain collection of what an address shows."""
    return Method(keys(inputs))


def _many(inputs: str, *, filled: tuple[str, ...] = ()) -> Method:
    """Plain collection that gives many records for one address."""
    return Method(keys(inputs), many=True, filled=filled)


def _found(inputs: str, *required: str, many: bool = True, filled: tuple[str, ...] = ()) -> Method:
    """Discovery; the first of its inputs is the one that says what to look for."""
    first = inputs.split(maxsplit=1)[0]
    return Method(keys(inputs), required=required or (first,), many=many, discovers=True, filled=filled)


_KNOWN: Final = (
    Dataset(
        "gd_l1vikfch901nx3by4",
        "Instagram - Profiles",
        instagram.PROFILES,
        {"": _one(), "user_name": _found("user_name", many=False)},
        instagram.make_profile,
        warning=_NO_PAGE,
    ),
    Dataset(
        "gd_lk5ns7kz21pck8jpis",
        "Instagram - Posts",
        instagram.POSTS,
        {
            "": _one(),
            "url": _found(f"url {_SOME} {_DATES} post_type", filled=("posts_to_not_include", "post_type")),
        },
        instagram.make_post,
        warning=_PINNED,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lyclm20il4r5helnj",
        "Instagram - Reels",
        instagram.REELS,
        {
            "": _one(),
            "url": _found(f"url num_of_posts {_DATES}"),
            "url_all_reels": _found(f"url num_of_posts {_DATES}"),
        },
        instagram.make_reel,
        warning=_PINNED,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_ltppn085pokosxh13",
        "Instagram - Comments",
        instagram.COMMENTS,
        {"": _many("url")},
        instagram.make_comment,
        warning=_NO_COMMENTS,
    ),
    Dataset(
        "gd_lkaxegm826bjpoo9m5",
        "Facebook - Pages Posts by Profile URL",
        facebook.POSTS,
        {
            "": _many(
                f"url {_SOME} {_DATES} include_profile_data",
                filled=("num_of_posts", "posts_to_not_include"),
            )
        },
        facebook.make_post,
        warning=_GONE,
        warns_in_full=True,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lz11l67o2cb3r0lkj3",
        "Facebook - Posts by group URL",
        facebook.GROUP_POSTS,
        {"": _many(f"url {_SOME} {_DATES}", filled=("num_of_posts", "posts_to_not_include"))},
        facebook.make_group_post,
        warning=_GONE,
        warns_in_full=True,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lyclm1571iy3mv57zw",
        "Facebook - Posts by post URL",
        facebook.POSTS,
        {"": _one()},
        facebook.make_one_post,
        warning=_GONE,
        warns_in_full=True,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lyclm3ey2q6rww027t",
        "Facebook - Reels by profile URL",
        facebook.REELS,
        {"": _many(f"url {_SOME} {_DATES}")},
        facebook.make_reel,
        warning=_GONE,
        warns_in_full=True,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lkay758p1eanlolqw8",
        "Facebook - Comments",
        facebook.COMMENTS,
        {"": _many(f"url num_of_comments comments_to_not_include {_DATES} get_all_replies limit_records")},
        facebook.make_comment,
        warning=_NO_COMMENTS,
        warns_in_full=True,
        quoted_dates=keys("date_created"),
    ),
    Dataset(
        "gd_l1villgoiiidt09ci",
        "TikTok - Profiles",
        tiktok.PROFILES,
        {"": _one("url country"), "search_url": _found("search_url country")},
        tiktok.make_profile,
        warning=_NO_PAGE,
    ),
    Dataset(
        "gd_lu702nij2f790tmv9h",
        "TikTok - Posts",
        tiktok.POSTS,
        {
            "": _one("url country"),
            "profile_url": _found(
                f"url {_SOME} {_DATES} what_to_collect post_type country include_pinned_post sort_by",
                filled=("posts_to_not_include", "what_to_collect", "post_type", "country"),
            ),
            "keyword": _found(f"search_keyword {_SOME} country"),
            "url": _found("URL num_of_posts country"),  # in capitals, here alone
        },
        tiktok.make_post,
        warning=NO_POSTS,
        quoted_dates=keys("create_time"),
    ),
    Dataset(
        "gd_m7n5v2gq296pex2f5m",
        "TikTok - Posts by profile, fast",
        tiktok.POSTS,
        {"": _many("url")},
        tiktok.make_post,
        warning=NO_POSTS,
    ),
    Dataset(
        "gd_m736hjp71lejc5dc0l",
        "TikTok - Posts by URL, fast",
        tiktok.POSTS,
        {"": _many("url")},
        tiktok.make_post,
        warning=NO_POSTS,
    ),
    Dataset(
        "gd_m7n5ixlw1gc4no56kx",
        "TikTok - Posts by search URL, fast",
        tiktok.POSTS,
        {"": _many("url num_of_posts country")},
        tiktok.make_post,
        warning=NO_POSTS,
    ),
    Dataset(
        "gd_lkf2st302ap89utw5k",
        "TikTok - Comments",
        tiktok.COMMENTS,
        {"": _many("url")},
        tiktok.make_comment,
        warning=_NO_COMMENTS,
        quoted_dates=keys("date_created post_date_created"),
    ),
    Dataset(
        "gd_l1viktl72bvl7bjuj0",
        "LinkedIn people profiles",
        linkedin_pages.PROFILES,
        {"": _one(), "name": _found("first_name last_name", "first_name", "last_name")},
        linkedin_pages.make_profile,
        warning=_NO_PAGE,
    ),
    Dataset(
        "gd_l1vikfnt1wgvvqz95w",
        "LinkedIn company information",
        linkedin_pages.COMPANIES,
        {"": _one()},
        linkedin_pages.make_company,
        warning=_NO_PAGE,
    ),
    Dataset(
        "gd_lyy3tktm25m4avu764",
        "LinkedIn posts",
        linkedin.POSTS,
        {
            "": _one(),
            "profile_url": _found(f"url {_DATES}"),
            "company_url": _found("url"),
            "url": _found("url limit"),
        },
        linkedin.make_post,
        warning=NO_POSTS,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lpfll7v5hcqtkxl6l",
        "LinkedIn job listings information",
        linkedin_pages.JOBS,
        {"": _one(), "keyword": _found(f"keyword {_JOB_SEARCH}", filled=("company",)), "url": _found("url")},
        linkedin_pages.make_job,
        warning="No jobs found",
        repeats_asked=True,
        quoted_dates=keys("job_posted_date"),
    ),
    Dataset(
        "gd_lk56epmy2i5g7lzu0k",
        "Youtube - Videos posts",
        youtube.VIDEOS,
        {
            "": _one("url country transcription_language"),
            "url": _found(f"url num_of_posts {_DATES} order_by country time_period transcription_language"),
            "keyword": _found(f"keyword num_of_posts {_DATES} country include_shorts"),
            "hashtag": _found(f"hashtag {_SOME} {_DATES} country"),
            "search_filters": _found("keyword_search upload_date type duration features country sort_by"),
            "explore": _found("url all_tabs country"),
            "podcast_url": _found("url"),
        },
        youtube.make_video,
        warning=NO_POSTS,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lk538t2k2p1k3oos71",
        "YouTube - Channels",
        youtube.CHANNELS,
        {"": _one(), "keyword": _found("keyword")},
        youtube.make_channel,
        warning=_NO_PAGE,
    ),
    Dataset(
        "gd_lk9q0ew71spt1mxywf",
        "Youtube - Comments",
        youtube.COMMENTS,
        {"": _many("url num_of_comments load_replies sort_by")},
        youtube.make_comment,
        warning=_NO_COMMENTS,
    ),
    Dataset(
        "gd_lwxkxvnf1cynvib9co",
        "X (formerly Twitter) - Posts",
        x.POSTS,
        {
            "": _one(),
            "profile_url": _found(f"url {_DATES}"),
            "profiles_array": _found(f"urls {_DATES}"),
        },
        x.make_post,
        warning=NO_POSTS,
        quoted_dates=keys("date_posted"),
    ),
    Dataset(
        "gd_lwxmeb2u1cniijd7t4",
        "X (formerly Twitter) - Profiles",
        x.PROFILES,
        {"": _one("url max_number_of_posts"), "user_name": _found("user_name", many=False)},
        x.make_profile,
        warning=_NO_PAGE,
    ),
)
DATASETS: Final = {dataset.dataset_id: dataset for dataset in _KNOWN}
