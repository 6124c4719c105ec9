"""Files whose types change late and whose lines break off, against a reader of a few lines of Python."""

from __future__ import annotations

import json
import random
import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.lake.raw import body_lines
from workbench.lake.repair import mend
from workbench.lake.transform_session import connected


def _drifting(seed: int, rows: int) -> bytes:
    chance, lines = random.Random(seed), []
    for number in range(rows):
        part = number * 10 // rows
        row = {
            "post_id": str(number) if part < 6 else number,
            "url": f"https://www.instagram.com/p/{number}",
            "description": "".join(chance.choices(string.printable + "čšž🏔️\u2028\x00", k=chance.randrange(60))),
            "likes": number if part < 4 else f"{number / 1000:.1f}K" if number % 3 else str(number),
            "hashtags": ["#a", "#b"] if part < 5 else "a,b",
            "date_posted": "2024-01-12T12:00:00.000Z" if part < 8 else 1705060800,
            "stats": {"views": 3} if part < 7 else [3],
            "input": {"url": "https://www.instagram.com/duba"},
        }
        if chance.random() < 0.02:
            row = {
                "timestamp": "2024-01-12T12:00:00Z",
                "input": row["input"],
                "error": "no",
                "error_code": "blocked",
            }
        line = json.dumps(row, ensure_ascii=chance.random() < 0.5).encode()
        lines.append(line[: len(line) // 2] if chance.random() < 0.01 else line)
    return b"\n".join(lines) + b"\n"


def test_drift_against_the_oracle(stage):
    body = _drifting(seed=7, rows=4000)
    valid, broken, errors = {}, [], []
    for number, line in enumerate(body.split(b"\n")[:-1], start=1):
        try:
            row = json.loads(line)
        except ValueError:
            broken.append((number, line.decode("utf-8", "backslashreplace")))
        else:
            (errors.append(number) if "error" in row else valid.setdefault(number, row))

    made = stage(body)

    rows = {row["row_no"]: row for row in made.rows}
    assert list(rows) == list(valid)
    for number, row in valid.items():
        found, likes = rows[number], row["likes"]
        assert found["post_id"] == str(row["post_id"])
        assert found["text"] == (row["description"] or None)
        assert found["like_count"] == (int(likes) if str(likes).isdigit() else None)
        assert [tag.strip("#") for tag in found["hashtags"]] == ["a", "b"]
        assert found["published_at"].isoformat() == "2024-01-12T12:00:00+00:00"
        assert found["view_count"] == (3 if isinstance(row["stats"], dict) else None)
    assert [one["row_no"] for one in made.rejects if one["kind"] == "error"] == errors
    assert [(one["row_no"], one["raw"]) for one in made.rejects if one["kind"] == "malformed"] == broken
    assert len(broken) > 10
    assert made.staged.exact


_TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    ["post_id", "pk", "url", "description", "likes", "stats", "hashtags", "photos", "date_posted", "error",
     "error_code", "warning", "input", "discovery_input", "timestamp"]
)  # fmt: skip
_ROWS = st.dictionaries(_KEYS, _VALUES, max_size=8) | _VALUES
_LINES = (
    _ROWS.map(lambda row: json.dumps(row).encode())
    | _ROWS.map(lambda row: json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    | st.binary(max_size=30).map(lambda junk: junk.replace(b"\n", b" "))
    | _ROWS.map(lambda row: json.dumps(row).encode()[:-3])
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_LINES, max_size=12))
def test_every_line_is_a_row_or_a_reject(stage, lines):
    made = stage(b"\n".join(lines))

    sent = b"\n".join(lines).removeprefix(b"\xef\xbb\xbf").split(b"\n")
    filled = [number for number, line in enumerate(sent, start=1) if line.strip(b" \t\r")]
    found = [row["row_no"] for row in made.rows] + [one["row_no"] for one in made.rejects]
    assert sorted(found) == filled
    for one in made.rejects:
        assert one["kind"] in {"error", "warning", "malformed"}
        assert one["kind"] != "malformed" or (one["code"] and one["reason"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_LINES, max_size=12))
def test_mending_changes_no_line_that_can_be_read(tmp_path, lines):
    (tmp_path / "body").write_bytes(b"\n".join(lines))
    with connected(tmp_path / "scratch") as connection:
        mend(connection, tmp_path / "body", tmp_path / "lines.zst")

    received, mended = (dict(body_lines(tmp_path / name)) for name in ("body", "lines.zst"))
    assert received.keys() == mended.keys()
    for number, line in mended.items():
        assert line in (received[number], b"null") or isinstance(json.loads(line), dict)
