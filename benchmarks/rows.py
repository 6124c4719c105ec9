"""Instagram-like rows, the same bytes on every machine: about 3.5 KB each, every fiftieth an error or a warning.

    python -m benchmarks.rows FILE COUNT

An eighth are older posts with newer counts, as a daily collection brings them; texts in many scripts, emoji,
long addresses, nested comments and media.
"""

import datetime as dt
import random
import sys
from collections.abc import Iterator
from pathlib import Path

SEED = 7
CREATORS = 20_000
SOURCES = 20  # that were asked in the one snapshot, as many as Workbench sends together
ERRORS = 0.02
AGAIN = 0.12
_FIRST_KEY = 70_000_000
_BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_WORDS = [
    "the",
    "a",
    "sunset",
    "brand",
    "new",
    "drop",
    "today",
    "link",
    "bio",
    "love",
    "family",
    "travel",
    "food",
    "coffee",
    "city",
    "morning",
    "summer",
    "winter",
    "launch",
    "collab",
    "amazing",
    "people",
    "thank",
    "you",
    "happy",
    "monday",
    "vibes",
    "art",
    "music",
    "dance",
    "studio",
    "ocean",
    "mountain",
    "recipe",
    "home",
    "garden",
    "style",
    "fashion",
    "beauty",
    "fitness",
    "run",
    "gym",
    "coach",
    "dog",
    "cat",
    "baby",
    "wedding",
    "night",
    "café",
    "señorita",
    "über",
    "naïve",
    "東京",
    "こんにちは",
    "любовь",
    "مرحبا",
    "नमस्ते",
    "서울",
]
_EMOJI = ["😀", "🔥", "❤️", "🎉", "🙏🏽", "👩\u200d👩\u200d👧", "🇸🇮", "✨", "💯", "😂", "🫶", "🏔️"]
_PLACES = ("Ljubljana", "London", "東京", "São Paulo")
_CDN = "https://scontent-lhr8-1.cdninstagram.com/v/t51.2885-15"


def rows(count: int, *, first: int = 0) -> Iterator[dict]:
    chance = random.Random(f"{SEED} {first}")
    for number in range(first, first + count):
        if chance.random() < ERRORS:
            yield _failed(chance, number)
        else:
            yield _post(chance, number)


def write(target: Path, count: int) -> None:
    import orjson

    with target.open("wb", buffering=1 << 22) as file:
        for row in rows(count):
            file.write(orjson.dumps(row) + b"\n")


def as_array(lines: Path, target: Path) -> None:
    with lines.open("rb") as source, target.open("wb", buffering=1 << 22) as file:
        for number, line in enumerate(source):
            file.write((b",\n" if number else b"[\n") + line[:-1])
        file.write(b"\n]\n")


def repeated(lines: Path, target: Path, times: int) -> None:
    with target.open("wb") as file:
        for _ in range(times):
            with lines.open("rb") as source:
                while chunk := source.read(1 << 22):
                    file.write(chunk)


def source(number: int) -> str:
    return f"https://www.instagram.com/source_{number}/"


def _failed(chance: random.Random, number: int) -> dict:
    row = {
        "timestamp": _scraped_at(number),
        "input": {"url": f"https://www.instagram.com/p/X{number}/", "discovery_input": {"limit": 50}},
    }
    kind = chance.random()
    if kind < 0.5:
        return {**row, "error": "Crawler error: page not found", "error_code": "dead_page"}
    if kind < 0.8:
        return {**row, "warning": "Account is private", "warning_code": "private_profile"}
    return {**row, "error": 'timeout "navigating" \n\tat page', "error_code": "crawl_failed"}


def _post(chance: random.Random, number: int) -> dict:
    key = _FIRST_KEY + (chance.randrange(number) if number and chance.random() < AGAIN else number)
    creator = min(int(chance.paretovariate(1.05) * 7), CREATORS - 1)
    user, code, pk = f"creator_{creator}", f"C{key:x}_Ab{key % 97}", str(3_000_000_000_000_000_000 + key * 7919)
    likes, is_video = int(chance.paretovariate(0.9) * 40), chance.random() < 0.55
    media = 1 if is_video else chance.choice((1, 1, 1, 2, 3, 5))
    picture = (
        f"{_CDN}/{pk}_{key}_n.jpg?stp=dst-jpg_e35_p1080x1080&_nc_ht=scontent-lhr8-1.cdninstagram.com"
        f"&_nc_cat={key % 110}"
        f"&_nc_oc=Q6cZ2QG{key:08x}&_nc_ohc={key * 31:x}&edm=ANTKIIoBAAAA&ccb=7-5&oh=00_AfS{key * 17:x}"
        f"&oe=68{key % 0xFFFFFF:06X}"
    )
    tags = [f"#{_WORDS[chance.randrange(30)]}{chance.randrange(200)}" for _ in range(chance.randrange(9))]
    return {
        "url": f"https://www.instagram.com/p/{code}/",
        "user_posted": user,
        "description": " ".join([_text(chance, 3, 60), *tags]) if chance.random() > 0.03 else None,
        "hashtags": tags or None,
        "num_comments": likes // 37,
        "date_posted": f"{_BEGIN + dt.timedelta(seconds=key * 61 % (580 * 86400)):%Y-%m-%dT%H:%M:%S.000Z}",
        "likes": likes,
        "photos": None if is_video else [f"{picture}&i={index}" for index in range(media)],
        "videos": [picture.replace(".jpg", ".mp4")] if is_video else None,
        "location": [chance.choice(_PLACES)] if chance.random() < 0.2 else None,
        "latest_comments": [_comment(chance) for _ in range(chance.randrange(7))],
        "post_id": pk,
        "discovery_input": None,
        "has_handshake": None,
        "shortcode": code,
        "content_type": "Reel" if is_video else "Carousel" if media > 1 else "Image",
        "pk": pk,
        "content_id": code,
        "engagement_score_view": chance.randrange(10**5) if is_video else None,
        "thumbnail": picture,
        "video_view_count": likes * chance.randint(3, 20) if is_video else None,
        "product_type": "clips" if is_video else "feed",
        "coauthor_producers": None,
        "tagged_users": [_tagged(chance, picture) for _ in range(chance.choice((0, 0, 0, 1, 2)))],
        "video_play_count": likes * chance.randint(5, 30) if is_video else None,
        "followers": 1000 + creator * 13,
        "posts_count": 100 + creator % 900,
        "profile_image_link": picture[:90],
        "is_verified": creator % 7 == 0,
        "is_paid_partnership": chance.random() < 0.05,
        "partnership_details": {"profile_id": None, "username": None, "profile_url": None},
        "user_posted_id": str(10**9 + creator),
        "post_content": [
            {"index": index, "type": "Video" if is_video else "Photo", "url": picture, "id": f"{pk}{index}",
             "alt_text": None}
            for index in range(media)
        ],
        "audio": {
            "audio_asset_id": str(key * 3), "original_audio_title": "Original audio", "ig_artist_username": user,
            "ig_artist_id": str(10**9 + creator),
        } if is_video else None,
        "profile_url": f"https://www.instagram.com/{user}",
        "videos_duration": [{"url": picture, "video_duration": round(chance.random() * 90, 3)}] if is_video else None,
        "images": [],
        "alt_text": None,
        "photos_number": 0 if is_video else media,
        "timestamp": _scraped_at(number),
        "input": {"url": source(number % SOURCES)},
    }  # fmt: skip


def _comment(chance: random.Random) -> dict:
    return {
        "comments": _text(chance, 1, 14),
        "user_commenting": f"user_{chance.randrange(10**6)}",
        "likes": chance.randrange(50),
        "profile_picture": f"{_CDN}/{chance.randrange(10**9)}_n.jpg?_nc_ht=x&oe=68A0B1C2",
    }


def _tagged(chance: random.Random, picture: str) -> dict:
    return {
        "full_name": _text(chance, 1, 2),
        "id": str(chance.randrange(10**10)),
        "is_verified": False,
        "profile_pic_url": picture[:60],
        "username": f"user_{chance.randrange(10**5)}",
    }


def _text(chance: random.Random, least: int, most: int) -> str:
    count = chance.randint(least, most)
    words = chance.choices(_WORDS, k=count)
    for _ in range(count // 12):
        words[chance.randrange(count)] = chance.choice(_EMOJI)
    return " ".join(words)


def _scraped_at(number: int) -> str:
    return f"2025-08-05T10:{number // 60000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}Z"


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
