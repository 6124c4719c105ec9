"""audit/parameters.py: what a notebook declares, what fits it; nothing but literals is ever injected."""

from __future__ import annotations

import ast
import enum
import json
import string
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.audit import notebook, parameters
from workbench.errors import BadInput

ALL_TYPES = """\
# Which accounts to collect.
sources: list[str] = ["a"]
start: date | None = None  # first day
end = "2025-08-31"
num_posts: int = 10
share: float = 0.5
is_fresh: bool = False
depth: Literal["plan", "rehearse", "real"] = "plan"
name = "daily"
anything = None
"""


def code(source, *tags):
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}}


def schema_of(source):
    nb = {"nbformat": 4, "metadata": {}, "cells": [code("1"), code(source, "parameters"), code("2")]}
    return parameters.read(nb, "runs.ipynb")


def test_every_type_is_read_without_running_the_cell():
    read = {p.name: (str(p.type), p.default, p.help) for p in schema_of(ALL_TYPES).parameters}

    assert read == {
        "sources": ("list[str]", ["a"], "Which accounts to collect."),
        "start": ("date or None", None, "first day"),
        "end": ("date", "2025-08-31", ""),
        "num_posts": ("int", 10, ""),
        "share": ("float", 0.5, ""),
        "is_fresh": ("bool", False, ""),
        "depth": ("one of 'plan', 'rehearse', 'real'", "plan", ""),
        "name": ("str", "daily", ""),
        "anything": ("any", None, ""),
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("x = open('/etc/passwd').read()", "line 1 .* no literal", id="a call"),
        pytest.param("import os\nos.system('id')", "line 2 .* not NAME = literal", id="a statement"),
        pytest.param("x: dict = {}", "'dict'; use one of str", id="a type that cannot be typed in"),
        pytest.param("x: int | str = 1", "use one of", id="two types"),
        pytest.param("x: int = 'one'", "must be int", id="a default of another type"),
        pytest.param("x = (1, 2)", "of type tuple", id="a default that is no parameter"),
        pytest.param("x = 1\nx = 2", "declared twice", id="declared twice"),
        pytest.param("x = = 1", "not plain Python", id="not Python"),
        pytest.param("%matplotlib inline", "not plain Python", id="a magic"),
        pytest.param("a.b = 1", "not NAME = literal", id="an attribute"),
    ],
)
def test_a_cell_that_is_no_list_of_parameters_is_refused(source, words):
    with pytest.raises(BadInput, match=words):
        schema_of(source)


def test_two_parameters_cells_and_an_executed_notebook_are_refused():
    two = {"nbformat": 4, "metadata": {}, "cells": [code("x = 1", "parameters")] * 2}
    executed = {"nbformat": 4, "metadata": {}, "cells": [code("x = 1", "injected-parameters")]}

    with pytest.raises(BadInput, match="2 cells tagged"):
        parameters.read(two, "n.ipynb")
    with pytest.raises(BadInput, match="output of an execution"):
        parameters.read(executed, "n.ipynb")


def test_a_notebook_without_the_cell_takes_nothing():
    schema = parameters.read({"nbformat": 4, "metadata": {}, "cells": [code("1")]}, "n.ipynb")

    assert parameters.check(schema, {}) == {}
    with pytest.raises(BadInput, match=r"n\.ipynb: 'x' is not declared\. Declared parameters: none"):
        parameters.check(schema, {"x": 1})


class Colour(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("name", "007", "007", id="text stays text"),
        pytest.param("name", "", "", id="empty text is text"),
        pytest.param("name", Colour.RED, "red", id="a subclass of str becomes a str"),
        pytest.param("anything", "1", "1", id="without a type text stays text"),
        pytest.param("num_posts", "12", 12, id="an int as text"),
        pytest.param("share", "1e-3", 0.001, id="a float as text"),
        pytest.param("share", 2, 2.0, id="an int for a float"),
        pytest.param("is_fresh", "True", True, id="a bool as text"),
        pytest.param("start", "2025-02-28", "2025-02-28", id="a date as text"),
        pytest.param("start", date(2025, 2, 28), "2025-02-28", id="a date becomes text"),
        pytest.param("start", "", None, id="nothing for an optional date"),
        pytest.param("sources", "a, b", ["a", "b"], id="a list by commas"),
        pytest.param("sources", '["a,b", "c"]', ["a,b", "c"], id="a list as JSON"),
        pytest.param("sources", "", [], id="an empty list"),
        pytest.param("depth", "real", "real", id="one of the choices"),
    ],
)
def test_what_fits_is_read_by_the_declared_type(name, value, expected):
    read = parameters.check(schema_of(ALL_TYPES), {name: value})[name]

    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("name", 7, id="a number for text"),
        pytest.param("name", None, id="None where it was not declared"),
        pytest.param("name", "\ud800", id="half a surrogate pair"),
        pytest.param("num_posts", "1_000", id="an int with underscores"),
        pytest.param("num_posts", "١٢", id="digits of another script"),
        pytest.param("num_posts", True, id="a bool for an int"),
        pytest.param("num_posts", 10**5000, id="an int too long to print"),
        pytest.param("share", "nan", id="not a number"),
        pytest.param("share", float("inf"), id="infinity"),
        pytest.param("share", 10**400, id="an int too large for a float"),
        pytest.param("is_fresh", "yes", id="another word for true"),
        pytest.param("start", "2025-02-30", id="a day that is not"),
        pytest.param("start", "20250228", id="a date of another form"),
        pytest.param("start", datetime(2025, 2, 28), id="a time for a date"),  # noqa: DTZ001
        pytest.param("sources", [1], id="a number in a list of texts"),
        pytest.param("sources", '["a"', id="broken JSON"),
        pytest.param("depth", "live", id="none of the choices"),
        pytest.param("anything", {}, id="a dict"),
        pytest.param("anything", b"x", id="bytes"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name, value):
    with pytest.raises(BadInput, match=rf"^runs\.ipynb: {name} "):
        parameters.check(schema_of(ALL_TYPES), {name: value})


def test_everything_wrong_is_named_at_once_with_what_is_declared():
    schema = schema_of("needed: int\nother = 1.5")

    with pytest.raises(BadInput) as refused:
        parameters.check(schema, {"other": "x", "Name = 1; import os #": "v"})

    assert refused.value.message == (
        "runs.ipynb: other must be float, not 'x'; 'Name = 1; import os #' is not declared; "
        "needed is required. Declared parameters: needed (int), other (float)."
    )


def test_a_form_is_drawn_from_plain_values():
    described = {one["name"]: one for one in parameters.fields(schema_of(ALL_TYPES + "needed: list[int]"))}

    assert json.loads(json.dumps(described)) == described
    assert described["start"] == {
        "name": "start", "type": "date or None", "kind": "date", "items": None, "choices": [], "is_nullable": True,
        "default": None, "is_required": False, "help": "first day",
    }  # fmt: skip
    assert described["depth"]["choices"] == ["plan", "rehearse", "real"]
    assert (described["needed"]["items"], described["needed"]["is_required"]) == ("int", True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"name": 7, "num_posts": "x", "n": 1}', ["name must be str", "num_posts must be int", "'n' is not declared"]),
        ('{"num_posts": 7.0}', ["num_posts must be int, not 7.0"]),
        ('{"num_posts": true, "is_fresh": 1}', ["num_posts must be int, not True", "is_fresh must be bool"]),
        ('{"share": NaN}', ["share must be float, not nan"]),
        ('{"share": 1e999}', ["share must be float, not inf"]),
        ('{"num_posts": null}', ["num_posts must be int, not None"]),
        ('{"sources": {"a": 1}}', ["sources must be a list, not a value of type dict"]),
        ('{"sources": ["a", ["b"]]}', ["sources must be str, not a value of type list"]),
        ('{"name": "\\ud800"}', ["name is not valid Unicode"]),
        ('{"name": {"$ref": "x"}, "__class__": 1, "": 2}', ["name must be str", "'__class__' is not", "'' is not"]),
        (json.dumps({f"p{n}": n for n in range(1_000)}), ["'p0' is not declared", "and 950 more"]),
        (json.dumps({"x" * 10_000: 1}), ["xxx... is not declared"]),
        ('["name", "x"]', ["are a table of names and values, not a value of type list"]),
        ('"name"', ["are a table of names and values, not 'name'"]),
        ("null", ["are a table of names and values, not None"]),
    ],
)  # fmt: skip
def test_a_body_of_json_is_checked_whole(body, words):
    with pytest.raises(BadInput) as refused:
        parameters.check(schema_of(ALL_TYPES), json.loads(body))

    assert [word for word in words if word not in refused.value.message] == []
    assert len(refused.value.message) < 5_000


def test_a_body_of_json_keeps_its_values():
    body = '{"name": "007", "num_posts": 7, "share": 1, "sources": ["7"], "start": null, "anything": "1"}'

    checked = parameters.check(schema_of(ALL_TYPES), json.loads(body))

    assert json.dumps(checked) == body.replace('"share": 1', '"share": 1.0')


def test_what_is_kept_of_a_refusal_has_no_value_in_it():
    secret = "correct horse battery staple " * 5
    given = {"num_posts": secret, "sources": [1, secret], "depth": secret, "is_fresh": f"{secret},", "name": 4711}

    with pytest.raises(parameters.WrongParameters) as refused:
        parameters.check(schema_of(ALL_TYPES), given)

    assert "correct horse" in refused.value.message
    assert not {"correct", "4711"} & set(refused.value.kept.replace("'", " ").split())
    assert "num_posts must be int; sources must be str; depth must be one of 'plan'" in refused.value.kept


NAMES = [p.name for p in schema_of(ALL_TYPES).parameters]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.binary(max_size=5),
    st.text(st.characters(), max_size=20), st.text(string.printable, max_size=20),
    st.sampled_from(["plan", "12", "0.1", "true", "2025-01-01", 'x"; import os #', "'''", "\\", "\r\n", "\0"]),
)  # fmt: skip
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4), st.dictionaries(st.text(), SCALARS, max_size=2))


@given(st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=20)), VALUES, max_size=5))
def test_any_mapping_is_refused_or_injected_as_literals_of_declared_names(mapping):
    schema = schema_of(ALL_TYPES)
    try:
        checked = parameters.check(schema, mapping)
    except BadInput:
        return

    cell = ast.parse(parameters.assignments(checked))

    assert all(isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name) for s in cell.body)
    assert {s.targets[0].id: ast.literal_eval(s.value) for s in cell.body} == checked
    assert set(checked) == set(mapping) <= set(NAMES)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"{", "not a notebook", id="not JSON"),
        pytest.param(b"[]", "format 4", id="JSON of something else"),
        pytest.param(b'{"nbformat": 3, "worksheets": []}', "format 4", id="an old format"),
        pytest.param(
            b'{"nbformat": 4, "metadata": {"kernelspec": {"language": "R"}}, "cells": []}',
            "written in r",
            id="another language",
        ),
        pytest.param(b'{"nbformat": 4, "cells": [{}]}', "cell 1", id="a cell without source"),
    ],
)
def test_a_file_that_is_no_python_notebook_is_refused(data, words):
    with pytest.raises(BadInput, match=words):
        notebook.load(data, "n.ipynb")


def test_a_notebook_survives_reading_and_writing(notebook, markdown):
    import nbformat

    from workbench.audit.notebook import dump, load

    path: Path = notebook("print(1)\nprint(2)", markdown("# Zürich\n"), parameters="x = 1")

    assert nbformat.reads(dump(load(path.read_bytes(), "n")), 4) == nbformat.read(path, 4)
