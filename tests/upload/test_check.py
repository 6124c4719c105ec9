"""upload/check.py: what would be refused, and why; each finding by its code."""

from __future__ import annotations

import re
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from workbench.upload import check as checking
from workbench.upload import gather, media, media_pool, samples
from workbench.upload.check import CheckedFile, check
from workbench.upload.gather import Candidate, Files, from_folder, from_names
from workbench.upload.inventory import read

NAME = "EN_Promo_ID-AAAAAAA{}.{}"
CUT = 3000


def codes(one: CheckedFile, level: str = "block") -> set[str]:
    return {each.code for each in one.findings if each.level == level}


def looked(root: Path, **more: object) -> dict[str, CheckedFile]:
    return {one.candidate.name: one for one in check(root, from_folder(root), **more)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "slot", "wrong"),
    [
        pytest.param(lambda p: samples.picture(p.with_suffix(".png")), None, set(), id="a banner"),
        pytest.param(lambda p: samples.picture(p.with_suffix(".jpg")), None, set(), id="a banner as JPEG"),
        pytest.param(lambda p: samples.picture(p.with_suffix(".png"), (200, 200)), None, {"wrong_size"}, id="odd size"),
        pytest.param(lambda p: samples.picture(p.with_suffix(".png"), form="JPEG"), None, {"type_mismatch"},
                     id="a PNG that is a JPEG"),
        pytest.param(lambda p: samples.picture(p.with_suffix(".mp4"), form="PNG"), None, {"type_mismatch"},
                     id="a film that is a picture"),
        pytest.param(lambda p: samples.film(p.with_suffix(".mp4"), (320, 240), 6, sound=True), None, set(),
                     id="in-stream"),
        pytest.param(lambda p: samples.film(p.with_suffix(".mp4"), (320, 240), 4), None, {"too_short"}, id="4 s"),
        pytest.param(lambda p: samples.film(p.with_suffix(".mp4"), (320, 240), 32), None, {"too_long"}, id="32 s"),
        pytest.param(lambda p: samples.film(p.with_suffix(".mp4"), (300, 250), 2), None, set(), id="a video banner"),
        pytest.param(lambda p: samples.film(p.with_suffix(".mp4"), seconds=4.3), "native", {"too_long"},
                     id="4.3 s in a native slot"),
        pytest.param(lambda p: samples.film(p.with_suffix(".mp4"), codec="mpeg4"), "native", {"wrong_codec"},
                     id="another codec in a native slot"),
        pytest.param(lambda p: samples.film(p.with_suffix(".webm"), codec="libvpx", form="webm"), "native",
                     {"wrong_format", "wrong_codec"}, id="WebM"),
        pytest.param(lambda p: samples.picture(p.with_suffix(".gif"), (640, 360)), "native", {"wrong_format"},
                     id="a GIF in a native slot"),
        pytest.param(lambda p: samples.picture(p.with_suffix(".png")), "in_stream", {"wrong_slot"},
                     id="a picture in stream"),
        pytest.param(lambda p: p.with_suffix(".png").write_bytes(b""), None, {"empty"}, id="zero bytes"),
        pytest.param(lambda p: p.with_suffix(".png").write_bytes(b"\x89PNG\r\n\x1a\n nothing"), None, {"unreadable"},
                     id="a picture's beginning"),
        pytest.param(lambda p: p.with_suffix(".mp4").write_bytes(b"just words " * 99), None, {"unreadable"},
                     id="words"),
    ],
)  # fmt: skip
def test_what_a_file_is_decides(root: Path, make: object, slot: str | None, wrong: set[str]) -> None:
    make(root / "uploaded" / NAME.format(1, "x"))  # type: ignore[operator]
    (one,) = looked(root, slot=slot).values()

    assert codes(one) == wrong, one.words
    assert one.verdict == ("block" if wrong else "ok")


def one_file(path: Path) -> Candidate:
    return Candidate(unique_id="ID-AAAAAAA1", part="", pair_id=None, name=path.name, path=f"uploaded/{path.name}")


def animation(path: Path, form: str, *, cut: int = 0) -> None:
    frames = [Image.effect_noise((300, 250), 60 + n).convert("P" if form == "GIF" else "RGB") for n in range(4)]
    frames[0].save(path, form, save_all=True, append_images=frames[1:], duration=400)
    path.write_bytes(path.read_bytes()[: -cut or None])


def turned(path: Path, *, odd: bool = False, size: tuple[int, int] = (250, 300)) -> None:
    """A picture taken with the camera on its side; or one whose notes are cut off."""
    notes = Image.Exif()
    notes[0x010E] = "words " * 20
    if not odd:
        notes[0x0112] = 6
    Image.new("RGB", size, "teal").save(path, "JPEG", exif=notes.tobytes()[:40] if odd else notes)


def film_on_its_side(path: Path) -> None:
    """Stored as 360 wide and 640 high, and turned by a player: the matrix of the track says so."""
    samples.film(path, (360, 640), 3)
    raw, plain = path.read_bytes(), struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    at = raw.index(plain, raw.index(b"tkhd"))
    turn = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 360 << 16, 0, 1 << 30)
    path.write_bytes(raw[:at] + turn + raw[at + len(plain) :])


def noted(path: Path) -> None:
    """With a long text in it, as programs that draw write down how they did."""
    notes = PngInfo()
    notes.add_text("workflow", "node " * 500_000, zip=True)
    Image.new("RGB", (300, 250)).save(path, "PNG", pnginfo=notes)


@pytest.mark.parametrize(
    ("name", "make", "slot", "words"),
    [
        ("a.jpg", turned, None, ""),
        ("b.jpg", lambda p: turned(p, odd=True, size=(300, 250)), None, ""),
        ("c.jpg", lambda p: turned(p, size=(300, 250)), None, "250x300 is none of the sizes"),
        ("d.mp4", film_on_its_side, "native", ""),
        ("e.avif", lambda p: Image.new("RGB", (300, 250)).save(p, "AVIF"), None, "AVIF is not taken here"),
        ("f.jpg", lambda p: Image.new("RGB", (300, 250)).save(p, "AVIF"), None, "AVIF inside"),
        ("g.mp4", lambda p: Image.new("RGB", (300, 250)).save(p, "AVIF"), None, "AVIF inside"),
        ("h.gif", lambda p: animation(p, "GIF"), None, ""),
        ("i.gif", lambda p: animation(p, "GIF", cut=40_000), None, "cut off"),
        ("j.gif", lambda p: animation(p, "GIF", cut=1), None, "cut off"),
        ("k.png", lambda p: animation(p, "PNG"), None, ""),
        ("l.png", lambda p: animation(p, "PNG", cut=40_000), None, "cannot be read"),
        ("n.png", noted, None, ""),
        ("m.jpg", lambda p: p.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 99), None, "HEIC inside"),
    ],
)  # fmt: skip
def test_media_are_judged_as_a_person_sees_them(root: Path, name: str, make: object, slot: str, words: str) -> None:
    path = root / "uploaded" / f"EN_ID-AAAAAAA1_{name}"
    make(path)  # type: ignore[operator]
    (one,) = check(root, [one_file(path)], slot=slot)

    assert words in one.words
    assert one.verdict == ("block" if words else "ok"), one.words


def test_a_film_that_is_cut_off_is_found(root: Path) -> None:
    path = samples.film(root / "uploaded" / NAME.format(1, "mp4"), (320, 240), 6)
    path.write_bytes(path.read_bytes()[:CUT])

    assert codes(looked(root)[path.name]) == {"unreadable"}


def test_a_thumbnail_of_300_000_bytes_is_too_big(root: Path) -> None:
    path = root / "uploaded" / "IMG_ID-AAAAAAA1.png"
    Image.frombytes("RGB", (640, 360), bytes(byte * 7919 % 251 for byte in range(640 * 360 * 3))).save(path)
    with path.open("ab") as file:
        file.write(b"\0" * max(300_000 - path.stat().st_size, 0))

    assert "too_big" in codes(check(root, from_folder(root), slot="native")[0])


def test_a_bomb_is_refused_and_the_others_are_looked_at(root: Path) -> None:
    Image.new("1", (60_000, 40_000)).save(root / "uploaded" / NAME.format(1, "png"))
    samples.picture(root / "uploaded" / NAME.format(2, "png"))
    found = looked(root)

    assert codes(found[NAME.format(1, "png")]) == {"unreadable"}
    assert found[NAME.format(2, "png")].verdict == "ok"


def test_a_file_that_stalls_its_reader_is_given_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.picture(root / "uploaded" / NAME.format(1, "png"))
    found = media_pool.probe_all(root, [f"uploaded/{NAME.format(1, 'png')}"], patience=timedelta(microseconds=1))

    assert "nobody could read it" in next(iter(found.values()))["words"]


def test_links_and_paths_that_leave_are_refused(root: Path) -> None:
    (root / "uploaded" / NAME.format(1, "png")).symlink_to("/etc/passwd")
    (root / "linked").symlink_to(root / "uploaded")
    samples.picture(root / "uploaded" / NAME.format(2, "png"))
    outside = Candidate(unique_id="ID-AAAAAAA3", part="", pair_id=None, name="x.png", path="../x.png")
    behind = Candidate(
        unique_id="ID-AAAAAAA2", part="", pair_id=None, name=NAME.format(2, "png"),
        path=f"linked/{NAME.format(2, 'png')}",
    )  # fmt: skip
    found = check(root, [*from_folder(root)[:1], outside, behind])

    assert [codes(one) for one in found] == [{"unsafe_path"}, {"unsafe_path"}, {"unsafe_path"}]


def test_halves_go_together(root: Path) -> None:
    good, alone, bad = "ID-AAAAAAA1", "ID-AAAAAAA2", "ID-AAAAAAA3"
    for base, seconds in ((good, 4.0), (alone, 4.0), (bad, 4.3)):
        samples.film(root / "uploaded" / f"V_{base}-VID.mp4", seconds=seconds)
    for base in (good, bad):
        samples.picture(root / "uploaded" / f"I_{base}-IMG.png", (640, 360))
    found = looked(root)

    assert {name: codes(one) for name, one in found.items()} == {
        f"V_{good}-VID.mp4": set(), f"I_{good}-IMG.png": set(), f"V_{alone}-VID.mp4": {"half_a_pair"},
        f"V_{bad}-VID.mp4": {"too_long"}, f"I_{bad}-IMG.png": {"half_a_pair"},
    }  # fmt: skip


def test_what_is_twice_is_told(root: Path) -> None:
    for folder in ("a", "b"):
        samples.picture(root / "uploaded" / folder / "X_ID-AAAAAAA1.png")
    samples.picture(root / "uploaded" / "Y_ID-AAAAAAA2.png", label="same")
    samples.picture(root / "uploaded" / "Z_ID-AAAAAAA3.png", label="same")
    found = check(root, from_folder(root))

    assert [codes(one) for one in found] == [set(), set(), {"same_id"}, {"same_id"}]
    assert codes(found[1], "warn") == {"same_bytes"}


def test_originals_known_ids_and_the_archived_are_skipped(root: Path, tmp_path: Path) -> None:
    samples.picture(root / "uploaded" / "ORG_X_ID-AAAAAAA1.png")
    samples.picture(root / "uploaded" / "X_ID-AAAAAAA2.png")
    samples.picture(tmp_path / "archive" / "batch_007-2025-11-12" / "Image" / "X_ID-AAAAAAA3.png")
    (root / "tracking" / "creative_inventory.csv").write_text(
        "unique_id,new_filename,tj_creative_id\nID-AAAAAAA1,ORG_X_ID-AAAAAAA1.png,\n"
        "ID-AAAAAAA2,X_ID-AAAAAAA2.png,1032500001\nID-AAAAAAA3,X_ID-AAAAAAA3.png,\nID-AAAAAAA4,X_ID-AAAAAAA4.png,\n"
    )
    files = Files(root, [tmp_path / "archive"])
    rows = read(root / "tracking" / "creative_inventory.csv")
    found = check(root, gather.from_rows(files, rows))
    forced = check(root, gather.from_rows(files, rows), force=True)

    assert [one.verdict for one in found] == ["skip", "skip", "skip", "block"]
    assert found[3].is_missing
    assert forced[1].verdict == "ok"


def test_names_given_by_a_person_are_found(root: Path) -> None:
    samples.picture(root / "uploaded" / "deep" / "X_ID-AAAAAAA2.png")
    files = Files(root)
    found = from_names(files, ["X_ID-AAAAAAA2.png", "uploaded/deep/X_ID-AAAAAAA2.png", "gone.png"], [])

    assert [one.path for one in found] == ["uploaded/deep/X_ID-AAAAAAA2.png", "uploaded/deep/X_ID-AAAAAAA2.png", None]
    with pytest.raises(Exception, match="leaves the creatives' folder"):
        from_names(files, ["../../etc/passwd"], [])


def test_exoclick_has_limits_of_its_own(root: Path) -> None:
    samples.film(root / "uploaded" / NAME.format(1, "mp4"), (320, 240), 6)

    assert codes(check(root, from_folder(root), platform="exo")[0]) == {"too_short"}
    assert codes(check(root, from_folder(root), platform="tj")[0]) == set()


def test_every_finding_has_its_cure_and_speaks_no_librarys_words(root: Path) -> None:
    found = set(
        re.findall(r'(?:say\.\w+|level|Finding\(Level\.\w+,)\(?\s*"(\w+)"', Path(checking.__file__).read_text())
    )
    found |= set(
        re.findall(r'"problem": "(\w+)"', "".join(Path(one.__file__).read_text() for one in (media, media_pool)))
    )
    film = root / "uploaded" / NAME.format(1, "mp4")
    film.write_bytes(b"just words " * 99)

    assert {"too_long", "unsafe_path", "no_pair", "same_name"} <= found
    assert found == set(checking._CURES)
    (one,) = looked(root).values()
    assert one.words == "the film cannot be read: it is damaged, or not what it seems"
    assert one.cure.startswith("Open the file to see whether it is whole")
