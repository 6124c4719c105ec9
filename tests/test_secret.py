"""secret.py: a secret does not print itself, and what printed it all the same is found."""

import base64
import copy
import html
import json
import pickle
import traceback
from dataclasses import asdict, dataclass
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.secret import MASK, Redactor, Secret, encodings

KEY = "brd/9f+Ü&\"=' k%e<y>\\42"


@dataclass(frozen=True)
class Holder:
    key: Secret


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        "{0!r}".format,
        "%s".__mod__,
        lambda s: str([s]),
        lambda s: repr(Holder(s)),
        lambda s: f"{s}",
    ],
)
def test_a_secret_shows_nothing(show):
    assert KEY not in show(Secret(KEY))
    assert MASK in show(Secret(KEY))


def test_a_secret_is_revealed_where_it_is_asked_for():
    assert Secret(KEY).reveal() == KEY


@pytest.mark.parametrize("how", [pickle.dumps, json.dumps, copy.copy])
def test_a_secret_is_not_written_down(how):
    with pytest.raises(TypeError):
        how(Secret(KEY))


def test_settings_that_hold_one_can_be_copied():
    holder = Holder(Secret(KEY))

    assert asdict(holder)["key"].reveal() == KEY
    assert KEY not in str(asdict(holder)) + json.dumps(asdict(holder), default=str)


def test_secrets_are_equal_by_value_and_true_when_there_is_one():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert {Secret("a"): 1}[Secret("a")] == 1
    assert (bool(Secret("")), bool(Secret("x"))) == (False, True)


def test_a_traceback_tells_nothing():
    def call(key):
        raise ValueError(key)

    try:
        call(Secret(KEY))
    except ValueError as error:
        told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert KEY not in told


def in_letters(value):
    return json.dumps(value, ensure_ascii=False)


SPELLINGS = {
    "plain": lambda key: key,
    "in a header": lambda key: f"Authorization: Bearer {key}",
    "percent": lambda key: quote(key, safe=""),
    "percent, slashes kept": quote,
    "percent, small letters": lambda key: (
        quote(key, safe="")
        .replace("%2F", "%2f")
        .replace("%2B", "%2b")
        .replace("%C3%9C", "%c3%9c")
        .replace("%3D", "%3d")
        .replace("%3C", "%3c")
        .replace("%3E", "%3e")
        .replace("%5C", "%5c")
    ),
    "form": quote_plus,
    "a query": lambda key: urlencode({"token": key, "page": 1}),
    "JSON": lambda key: json.dumps({"key": key}),
    "JSON in its own letters": lambda key: in_letters({"key": key}),
    "JSON that escapes slashes": lambda key: json.dumps({"key": key}).replace("/", "\\/"),
    "JSON in JSON": lambda key: json.dumps({"text": json.dumps({"key": key})}),
    "a notebook of JSON": lambda key: json.dumps(
        {"text": json.dumps({"key": key}, ensure_ascii=False)}, ensure_ascii=False
    ),
    "repr": repr,
    "repr of bytes": lambda key: repr(key.encode()),
    "HTML": html.escape,
    "HTML, quotes kept": lambda key: html.escape(key, quote=False),
    "hex": lambda key: key.encode().hex(),
    "hex, capitals": lambda key: key.encode().hex().upper(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "key", [KEY, "0f8fad5b-d9cb-469f-a165-70867728950e", "pässword"], ids=["odd", "uuid", "umlaut"]
)
def test_every_spelling_is_redacted(spelling, key):
    told = f"before {SPELLINGS[spelling](key)} after"
    redact = Redactor([Secret(key)])

    assert MASK in redact(told)
    assert redact(redact(told)) == redact(told)
    assert redact.count(told) == 1
    assert redact.count(redact(told)) == 0
    assert redact(told).startswith("before ")
    assert redact(told).endswith(" after")


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_base64_is_redacted_wherever_the_secret_lies_in_it(before, after):
    """Basic authorisation, for one: `user:secret`, encoded together."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        told = encode(before + KEY.encode() + after).decode()
        assert MASK in Redactor([Secret(KEY)])(told)
        assert len(Redactor([Secret(KEY)])(told)) <= 4 * len(before) + 4 * len(after) + 12


@given(st.text(min_size=8), st.text(), st.text())
def test_whatever_the_secret_it_is_gone(key, before, after):
    redact = Redactor([Secret(key)])

    if key.strip() and len(key.strip()) >= 6:
        assert key.strip() not in redact(f"{before}{key}{after}") or key.strip() in MASK


@pytest.mark.parametrize("value", ["", "a", "prod", "12345", "      ", "\n" * 8])
def test_a_value_too_short_to_be_a_secret_redacts_no_words(value):
    text = "prod is a word, 12345 a number,      \n\n\n\n\n\n\n\nand so on"

    assert Redactor([Secret(value)])(text) == text
    assert Redactor([Secret(value)]).count(text) == 0


def test_the_longer_secret_goes_first():
    """Else a piece of it would stay."""
    assert Redactor([Secret("abcdef"), Secret("abcdefghij")])("abcdefghij") == MASK


def test_white_space_around_a_secret_is_none_of_it():
    """Read from a file, it ends with a line."""
    assert Redactor([Secret("abcdefgh\n")])("key=abcdefgh") == f"key={MASK}"


def test_without_secrets_nothing_is_redacted():
    assert Redactor([])("text") == "text"
    assert encodings("") == set()
