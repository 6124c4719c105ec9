"""X: posts and profiles. Nested objects come with every key null, and one key of quoted posts is misspelt."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.template import templates
from workbench.sandbox.brightdata.shapes import Ask, Row, columns
from workbench.sandbox.dice import Dice

POSTS: Final = columns(
    """id user_posted name description date_posted:date photos:array url:url tagged_users:array replies:number
    reposts:number likes:number views:number external_url:url hashtags:array followers:number biography
    posts_count:number profile_image_link:url following:number is_verified:boolean quotes:number bookmarks:number
    parent_post_details:object external_image_urls:array videos:array quoted_post:object"""
)
PROFILES: Final = columns(
    """x_id url:url id profile_name biography is_verified:boolean profile_image_link:url external_link:url
    date_joined:date location birth_date posts_count:number posts:array suggested_profiles:array
    is_business_account:boolean is_government_account:boolean category_name followers:number following:number
    subscriptions:number"""
)
_ROWS: Final = templates(__file__)


def _of_several(ask: Ask, moment: int) -> str:
    """Of profiles asked for together, whose post it is."""
    urls = ask.given.get("urls")
    if not isinstance(urls, list) or not urls:
        return ask.handle
    return str(Dice(ask.seed, "x author", moment).choice(urls)).rstrip("/").rsplit("/", 1)[-1].lower()


def make_post(ask: Ask, moment: int) -> Row:
    author = _of_several(ask, moment)
    dice = Dice(ask.seed, "x post", author, moment)
    row = _ROWS["post"].fill(dice, author=author, asked=ask.number, moment=moment)
    return row | _user(ask.seed, author)


def make_profile(ask: Ask, _moment: int) -> Row:
    dice = Dice(ask.seed, "x profile", ask.handle)
    return _ROWS["profile"].fill(dice, handle=ask.handle) | _user(ask.seed, ask.handle)


def _user(seed: int, handle: str) -> Row:
    return _ROWS["user"].fill(Dice(seed, "x", handle))
