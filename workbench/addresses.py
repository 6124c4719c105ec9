"""One spelling for one address: however a page is written, it is one source, asked and paid once.

`read` gives the spelling that is kept and sent, and the key by which addresses are compared. What a platform is known
to ignore goes: scheme, www and m. and regional hosts, port, last slash, tracking parameters, fragments, percent signs,
invisible characters, the case of handles. What tells pages apart stays: ids, their case, `?id=`, `?v=`, a search.
Of other sites only what no site needs is taken away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from workbench.errors import BadInput


@dataclass(frozen=True)
class Address:
    spelled: str  # as it is kept, and as the vendor is asked
    key: str  # the same for every spelling of the same thing on the same platform


@dataclass(frozen=True)
class _Page:
    """What a platform's own rules make of a path and a query. Without a key, path and query are it."""

    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class _Site:
    host: str  # that is sent
    domains: tuple[str, ...]
    page: Callable[[str, tuple[str, ...], dict[str, str]], _Page]  # of domain, path and query
    before_handle: str | None = ""  # what stands before a name in the path; None: it could be several things
    takes_bare: bool = True  # whether a name without its @ can be nothing else
    ends_with_slash: bool = False


# Nobody tells pages apart by these.
_TRACKING: Final = re.compile(
    r"(?i)utm_\w+|\w*clid|gbraid|wbraid|igshid?|mibextid|mc_[ce]id|mkt_tok|_hs\w+|_ga|_gl|li_fat_id|__\w+(\[\d*\])?"
)
# In a query, what says which page is meant.
_TELLING: Final = frozenset({
    "id", "v", "q", "list", "fbid", "story_fbid", "set", "search_query", "keyword", "keywords", "search_keyword",
    "multi_permalinks",
})  # fmt: skip
_UNDER: Final = re.compile(
    r"(?i)www\d?|[mxpdnb0]|b-m|mobile|web|touch|mbasic|lite|free|business|music|gaming|[a-z]{2}(-[a-z]{2,4})?"
)
# Two letters that are no country: they lead to something else.
_NOT_UNDER: Final = frozenset({"vm", "vt", "lm", "tv"})
_AROUND: Final = " \t\r\n\u00a0<>\"'“”‘’,;"
# Pages that only lead to the one which their query names: what is copied out of a message, or without a login.
_DOOR: Final = re.compile(
    r"(?i)l\.php|login(\.php)?|i/flow/login|accounts/login|authwall|uas/login|redirect|attribution_link"
)
_LEADS: Final = frozenset({
    "u", "q", "next", "continue", "redirect_url", "redirect_after_login", "session_redirect", "sessionredirect",
})  # fmt: skip
_HANDLE: Final = re.compile(r"@?[\w.-]{1,100}")
# A bare word that ends like this is as well the address of somebody's own site.
_SITE_OF_THEIR_OWN: Final = re.compile(r"(?i)\.(com|org|net|edu|gov|info|biz|io|co|de|fr|es|it|nl|uk|eu|us|ru|br|in)$")


def clean(text: str) -> str:
    """What a person sees of a text: no invisible characters, nothing of the sentence or list that it stood in."""
    visible = "".join(one for one in text if unicodedata.category(one) != "Cf")
    plain = unicodedata.normalize("NFC", visible).strip(_AROUND)
    if plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1].strip(_AROUND)
    return plain.replace("&amp;", "&")


@lru_cache(maxsize=65_536)
def read(platform: str, text: str) -> Address:
    """The address as it is kept and compared; a text that is none is kept as it is, and compared without case."""
    plain = _behind_doors(clean(text))
    given = platform.strip().casefold()
    for name in sorted(_SITES, key=lambda one: one != given):  # its own first; an address may be another platform's
        if (found := _of_site(_SITES[name], plain)) is not None:
            return _spelled(name, _SITES[name], found)
    return _anywhere(plain)


def _spelled(platform: str, site: _Site, found: tuple[str, tuple[str, ...], dict[str, str]]) -> Address:
    page = site.page(*found)
    path = "/".join(map(_quoted, page.path))
    ending = "/" if site.ends_with_slash and path and not page.query else ""
    asked = f"?{urlencode(sorted(page.query.items()))}" if page.query else ""
    return Address(
        f"https://{site.host}/{path}{ending}{asked}", f"{platform} {page.key or _key_of(page.path, page.query)}"
    )


def _behind_doors(plain: str) -> str:
    """The page to which a page of redirects or of a login leads; other addresses as they are."""
    for site in _SITES.values() if "?" in plain else ():
        found = _of_site(site, plain, may_lead=True)
        if found is None:
            continue
        _, path, query = found
        is_leading = _DOOR.fullmatch("/".join(path)) or (not path and "u" in query)
        wanted = next((value for name, value in query.items() if name.casefold() in _LEADS and value), "")
        if is_leading and re.match(r"(?i)https?://\S+$", wanted):
            return clean(wanted)
        return f"https://{site.host}{wanted}" if is_leading and re.match(r"/[^/\\]\S*$", wanted) else plain
    return plain


def key(platform: str, text: str) -> str:
    return read(platform, text).key


def handle(text: str) -> str:
    """The name of an account as it is compared."""
    return clean(text).removeprefix("@").casefold()


def of_handle(platform: str, text: str) -> str:
    """The address of an account that was typed as @name or bare; other texts as they are.

    Raises BadInput where it could be several pages, or somebody's own site.
    """
    plain = clean(text)
    site = _SITES.get(platform.strip().casefold())
    if site is None or not _HANDLE.fullmatch(plain) or _is_host(site, plain):
        return text
    name, is_marked = plain.removeprefix("@"), plain.startswith("@")
    if site.before_handle is not None and (is_marked or (site.takes_bare and not _SITE_OF_THEIR_OWN.search(name))):
        return f"https://{site.host}/{site.before_handle}{name}"
    raise BadInput(f"{plain!r} could be several pages; give the full address, https://{site.host}/…")


def _of_site(site: _Site, plain: str, *, may_lead: bool = False) -> tuple[str, tuple[str, ...], dict[str, str]] | None:
    """Domain, path and query of an address on the platform's own pages; None of anything else."""
    if "://" not in plain[:12]:
        if not _is_host(site, re.split(r"[/?#:]", plain.removeprefix("//"), maxsplit=1)[0], may_lead=may_lead):
            return None
        plain = f"https://{plain.removeprefix('//')}"
    try:
        parts = urlsplit(plain)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    is_odd = parts.scheme.casefold() not in {"http", "https"} or "@" in parts.netloc or port not in {None, 80, 443}
    if is_odd or not _is_host(site, host, may_lead=may_lead) or re.search(r"\s|\\", plain):
        return None
    domain = next(one for one in site.domains if host == one or host.endswith(f".{one}"))
    was_at_home = parts.path.strip("/") in {"", "home.php"}
    is_below = parts.fragment.startswith("!/") and was_at_home  # how addresses were written once
    path = parts.fragment[1:] if is_below else parts.path
    return domain, tuple(filter(None, map(_named, path.split("/")))), dict(parse_qsl(parts.query))


def _is_host(site: _Site, host: str, *, may_lead: bool = False) -> bool:
    """Whether the platform's pages are there; if asked, also where its links out of messages are."""
    plain = host.casefold().rstrip(".")
    under = [plain.removesuffix(f".{domain}") for domain in site.domains if plain.endswith(f".{domain}")]
    return plain in site.domains or any(
        (one not in _NOT_UNDER and _UNDER.fullmatch(one)) or (may_lead and one in {"l", "lm"}) for one in under
    )


def _named(segment: str) -> str:
    """A name or id in the path, as it is meant: a program may have quoted what was quoted, or a slash behind it."""
    return _decoded(_decoded(segment)).strip(" /")


def _decoded(segment: str) -> str:
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return segment
    return "".join(one for one in unicodedata.normalize("NFC", text) if unicodedata.category(one) != "Cf").strip()


def _quoted(segment: str) -> str:
    try:
        unquote(segment, errors="strict")
    except UnicodeDecodeError:  # bytes that are no text stay as they were sent
        return quote(segment, safe="%@:!$&'()*+,;=~-._")
    return quote(segment, safe="@:!$&'()*+,;=~-._")


def _anywhere(plain: str) -> Address:
    """An address on a site whose ways are not known, or no address at all."""
    if "/" not in plain:
        return Address(plain, " ".join(plain.split()).removeprefix("@").casefold())
    try:
        parts = urlsplit(plain if "//" in plain else f"//{plain}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:  # words to search for, with a slash and a bracket
        return Address(plain, plain.casefold())
    if not host or "@" in parts.netloc or re.search(r"\s|\\", plain):
        return Address(plain, plain.casefold())
    where = host if port in {None, 80, 443} else f"{host}:{port}"
    path = "/".join(_quoted(_decoded(one)) for one in parts.path.split("/"))
    kept = [part for part in parts.query.split("&") if part and not _TRACKING.fullmatch(part.partition("=")[0])]
    fragment = f"#{parts.fragment}" if parts.fragment[:1] in {"!", "/"} else ""  # such a page is told by its fragment
    asked = f"?{'&'.join(kept)}" if kept else ""
    scheme = f"{parts.scheme.casefold()}://" if parts.scheme else "//" if plain.startswith("//") else ""
    told = "?".join(filter(None, (f"{where.removeprefix('www.')}{path.rstrip('/')}", "&".join(sorted(kept)))))
    return Address(f"{scheme}{where}{path}{asked}{fragment}", f"{told}{fragment}")


def _key_of(path: tuple[str, ...], query: Mapping[str, str]) -> str:
    return "/".join(path) + (f"?{urlencode(sorted(query.items()))}" if query else "")


# The platforms ------------------------------------------------------------------------------------


def _telling(query: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name in _TELLING and value}


def _account(path: tuple[str, ...], pages: frozenset[str], query: Mapping[str, str]) -> _Page:
    """The account that begins the path; its own pages (reels, about, also about_details) are the account."""
    page = path[1].casefold() if len(path) > 1 else ""
    if page and not {page, page.partition("_")[0]} & pages:
        return _Page(path, _telling(query), _key_of((path[0].casefold(), *path[1:]), _telling(query)))
    return _Page(path[:1], {}, path[0].casefold())


_INSTAGRAM: Final = frozenset({
    "reels", "tagged", "channel", "igtv", "feed", "saved", "guides", "posts", "live",
    "followers", "following", "highlights", "reposts", "embed",
})  # fmt: skip
_INSTAGRAMS_OWN: Final = frozenset({"explore", "stories", "accounts", "direct", "reels", "p", "reel", "tv"})


def _instagram(_: str, path: tuple[str, ...], query: dict[str, str]) -> _Page:
    path = path[1:] if path[:1] == ("_u",) else path
    for at in (0, 1):
        kind = path[at] if len(path) > at + 1 else ""
        if kind in {"p", "reel", "reels", "tv"} and path[at + 1] != "audio":
            return _Page(("reel" if kind == "reels" else kind, path[at + 1]), {}, f"post {path[at + 1]}")
    if not path or path[0] in _INSTAGRAMS_OWN:
        told = _telling(query)
        return _Page(path, told, _key_of(tuple(one.casefold() for one in path), told))
    path = (path[0].lstrip("@").rstrip(".").lower(), *path[1:])
    return _account(path, _INSTAGRAM, query)


_TIKTOK: Final = frozenset({"live", "liked", "reposts", "favorites", "videos"})


def _tiktok(_: str, path: tuple[str, ...], query: dict[str, str]) -> _Page:
    if path and path[0].startswith("@"):
        path = (f"@{path[0].lstrip('@').rstrip('.').lower()}", *path[1:])
        if len(path) > 2 and path[1] in {"video", "photo"}:  # noqa: PLR2004 - @name, kind, id
            return _Page(path[:3], {}, f"post {path[2]}")
        return _account(path, _TIKTOK, query)
    folded = tuple(one.casefold() for one in path) if path[:1] == ("tag",) else path
    return _Page(path, _telling(query), _key_of(folded, _telling(query)))


_X: Final = frozenset({
    "with_replies", "media", "likes", "highlights", "articles", "superfollows", "followers", "following",
    "verified_followers", "about", "photo", "header_photo", "lists", "affiliates",
})  # fmt: skip
_XS_OWN: Final = frozenset({"i", "search", "hashtag", "home", "explore", "intent", "share", "settings"})


def _x(_: str, path: tuple[str, ...], query: dict[str, str]) -> _Page:
    if path[:1] == ("intent",) and query.get("screen_name"):
        path = (query["screen_name"],)
    for at, one in enumerate(path[:3]):
        if one in {"status", "statuses"} and len(path) > at + 1:
            return _Page(("i" if path[0] == "i" else path[0], "status", path[at + 1]), {}, f"post {path[at + 1]}")
    if not path or path[0].casefold() in _XS_OWN:
        return _Page(path, {name: value for name, value in query.items() if name in {"q", "f", "vertical"} and value})
    return _account((path[0].removeprefix("@"), *path[1:]), _X, query)


_FACEBOOK: Final = frozenset({
    "about", "photos", "videos", "posts", "reviews", "community", "events", "shop", "reels", "likes", "followers",
    "following", "timeline", "mentions", "live", "services", "photos_albums", "photos_all", "photos_by", "friends",
    "info", "home", "members", "media", "discussion", "featured", "files", "announcements", "ads", "reels_tab",
    "map", "directory", "music", "sports", "movies", "tv", "books", "groups", "jobs", "menu", "offers", "games",
})  # fmt: skip
_FACEBOOKS_OWN: Final = frozenset({
    "watch", "share", "photo", "photo.php", "story.php", "permalink.php", "video.php", "events", "marketplace",
    "hashtag", "search", "public", "help", "gaming", "stories", "login", "sharer", "sharer.php", "media", "reel",
})  # fmt: skip
_NUMBERED: Final = re.compile(r"(?:.*-)?(\d{8,})")


def _facebook(_: str, path: tuple[str, ...], query: dict[str, str]) -> _Page:
    told = _telling(query)
    path = path[1:] if path[:1] == ("pg",) else path
    if number := _facebook_id(path, told):
        return _Page(("profile.php",), {"id": number}, f"id {number}")
    if post := _facebook_post(path, told):
        return _Page(path, told, post)
    if path[:1] == ("groups",) and len(path) > 1:
        group = _account(path[1:], _FACEBOOK, query)
        if len(group.path) > 1 or "multi_permalinks" in told:
            return _Page(path, told, f"groups/{path[1].casefold()}/{_key_of(path[2:], told)}")
        return _Page(("groups", *group.path), {}, f"groups/{group.key}")
    if not path or path[0] in _FACEBOOKS_OWN:
        return _Page(path, told)
    found = _account((path[0].removeprefix("@"), *path[1:]), _FACEBOOK, query)
    name, rest = found.key.partition("/")[::2]
    return replace(found, key="/".join(filter(None, (name.replace(".", ""), rest))))  # Facebook passes over dots


def _facebook_id(path: tuple[str, ...], told: Mapping[str, str]) -> str:
    """The number of a profile or page, in one of the ways in which it is written; empty when it is none."""
    first, *rest = path or ("",)
    if first.casefold() == "profile.php":
        return told.get("id", "")
    if first == "people" and told.get("id"):
        return told["id"]
    if first in {"people", "pages"}:
        number = rest[1] if first == "people" and len(rest) > 1 else path[-1] if len(rest) > 1 else ""
    elif first == "p" and rest:
        number = rest[0]
    elif not rest or (len(rest) == 1 and rest[0].casefold() in _FACEBOOK):
        number = first
    else:
        return ""
    found = _NUMBERED.fullmatch(number)  # a name has no hyphen, and is not of digits alone
    return found[1] if found else ""


def _facebook_post(path: tuple[str, ...], told: Mapping[str, str]) -> str:
    """The key of one post, video or photo; empty when it is none."""
    if path[:1] == ("reel",) and len(path) > 1:
        return f"video {path[1]}"
    by_query = {"watch": ("video", "v"), "video.php": ("video", "v"), "photo": ("photo", "fbid"),
                "photo.php": ("photo", "fbid"), "story.php": ("post", "story_fbid"),
                "permalink.php": ("post", "story_fbid")}  # fmt: skip
    if path and path[0] in by_query:
        kind, name = by_query[path[0]]
        return f"{kind} {told[name]}" if told.get(name) else ""
    named = {"posts": "post", "permalink": "post", "videos": "video", "photos": "photo"}
    found = next((named[one] for one in path[1:-1] if one in named), "")
    return f"{found} {path[-1]}" if found else ""


_KINDS_OF_LINKEDIN: Final = ("company", "school", "showcase")
_LINKEDIN_NOISE: Final = re.compile(
    r"(?i)trk\w*|lipi|lici|original\w+|refid|trackingid|midtoken|midsig|eid|position|pagenum|rcm|lang|_l|locale"
)


def _linkedin(_: str, path: tuple[str, ...], query: dict[str, str]) -> _Page:
    while path and path[0].casefold() in {"mwlite", "organization-guest", "m", "comm"}:
        path = path[1:]
    if path:  # also as it was called once
        first = path[0].casefold()
        path = ("company" if first in {"companies", "company-beta"} else first, *path[1:])
    text = "/".join(path)
    if path[:1] == ("in",) and len(path) > 1:
        return _Page(("in", path[1].lower()), {}, f"in/{path[1].casefold()}")
    if path and path[0] in _KINDS_OF_LINKEDIN and len(path) > 1:
        return _Page((path[0], path[1].lower()), {}, f"{path[0]}/{path[1].casefold()}")
    if path[:1] in {("posts",), ("feed",), ("embed",)} and (
        found := re.search(r"(?i)(activity|ugcpost|share)[-:](\d{8,})", text)
    ):
        return _Page(path, {}, f"post {found[1].casefold()} {found[2]}")
    if path[:2] == ("jobs", "view") and (found := re.search(r"(\d{6,})$", text)):
        return _Page(path, {}, f"job {found[1]}")
    kept = {name: value for name, value in query.items()
            if not _LINKEDIN_NOISE.fullmatch(name) and not _TRACKING.fullmatch(name)}  # fmt: skip
    return _Page(path, kept)


_YOUTUBE_NOISE: Final = re.compile(
    r"(?i)si|feature|pp|ab_channel|app|hl|gl|persist_\w+|t|start|index|cbrd|ucbcb|themerefresh"
)
_CHANNELS_HOME: Final = frozenset({
    "videos", "featured", "about", "community", "channels", "search", "home", "posts", "store", "membership",
})  # fmt: skip


def _youtube(domain: str, path: tuple[str, ...], query: dict[str, str]) -> _Page:
    if domain == "youtu.be" and path and path[0] != "watch" and not path[0].startswith("@"):
        path, query = ("watch",), {"v": path[0]}
    if path[:1] == ("watch",) and len(path) > 1 and not query.get("v"):
        query = {"v": path[1]}
    if path[:1] == ("watch",) and query.get("v"):
        return _Page(("watch",), {"v": query["v"]}, f"video {query['v']}")
    if path[:1] in {("shorts",), ("live",), ("embed",), ("v",), ("e",)} and len(path) > 1:
        own = path[0] in {"shorts", "live"}
        return _Page(path[:2] if own else ("watch",), {} if own else {"v": path[1]}, f"video {path[1]}")
    size = 1 if path and path[0].startswith("@") else 2 if path and path[0] in {"channel", "c", "user"} else 0
    if size and len(path) >= size:
        name = path[:size] if path[0] == "channel" else tuple(one.casefold() for one in path[:size])
        rest = tuple(one for one in path[size:] if one not in _CHANNELS_HOME)
        return _Page(path, {}, "/".join((*name, *rest)))
    kept = {name: value for name, value in query.items()
            if not _YOUTUBE_NOISE.fullmatch(name) and not _TRACKING.fullmatch(name)}  # fmt: skip
    return _Page(path, kept)


_SITES: Final[Mapping[str, _Site]] = {
    "instagram": _Site("www.instagram.com", ("instagram.com", "instagr.am"), _instagram, ends_with_slash=True),
    "facebook": _Site("www.facebook.com", ("facebook.com", "fb.com"), _facebook),
    "tiktok": _Site("www.tiktok.com", ("tiktok.com",), _tiktok, "@"),
    "linkedin": _Site("www.linkedin.com", ("linkedin.com",), _linkedin, None),
    "youtube": _Site("www.youtube.com", ("youtube.com", "youtu.be"), _youtube, "@", takes_bare=False),
    "x": _Site("x.com", ("x.com", "twitter.com"), _x),
}
