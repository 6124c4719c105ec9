"""post/photos.py: only whole images within bounds; a hostile file costs neither time nor memory."""

from __future__ import annotations

import os
import resource
import struct
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.post.conftest import make_photo
from workbench.errors import BadInput
from workbench.post import photos
from workbench.post.photos import Album


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(tmp_path, (tmp_path,))


def bomb(path: Path, side: int) -> Path:
    """A PNG of a few kilobytes that says it is `side` × `side` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000_000, 9)[:50_000]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize(
    ("side", "words"),
    [(9_000, "at most 60 megapixels"), (12_000, "unpacks to far more"), (60_000, "unpacks to far more")],
)
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, album: Album, side: int, words: str
) -> None:
    bomb(tmp_path / "bomb.png", side)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput, match=words):
        photos.check(["bomb.png"], album)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


def test_a_file_of_2_gb_is_refused_unread(tmp_path: Path, album: Album) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        os.truncate(file.fileno(), 2 << 30)
    began = time.process_time()
    with pytest.raises(BadInput, match="2,147 MB; at most 30 MB"):
        photos.check(["huge.jpg"], album)

    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("words.jpg", b"not an image", "no image of a kind that is sent"),
        ("empty.png", b"", "no image of a kind"),
        ("page.jpg", b"<html><img src=x></html>", "no image of a kind"),
        ("half.png", None, "broken"),
    ],
)
def test_what_is_no_whole_image_is_refused(
    tmp_path: Path, album: Album, name: str, content: bytes | None, words: str
) -> None:
    if content is None:
        whole = make_photo(tmp_path / "whole.png", size=(400, 400))
        Image.effect_noise((400, 400), 90).save(whole)
        content = whole.read_bytes()[: whole.stat().st_size // 2]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=words):
        photos.check([name], album)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_only_files_are_opened(tmp_path: Path, album: Album, kind: str) -> None:
    path = tmp_path / "thing.jpg"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(BadInput, match="is not a file"):
        photos.check(["thing.jpg"], album)


def test_a_kind_that_is_not_sent_is_refused(tmp_path: Path, album: Album) -> None:
    Image.new("RGB", (100, 100)).save(tmp_path / "one.tiff")
    with pytest.raises(BadInput, match="JPEG, PNG, WEBP"):
        photos.check(["one.tiff"], album)


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    elsewhere = make_photo(tmp_path / "elsewhere" / "one.webp")
    (found,) = photos.check([str(elsewhere)], Album(tmp_path / "home", (tmp_path / "home",)))

    assert (found.path, found.width, found.height) == (str(elsewhere), 320, 240)


def test_names_with_commas_between_are_told_apart_from_a_full_disk(album: Album) -> None:
    with pytest.raises(BadInput, match="Several photos have ';' between them"):
        album.find(",".join(f"a photo of the table, number {number}.jpg" for number in range(10)))


def test_photos_are_judged_as_a_person_sees_them(tmp_path: Path, album: Album) -> None:
    """Which way up the camera was held, notes that are cut off, an animation to its end, and AVIF by its name."""
    notes = Image.Exif()
    notes[0x010E] = "words " * 20
    Image.new("RGB", (90, 60)).save(tmp_path / "odd.jpg", exif=notes.tobytes()[:40])
    notes[0x0112] = 6
    Image.new("RGB", (90, 60)).save(tmp_path / "turned.jpg", exif=notes)
    Image.new("RGB", (90, 60)).save(tmp_path / "avif.jpg", "AVIF")
    frames = [Image.effect_noise((90, 60), 50 + n) for n in range(4)]
    frames[0].save(tmp_path / "cut.png", save_all=True, append_images=frames[1:])
    whole = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:-4000])

    (turned,) = photos.check(["turned.jpg"], album)
    (odd,) = photos.check(["odd.jpg"], album)
    assert [(one.width, one.height) for one in (turned, odd)] == [(60, 90), (90, 60)]
    with pytest.raises(BadInput, match=r"'avif.jpg' is AVIF inside; give one of JPEG, PNG, WEBP"):
        photos.check(["avif.jpg"], album)
    with pytest.raises(BadInput, match=r"'cut.png' is broken"):
        photos.check(["cut.png"], album)
