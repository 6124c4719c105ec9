"""audit/seal.py: a directory appears whole, once, and is not written to again."""

from __future__ import annotations

import hashlib
import json
import stat

import pytest

from workbench.audit.seal import seal
from workbench.errors import BadInput

FILES = {"params.json": b"{}\n", "report.html": "<p>Zürich".encode()}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_manifest_names_every_file_with_hash_and_size(tmp_path):
    manifest = seal(tmp_path / "2026" / "x", FILES, {"outcome": "succeeded"})

    assert json.loads(manifest.read_text()) == {
        "format": 2,
        "outcome": "succeeded",
        "files": {n: {"sha256": hashlib.sha256(d).hexdigest(), "size": len(d)} for n, d in FILES.items()},
    }
    assert {path.name: path.read_bytes() for path in manifest.parent.iterdir()} == {
        **FILES, "manifest.json": manifest.read_bytes(),
    }  # fmt: skip


def test_it_is_readable_and_not_writable(tmp_path):
    manifest = seal(tmp_path / "x", FILES, {})

    assert mode(manifest.parent) == 0o555
    assert {mode(path) for path in manifest.parent.iterdir()} == {0o444}


def test_what_exists_is_never_replaced(tmp_path):
    first = seal(tmp_path / "x", FILES, {"n": 1}).read_bytes()

    with pytest.raises(BadInput, match="sealed once"):
        seal(tmp_path / "x", FILES, {"n": 2})

    assert (tmp_path / "x" / "manifest.json").read_bytes() == first


def test_a_seal_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="File name too long"):
        seal(tmp_path / "x", {**FILES, "n" * 300: b""}, {})

    assert list(tmp_path.iterdir()) == []
