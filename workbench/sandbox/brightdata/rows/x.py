"""X: posts and profiles. Nested objects come with every key null, and one key of quoted posts is misspelt."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.dice import Dice, iso
from workbench.sandbox.brightdata.rows.words import PLACES, caption, handle_of, person, picture, tags_in
from workbench.sandbox.brightdata.shapes import Ask, Row, columns

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
_QUOTED: Final = (
    "data_posted",
    "description",
    "photos",
    "post_id",
    "profile_id",
    "profile_name",
    "url",
    "videos",
)
_TAGGED: Final = ("biography", "followers", "following", "is_verified", "profile_name", "url")


def _user(seed: int, handle: str) -> Row:
    dice = Dice(seed, "x", handle)
    return {
        "followers": dice.crowd(9_000_000),
        "following": dice.crowd(900),
        "biography": f"{dice.choice(PLACES)} ☕ kettles & <3",
        "posts_count": dice.crowd(90_000),
        "profile_image_link": picture(dice),
        "is_verified": dice.now_and_then(3),
    }


def _of_several(ask: Ask, moment: int) -> str:
    """Of profiles asked for together, whose post it is."""
    urls = ask.given.get("urls")
    if not isinstance(urls, list) or not urls:
        return ask.handle
    return str(Dice(ask.seed, "x author", moment).choice(urls)).rstrip("/").rsplit("/", 1)[-1].lower()


def make_post(ask: Ask, moment: int) -> Row:
    author = _of_several(ask, moment)
    dice = Dice(ask.seed, "x post", author, moment)
    asked_for = ask.url.rstrip("/").split("?")[0].rsplit("/", 1)[-1]
    number = asked_for if asked_for.isdigit() else "18" + dice.digits(17)
    text, quoting = caption(dice), dice.now_and_then(5)
    return {
        "id": number,
        "user_posted": author,
        "name": author.replace("_", " ").title(),
        "description": text,
        "date_posted": iso(moment),
        "photos": [picture(dice)] if dice.now_and_then(3) else None,
        "url": f"https://x.com/{author}/status/{number}",
        "tagged_users": [{**dict.fromkeys(_TAGGED), "profile_id": dice.digits(12)}] if dice.now_and_then(4) else None,
        "replies": dice.crowd(900),
        "reposts": dice.crowd(900),
        "likes": dice.crowd(90_000),
        "views": dice.crowd(9_000_000),
        "external_url": None,
        "hashtags": [tag.lstrip("#") for tag in tags_in(text)] or None,
        "quotes": dice.crowd(90),
        "bookmarks": dice.crowd(90),
        "parent_post_details": {"post_id": None, "profile_id": None, "profile_name": None},
        "external_image_urls": None,
        "videos": [{"duration": dice.randrange(9000, 200_000), "video_url": picture(dice, "mp4")}]
        if dice.now_and_then(3)
        else None,
        "quoted_post": {
            **dict.fromkeys(_QUOTED),
            **({"data_posted": iso(moment - 7200), "description": caption(dice)} if quoting else {}),
        },
        **_user(ask.seed, author),
    }


def make_profile(ask: Ask, _moment: int) -> Row:
    user, dice = _user(ask.seed, ask.handle), Dice(ask.seed, "x profile", ask.handle)
    return {
        "x_id": dice.digits(10),
        "url": f"https://x.com/{ask.handle}",
        "id": ask.handle,
        "profile_name": ask.handle.replace("_", " ").title(),
        "external_link": None if dice.now_and_then(2) else f"https://t.sandbox.example/{dice.base64(10)}",
        "date_joined": "2011-03-01T10:00:00.000Z",
        "location": dice.choice(PLACES),
        "birth_date": None,
        "posts": [
            {"post_id": "18" + dice.digits(17), "description": caption(dice), "likes": dice.crowd(900)}
            for _ in range(2)
        ],
        "suggested_profiles": [{"profile_name": person(dice), "profile_id": handle_of(person(dice), dice)}],
        "is_business_account": False,
        "is_government_account": False,
        "category_name": None,
        "subscriptions": None,
        **user,
    }
