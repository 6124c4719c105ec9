"""Photos that are made here, and what listings are checked against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.little_site import (  # noqa: F401 - fixtures
    _answer,
    browsing,
    chromium,
    cookie,
    kept,
    logged_in,
    marketplace,
    noise,
    seller,
    site,
    stranger,
    web,
)
from workbench.accounts.model import Account
from workbench.post.listing import Checks
from workbench.post.photos import Album
from workbench.sandbox.serve import Sandbox


def make_photo(path: Path, *, colour: str = "teal", size: tuple[int, int] = (320, 240)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def cells(**values: Any) -> dict[str, Any]:
    """One row that can be posted; a test names only what it is about."""
    return {
        "title": "Oak table", "price": "120", "category": "Furniture", "condition": "Used - Good",
        "description": "Four legs, one scratch.", "location": "Berlin, Germany", "photos": "table.jpg",
        "account": "north", "sku": "", **values,
    }  # fmt: skip


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """data/inputs of a home, with a folder of photos."""
    folder = tmp_path / "home" / "data" / "inputs"
    make_photo(folder / "photos" / "table.jpg")
    make_photo(folder / "photos" / "side.png", colour="olive")
    return folder


@pytest.fixture
def checks(inputs: Path) -> Checks:
    accounts = [
        Account(id=1, channel="marketplace", label="north"),
        Account(id=2, channel="marketplace", label="south"),
        Account(id=3, channel="trafficjunky", label="ads"),
    ]
    return Checks(Album(inputs.parent.parent, (inputs, inputs / "photos")), accounts)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", seed=7) as sandbox:
        yield sandbox


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox) -> Any:
    from tests.post.desk import Desk

    return Desk(tmp_path, sandbox)
