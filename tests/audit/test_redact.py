"""audit/redact.py: no text of a notebook keeps a secret, however it is spelt."""

from __future__ import annotations

import base64
import io
import json

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from workbench.audit.notebook import dump
from workbench.audit.redact import PICTURE, WIDGET_VIEW, WITHHELD, Redaction, leaks, refuse_leaks, still_face
from workbench.errors import BadInput
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


def test_a_secret_inside_a_picture_goes_and_the_picture_stays(redaction, canary):
    leaks = []
    for number, (where, (kind, spelt)) in enumerate(_pictures(canary).items(), 1):
        whole = redaction({"data": {kind: f"{spelt}\n", "text/plain": "<Figure>"}})["data"][kind]
        page = redaction(f'<img alt="x" src="data:{kind};base64,{spelt}">').split('"')[3].partition(",")[2]
        pixels = [Image.open(io.BytesIO(base64.b64decode(one))).tobytes() for one in (spelt, whole, page)]
        if len(set(pixels)) > 1 or redaction.count != 2 * number or "made" in str(_said(whole)):
            leaks.append(where)

    assert leaks == []
    sound = {"data": {"image/png": _png(), "image/svg+xml": "<svg/>"}}
    assert redaction(sound) == sound
    assert redaction({"data": {"image/png": "not base64!"}}) == {"data": {"image/png": "not base64!"}}


def _said(spelt: str) -> dict:
    with Image.open(io.BytesIO(base64.b64decode(spelt))) as image:
        return {**image.info, **image.getexif()}


def test_a_picture_of_which_nothing_can_be_cut_is_withheld(redaction, canary):
    odd = base64.b64encode(b"BM" + canary.encode()).decode()
    whole, kept = base64.b64decode(_png()), canary.encode()
    damaged = base64.b64encode(whole[:33] + len(kept).to_bytes(4) + b"IDAT" + kept + whole[-16:]).decode()

    assert redaction({"image/bmp": odd}) == {"text/plain": PICTURE}
    assert redaction({"image/png": damaged}) == {"text/plain": PICTURE}
    assert redaction([damaged]) == [PICTURE]
    assert redaction(f"<img src='data:image/png;base64,{damaged}'>") == "<img src='data:,'>"


def test_a_field_for_passwords_keeps_none_and_it_is_masked_wherever_else_it_stands(redaction):
    typed = "Tr0ub4dor&3 of a person"
    field = {"model_name": "PasswordModel", "state": {"_model_name": "PasswordModel", "value": typed}}
    short = {"model_name": "PasswordModel", "state": {"_view_name": "PasswordView", "value": "abc"}}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"a": field, "b": short}}}

    clean = redaction({"metadata": {"widgets": widgets}, "cells": [{"source": "x", "outputs": _out(typed)}]})

    assert typed not in repr(clean)
    assert "abc" not in repr(clean)
    assert clean["cells"][0]["outputs"][0]["text"] == f"it is {MASK}"


def _out(text: str) -> list[dict]:
    return [{"output_type": "stream", "name": "stdout", "text": f"it is {text}"}]


def test_a_header_printed_in_two_pieces_is_known_by_the_word_before_it(redaction):
    said = [("Authorization: Bea", "stdout"), ("warning", "stderr"), ("rer nobody-knows-this-1\nfine", "stdout")]
    outputs = [{"output_type": "stream", "name": name, "text": text} for text, name in said]

    first, between, last = redaction({"cells": [{"outputs": outputs}]})["cells"][0]["outputs"]

    assert (first["text"], between["text"], last["text"]) == ("Authorization: Bea", "warning", f"rer {MASK}\nfine")


def test_a_secret_cut_by_elements_or_by_the_lines_of_a_traceback_is_found(redaction, canary):
    plain = canary.replace("<", "").replace(">", "")
    cut = Redaction(Redactor([Secret(plain)]))

    assert cut(f"<p><b>{plain[:9]}</b><i>{plain[9:]}</i></p>".replace("&", "&amp;")) == WITHHELD
    traceback = [f"\x1b[31mgot {canary[:9]}\x1b[0m", f"{canary[9:]} end"]
    clean = redaction({"cells": [{"outputs": [{"output_type": "error", "traceback": traceback}]}]})
    assert canary[9:] not in repr(clean)


def test_a_name_that_only_secrets_have_is_enough_in_a_structure(redaction):
    assert redaction({"api_key": "abcdef", "snapshot_key": "s_1", "password": ""}) == {
        "api_key": MASK, "snapshot_key": "s_1", "password": "",
    }  # fmt: skip


# --- the scan


def _files(canary: str) -> dict[str, bytes]:
    """A finished execution in which a secret was left in every place that there is."""
    packed = PngInfo()
    packed.add_text("Comment", canary, zip=True)
    encoded = base64.b64encode(f"me:{canary}".encode()).decode()
    fine = new_output("stream", text="fine")
    cells = [
        new_code_cell("fine", outputs=[fine]),
        new_code_cell("x", outputs=[fine, new_output("display_data", {"text/plain": canary})]),
        new_code_cell(f"y = {canary!r}"),
        new_code_cell("z", outputs=[new_output("display_data", {"image/png": _png(pnginfo=packed)})]),
        new_code_cell("z", outputs=[new_output("stream", text=canary[:9])]),
        new_code_cell("z", outputs=[new_output("stream", text=canary[9:])]),
    ]  # fmt: skip
    spelt = "".join(f"&#{ord(letter)};" for letter in canary)
    picture = f"<img src='data:image/png;base64,{_png(pnginfo=packed)}'>"
    return {
        "output.ipynb": dump(new_notebook(cells=cells)),
        "report.html": f"<p>fine</p>\n<p>{spelt}</p>\n{picture}".encode(),
        "params.json": f'{{"given": {{"header": "Basic {encoded}"}}}}'.encode(),
        "manifest.json": b'{"outcome": "succeeded"}',
    }


def test_a_finished_file_that_holds_a_secret_is_not_sealed_and_the_place_is_said(canary):
    redactor = Redactor([Secret(canary)])
    files = _files(canary)

    assert leaks(files, redactor) == [
        "output.ipynb, cell 2 output 2 data text/plain",
        "output.ipynb, cell 3 source",
        "output.ipynb, cell 4 output 1 data image/png",
        "output.ipynb, what was printed in pieces",
        "report.html, line 2",
        "report.html, line 3",
        "params.json, given header",
    ]
    with pytest.raises(
        BadInput, match=r"cell 2 output 2 .*, and 2 more places\. Change the cell .* is in work,"
    ) as refusal:
        refuse_leaks(files, redactor, "work")
    assert canary not in str(refusal.value)
    assert leaks(files, Redactor([Secret("another-secret-1")])) == []
    refuse_leaks(files, Redactor([]), "work")


def test_what_was_redacted_passes_the_scan(redaction, canary):
    files = _files(canary)

    clean = dump(redaction(json.loads(files["output.ipynb"])))

    assert leaks({"output.ipynb": clean}, redaction.redactor) == []
