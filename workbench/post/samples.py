"""A few made-up listings with drawn photos, for practice."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from workbench.files import make_folder, write_bytes
from workbench.post.listing import COLUMNS

_SIZE: Final = (960, 720)
_SAID: Final = ("title", "price", "category", "condition", "description", "location", "photos", "sku")
_SAMPLES: Final = (
    ("Oak table, practice", "120", "Furniture", "Used - Good", "Four legs, one scratch.", "Springfield, Illinois",
     ("sample-table.jpg", "sample-table-side.jpg"), "SAMPLE-1"),
    ("City bike, practice", "85", "Bicycles", "Used - Like New", "Seven gears.\nA bell.", "Berlin, Germany",
     ("sample-bike.jpg",), "SAMPLE-2"),
    ("Reading lamp, practice", "15", "Household", "New", "Bright & small.", "Austin, Texas",
     ("sample-lamp.png",), ""),
)  # fmt: skip


def write_samples(inputs: Path, accounts: Sequence[str]) -> Path:
    """listings.csv with its photos below `inputs`; what is there already stays. The file's path."""
    photos = make_folder(inputs / "photos")
    for number, name in enumerate(name for sample in _SAMPLES for name in sample[6]):
        if not (photos / name).exists():
            write_bytes(photos / name, _drawn(number, "PNG" if name.endswith(".png") else "JPEG"))
    file = inputs / "listings.csv"
    if not file.exists():
        write_bytes(file, _csv(accounts).encode())
    return file


def _csv(accounts: Sequence[str]) -> str:
    written = io.StringIO(newline="")
    rows = csv.DictWriter(written, COLUMNS, restval="")
    rows.writeheader()
    for number, sample in enumerate(_SAMPLES):
        cells = dict(zip(_SAID, sample, strict=True))
        account = accounts[number % len(accounts)]
        rows.writerow({**cells, "photos": ";".join(cells["photos"]), "account": account})
    return written.getvalue()


def _drawn(number: int, kind: str) -> bytes:
    """Shapes on a ground, another one each time: a photo is known by its bytes."""
    from PIL import Image, ImageDraw

    wide, high = _SIZE
    image = Image.new("RGB", _SIZE, (225 - 25 * number, 232, 210 + 10 * number))
    pen = ImageDraw.Draw(image)
    for step in range(8):
        edge = 40 + 44 * step
        shade = (60 + 20 * step, 90 + 12 * number, 150 - 9 * step)
        pen.rectangle((edge, edge * high // wide, wide - edge, high - edge * high // wide), outline=shade, width=9)
    pen.ellipse(
        (wide // 3, high // 3, wide // 3 + 120 + 40 * number, high // 3 + 160), fill=(210, 120 + 20 * number, 40)
    )
    written = io.BytesIO()
    image.save(written, kind)
    return written.getvalue()
