"""audit/redact.py: no text of a notebook keeps a secret, however it is spelt."""

from __future__ import annotations

import pytest

from workbench.audit.redact import WIDGET_VIEW, WITHHELD, Redaction, still_face
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
