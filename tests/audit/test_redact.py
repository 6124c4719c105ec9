"""audit/redact.py: no text of a notebook keeps a secret, however it is spelt."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from workbench.audit.redact import PICTURE, WIDGET_VIEW, WITHHELD, Redaction, still_face
from workbench.secret import MASK, Redactor, Secret, encodings


@pytest.fixture
def redaction(canary):
    return Redaction(Redactor([Secret(canary)]))


def test_every_encoding_is_taken_out_and_counted(redaction, canary):
    forms = sorted(encodings(canary))

    clean = redaction(forms)

    assert all(MASK in text for text in clean)
    assert redaction.count >= len(forms)


def test_every_place_of_a_notebook_is_reached(redaction, canary):
    nb = {
        "metadata": {"widgets": {"state": {"a": {"value": canary}}}, canary: 1},
        "cells": [
            {
                "source": f"key = '{canary}'",
                "metadata": {"note": [canary]},
                "attachments": {"a": {"t": canary}},
            },
            {
                "outputs": [
                    {"data": {"application/json": {"deep": [{"er": canary}]}}},
                    {"traceback": [canary]},
                ]
            },
        ],
        "nbformat": 4,
    }

    clean = redaction(nb)

    assert canary not in repr(clean)
    assert redaction.count == 7
    assert clean["nbformat"] == 4


def test_a_secret_cut_by_colours_is_found(redaction, canary):
    coloured = f"\x1b[31mkey\x1b[0m = {canary[:9]}\x1b[1;32m{canary[9:]}\x1b[0m;"

    assert redaction(coloured) == f"key = {MASK};"


def test_a_secret_in_entities_withholds_the_text(redaction, canary):
    """It cannot be cut out without breaking the markup around it."""
    spelt = "".join(f"&#{ord(letter)};" for letter in canary)

    assert redaction(f"<td>{spelt}</td>") == WITHHELD
    assert redaction.count == 1


def test_what_holds_no_secret_is_left_as_it_is(redaction):
    nb = {"a": ["\x1b[31mred\x1b[0m", "&lt;b&gt;", 1, 1.5, None, True]}

    assert redaction(nb) == nb
    assert redaction.count == 0


def test_a_live_widget_view_goes_where_html_can_stand_in():
    def output(*mimes):
        return {"data": dict.fromkeys(mimes, "")}

    nb = {"cells": [{"outputs": [output(WIDGET_VIEW, "text/html"), output(WIDGET_VIEW, "text/plain")]}, {}]}

    first, second = still_face(nb)["cells"][0]["outputs"]

    assert list(first["data"]) == ["text/html"]
    assert list(second["data"]) == [WIDGET_VIEW, "text/plain"]


def _printed(*said: tuple[str, str]) -> dict:
    cells = [{"outputs": [{"output_type": "stream", "name": name, "text": text}]} for name, text in said]
    return {"cells": cells}


@pytest.mark.parametrize("between", ["", "\n", " ", "', '", '" + "', ",\n  ", "\x1b[0m\x1b[32m"], ids=repr)
def test_a_secret_printed_in_two_pieces_is_found(redaction, canary, between):
    one = redaction(_printed(("stdout", f"key: {canary[:9]}{between}{canary[9:]} end")))
    two = redaction(
        _printed(("stdout", f"key: {canary[:9]}"), ("stderr", "a warning\n"), ("stdout", f"{canary[9:]} end"))
    )
    three = redaction(_printed(*(("stdout", piece) for piece in (canary[:5], canary[5:9], canary[9:]))))

    for clean in (one, two):
        said = "".join(each["text"] for cell in clean["cells"] for each in cell["outputs"] if each["name"] == "stdout")
        assert canary[:9] not in said
        assert canary[9:] not in said
        assert said.startswith("key: ***")
        assert said.endswith(" end")
    assert [cell["outputs"][0]["text"] for cell in three["cells"]] == ["***"] * 3
    assert redaction.count >= 2


def test_words_between_which_no_secret_lies_are_left(redaction):
    nb = _printed(("stdout", "one, two\n"), ("stderr", "'three' + \"four\"\n"), ("stdout", "five\n" * 1000))

    assert redaction(nb) == nb


def _png(**more) -> str:
    image, out = Image.new("RGB", (4, 4), "teal"), io.BytesIO()
    image.save(out, "PNG", **more)
    return base64.b64encode(out.getvalue()).decode()


def _pictures(secret: str) -> dict[str, tuple[str, str]]:
    packed, international, exif = PngInfo(), PngInfo(), Image.Exif()
    packed.add_text("Comment", f"made with {secret}" * 3, zip=True)
    international.add_itxt("Comment", f"made with {secret}" * 3, "en", "Comment", zip=True)
    exif[0x9286] = b"ASCII\0\0\0" + f"made with {secret}".encode()
    wide = Image.Exif()
    wide[0x9C9C] = f"made with {secret}".encode("utf-16-le")
    jpeg = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(jpeg, "JPEG", exif=wide)
    return {
        "zTXt": ("image/png", _png(pnginfo=packed)),
        "iTXt": ("image/png", _png(pnginfo=international)),
        "EXIF of a PNG": ("image/png", _png(exif=exif)),
        "EXIF of a JPEG, two bytes a sign": ("image/jpeg", base64.b64encode(jpeg.getvalue()).decode()),
    }


def test_a_secret_inside_a_picture_is_found_also_where_it_is_packed(redaction, canary):
    leaks = []
    for where, (kind, spelt) in _pictures(canary).items():
        whole = redaction({"data": {kind: f"{spelt}\n", "text/plain": "<Figure>"}})
        page = redaction(f'<img alt="x" src="data:{kind};base64,{spelt}">')
        if whole != {"data": {"text/plain": PICTURE}} or page != '<img alt="x" src="data:,">':
            leaks.append(where)

    assert leaks == []
    sound = {"data": {"image/png": _png(), "image/svg+xml": "<svg/>"}}
    assert redaction(sound) == sound
    assert redaction({"data": {"image/png": "not base64!"}}) == {"data": {"image/png": "not base64!"}}
