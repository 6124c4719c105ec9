"""What looks like a secret though nobody told us: by its shape, or by the name beside it.

Told apart from what an archive is made of: ids of snapshots and listings, uuids and hashes stay, unless they stand
under a name that only secrets have. Every pattern takes time in proportion to the text, whatever is written in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from workbench.secret import MASK, Secret

Span = tuple[int, int]

_QUOTE: Final = r"(?:\\*[\"']|&quot;|&\#x27;|&\#39;)"
# What must stand in the text, in small letters, for its pattern to be tried; the group `s` is the secret.
_SHAPES: Final = (
    (
        "authorization",
        rf"(?i)\bauthorization\b{_QUOTE}?\s{{0,4}}[:=]\s{{0,4}}{_QUOTE}?"
        r"(?:(?:bearer|basic|digest|token|apikey|negotiate)\s+(?P<s>[^\s\"'<>,;&\\*]{4,})"
        r"|(?P<t>(?=[^\s\"'<>,;&\\]*\d)[^\s\"'<>,;&\\]{8,}))",
    ),
    ("bearer", r"(?i)\bbearer\s+(?P<s>[\w.~+/-]{24,}=*|(?=[\w.~+/-]*\d)[\w.~+/-]{8,}=*)"),
    ("://", r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/?\#\"'<>@:]*:(?P<s>[^\s/?\#\"'<>@{}]+)@"),
    (
        "cookie",
        rf"(?i)\b(?:set-)?cookie{_QUOTE}?\s{{0,4}}[:=]\s{{0,4}}{_QUOTE}?"
        r"(?P<s>[^\s\"'<>=;,&\\]+=[^\s\"'<>\\][^\r\n\"'<>\\]*)",
    ),
    (
        "domain",  # a cookie as browsers' sessions are saved
        r"(?i)[\"']value\\*[\"']\s{0,4}:\s{0,4}\\*[\"'](?P<s>[^\"'\\]{4,})\\*[\"']\s{0,40},\s{0,40}\\*[\"']domain",
    ),
    (
        "private key-----",
        r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?P<s>.*?)(?:-----END [A-Z0-9 ]{0,40}-----|\Z)",
    ),
    # Ours, in the address that a vendor calls: whoever has it may deliver.
    ("/webhook/", r"/api/brightdata/webhook/(?P<s>[\w-]{16,})"),
    ("brd-customer-", r"brd-customer-[\w-]{1,80}:(?P<s>[^\s@\"'<>&]{4,})"),
    ("gh", r"\b(?P<s>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})"),
    ("glpat-", r"(?<![\w-])(?P<s>glpat-[\w-]{20,})"),
    ("xox", r"(?<![\w-])(?P<s>xox[abeprs]-[\w-]{10,})"),
    ("hooks.slack.com", r"hooks\.slack\.com/services/(?P<s>[\w/]{20,})"),
    ("akia", r"\b(?P<s>AKIA[0-9A-Z]{16})\b"),
    ("sk-", r"(?<![\w-])(?P<s>sk-(?=[\w-]*\d)[\w-]{20,})"),
    ("eyj", r"(?<![\w.-])(?P<s>eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"),
)  # fmt: skip
_COMPILED: Final = tuple((hint, re.compile(pattern)) for hint, pattern in _SHAPES)

_NAMING: Final = ("password", "passwd", "passphrase", "pwd", "secret", "token", "key")
_NAMED: Final = re.compile(
    rf"(?P<word>{'|'.join(_NAMING)})(?![A-Za-z0-9_-]){_QUOTE}?\]?(?P<gap>\s{{0,4}}(?:=>|:=|[:=])\s{{0,4}})"
    rf"(?:[bru]?{_QUOTE}(?P<quoted>[^\"'\r\n\\&<>]{{4,}})"
    r"|(?P<bare>[^\s\"'`,;&<>(){}\[\]\\|$]{4,})(?P<call>[(\[{]?))",
    re.IGNORECASE,
)
_NAME_BEFORE: Final = re.compile(r"[A-Za-z0-9_.-]{0,40}\Z")
_SURE: Final = re.compile(
    r"(?:.*[_.])?(?:password|passwd|passphrase|pwd|secret"
    r"|(?:api|access|secret|private|auth|master|account|service|signing|encryption|license|subscription|storage)_?key"
    r"|(?:access|refresh|auth|api|bearer|id|session|bot|secret)_?token)|token"
)
_OF_TABLES: Final = re.compile(r".*(?:primary|foreign|sort|partition|public|natural|unique|dedupe|idempotency)_key")
_WORDS: Final = re.compile(
    r"(?i)none|null|true|false|str|bytes|int|float|bool|any|secret(str)?|string|required|optional|\.{3}|[*x•-]+"
)
_CODE: Final = re.compile(r"[A-Za-z_]+(\.[A-Za-z_]\w*)+|[A-Za-z_]+")  # settings.token, a word
_OURS: Final = re.compile(
    r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(sha256[:-])?[0-9a-f]{32}([0-9a-f]{8}){0,12}"
    r"|(s|sd|gd|hl|c|snap|run|job)_\w+|\d[\d.,:TZ+-]*|\w+://.*"
)
_RANDOM: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w+/=.~:-]{16,}")
_LEAST: Final = 8  # a shorter value of the environment would mask ordinary words
_CERTAIN: Final = 16


def masked(text: str) -> tuple[str, int]:
    """`text` with what looks like a secret masked, and how many there were."""
    found = spans(text)
    edges = [0, *(edge for span in found for edge in span), len(text)]
    return MASK.join(text[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True)), len(found)


def spans(text: str) -> list[Span]:
    """Where something stands that looks like a secret: in order, none within another."""
    small = text.lower()
    found = [span for hint, pattern in _COMPILED if hint in small for span in _shaped(pattern, text)]
    if any(word in small for word in _NAMING):
        found += _named(text)
    apart: list[Span] = []
    for begin, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if not apart or begin >= apart[-1][1]:
            apart.append((begin, end))
        elif end > apart[-1][1]:
            apart[-1] = (apart[-1][0], end)
    return apart


def is_name_of_secret(name: str) -> bool:
    """Whether what bears this name is a secret: API_KEY, db.password, accessToken."""
    small = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")
    if _SURE.fullmatch(small):
        return True
    is_of_environment = name.isupper() and name.endswith(("_KEY", "_TOKEN", "_SECRET", "_PWD"))
    return is_of_environment and not _OF_TABLES.fullmatch(small)


def of_environment(env: Mapping[str, str]) -> list[Secret]:
    """The secrets among a process's variables: what is named as one, and passwords of addresses."""
    named = {value for name, value in env.items() if is_name_of_secret(name)}
    passwords = {one for value in env.values() if "://" in value and "@" in value for one in _passwords(value)}
    return [Secret(value) for value in sorted(named | passwords) if is_telling(value)]


def is_telling(value: str) -> bool:
    """Whether a value is so much itself that it can be looked for everywhere; "development" is not."""
    value = value.strip()
    if len(value) < _LEAST or (value.startswith("/") and Path(value).exists()):
        return False
    kinds = [any(map(test, value)) for test in (str.islower, str.isupper, str.isdigit)]
    return len(value) >= _CERTAIN or (sum(kinds) > 1) or not value.isalnum()


def _passwords(address: str) -> set[str]:
    try:
        password = urlsplit(address).password or ""
    except ValueError:
        return set()
    return {password, unquote(password)}


def _shaped(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        group = "s" if match["s"] is not None else "t"
        if not match[group].startswith(MASK):
            yield match.span(group)


def _named(text: str) -> Iterator[Span]:
    for match in _NAMED.finditer(text):
        before = _NAME_BEFORE.search(text, max(0, match.start() - 40), match.start())
        name = (before[0] if before else "") + match["word"]
        value = match["quoted"] or match["bare"]
        if _is_secret(name, value, match) and not value.startswith(MASK):
            yield match.span("quoted" if match["quoted"] else "bare")


def _is_secret(name: str, value: str, match: re.Match[str]) -> bool:
    if _WORDS.fullmatch(value) or match["call"] or "{" in value:
        return False
    if not is_name_of_secret(name.strip(".-_")):
        is_weak = name.lower().endswith(("key", "token")) and not _OF_TABLES.fullmatch(name.lower())
        return bool(is_weak and _RANDOM.fullmatch(value) and not _OURS.fullmatch(value))
    if match["quoted"]:
        return True
    # A word without quotes may be code or prose, but not where a shell or a query would write a value.
    return not _CODE.fullmatch(value) or (match["gap"] == "=" and "." not in value)
