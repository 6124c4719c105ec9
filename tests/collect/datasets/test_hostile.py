"""Rows as nobody should write them, through the front door: each is a row or a reject, never an error of the whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collect.datasets.conftest import FAST
from workbench.workbench import open_workbench

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30) | st.sampled_from(
    ["\u2028", "\x00", "\ud83d", '"', "\\", "[", "{", "null", "=1+1", "x" * 1_000_000]
)
NUMBER = st.integers(-(10**40), 10**40) | st.floats(allow_nan=True) | st.just(2.98e33)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["post_id", "url", "likes", "date_posted", "hashtags", "input", "discovery_input", "error", "Ä"])
ROW = st.dictionaries(KEYS | TEXT, VALUE, max_size=6)
BROKEN = st.binary(max_size=40).map(lambda data: data.replace(b"\n", b" ").replace(b"\r", b" "))
GOOD = {"post_id": "1", "url": "https://www.instagram.com/p/1", "likes": 1}


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ROW | BROKEN, max_size=12), st.booleans())
def test_every_line_is_a_row_or_a_reject(tmp_path_factory: Any, lines: list[Any], as_array: bool) -> None:
    home: Path = tmp_path_factory.mktemp("hostile")
    first = json.dumps(GOOD).encode()
    if as_array:  # what is no JSON would be no array, but something else
        texts = [first, *(json.dumps(one).encode() for one in lines if isinstance(one, dict))]
        body = b"[" + b",".join(texts) + b"]"
    else:
        texts = [first, *(one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines)]
        body = b"\n".join(texts)
    (home / "body").write_bytes(body)
    expected = sum(1 for text in texts if text.strip(b" \t\r"))

    with open_workbench(home, brightdata_url="http://127.0.0.1:9", **FAST) as workbench:
        done = workbench.imports.import_file(home / "body", "instagram/posts")
        numbers = workbench.sql("SELECT row_no FROM posts UNION ALL SELECT row_no FROM rejects").fetchall()

    assert done["state"] == "published"
    assert done["rows"] + done["warnings"] + done["errors"] + done["malformed"] == expected == len(set(numbers))
