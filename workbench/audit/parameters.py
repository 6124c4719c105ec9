"""The parameters a notebook declares, read without running it, and the check of what is given for them.

The one cell tagged ``parameters`` is the schema: ``name: type = literal  # help``. Types are str, int, float,
bool, date, ``list[...]`` of these, ``Literal["a", "b"]`` and ``... | None``; without one the default decides.
A date is text (YYYY-MM-DD): only literals are injected, and by hand a notebook gets the same.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from workbench.audit.notebook import Cell, Notebook, tags
from workbench.audit.values import KINDS, Type, Value, WrongValue, fitting, shown, type_of
from workbench.errors import BadInput

TAG: Final = "parameters"
INJECTED_TAG: Final = "injected-parameters"
_NAMED: Final = 50  # mistakes in one message


@dataclass(frozen=True)
class Parameter:
    name: str
    type: Type
    default: Value = None
    is_required: bool = False
    help: str = ""


@dataclass(frozen=True)
class Schema:
    notebook: str
    parameters: tuple[Parameter, ...]

    def values(self, checked: Mapping[str, Value]) -> dict[str, Value]:
        """What the notebook sees: its defaults, and over them what was given."""
        return {p.name: checked.get(p.name, p.default) for p in self.parameters}


# --- reading the cell


def read(nb: Notebook, name: str) -> Schema:
    """The schema of notebook `name`; a notebook without the cell declares nothing."""
    if any(INJECTED_TAG in tags(cell) for cell in nb["cells"]):
        raise BadInput(f"{name} is the output of an execution; run the notebook it was made from.")
    cells = [cell for cell in nb["cells"] if TAG in tags(cell)]
    if len(cells) > 1:
        raise BadInput(f"{name} has {len(cells)} cells tagged {TAG!r}; keep one.")
    if cells and cells[0]["cell_type"] != "code":
        raise BadInput(f"{name}: the cell tagged {TAG!r} is not a code cell.")
    return Schema(name, _declared(cells[0], name) if cells else ())


def _declared(cell: Cell, name: str) -> tuple[Parameter, ...]:
    source = cell["source"]
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise BadInput(f"{name}: the parameters cell is not plain Python: {error}.") from error
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom) or _is_docstring(statement):
            continue
        try:
            parameter = _parameter(statement)
        except WrongValue as wrong:
            raise BadInput(f"{name}: line {statement.lineno} of the parameters cell {wrong}.") from None
        if parameter.name in found:
            raise BadInput(f"{name}: the parameter {parameter.name!r} is declared twice.")
        found[parameter.name] = replace(parameter, help=_help(statement, comments))
    return tuple(found.values())


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _parameter(statement: ast.stmt) -> Parameter:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=default):
            value = _literal(default)
            kind = type_of(value)
            return Parameter(name, kind, fitting(kind, value))
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=None):
            return Parameter(name, _annotated(annotation), is_required=True)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as default):
            kind, value = _annotated(annotation), _literal(default)
            if value is None:
                return Parameter(name, replace(kind, is_nullable=True))
            return Parameter(name, kind, fitting(kind, value))
    raise WrongValue("is not NAME = literal")


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise WrongValue('has a default that is no literal (a date is written as text: "2025-08-01")') from None


def _annotated(node: ast.expr) -> Type:
    kinds, choices, is_nullable, items = [], [], False, "any"
    for part in _union(node):
        match part:
            case ast.Constant(value=None):
                is_nullable = True
            case ast.Subscript(value=ast.Name(id="Literal"), slice=options):
                kinds.append("str")
                choices += [_choice(option) for option in _elements(options)]
            case ast.Subscript(value=ast.Name(id="list" | "List"), slice=inner):
                kinds.append("list")
                items = _kind(inner)
            case _:
                kinds.append(_kind(part))
    if len(kinds) != 1 or items == "list":
        raise WrongValue(f"has the type {ast.unparse(node)!r}; use one of {', '.join(KINDS)}, or it with None")
    return Type(kinds[0], items, tuple(choices), is_nullable)


def _union(node: ast.expr) -> list[ast.expr]:
    """The members of ``A | B``, ``Optional[A]`` and ``Union[A, B]``, also when written as text."""
    match node:
        case ast.Constant(value=str(text)):
            try:
                return _union(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError, RecursionError):
                return [node]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union(left) + _union(right)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return [*_union(inner), ast.Constant(None)]
        case ast.Subscript(value=ast.Name(id="Union"), slice=inner):
            return [member for element in _elements(inner) for member in _union(element)]
    return [node]


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _choice(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise WrongValue("has a Literal[...] with something other than text")


def _kind(node: ast.expr) -> str:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if name not in KINDS:
        raise WrongValue(f"has the type {ast.unparse(node)!r}; use one of {', '.join(KINDS)}, or it with None")
    return name


def _comments(source: str) -> dict[int, tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    found = [(token.start, token.string) for token in tokens if token.type == tokenize.COMMENT]
    return {line: (column, text.lstrip("# ").rstrip()) for (line, column), text in found}


def _help(statement: ast.stmt, comments: dict[int, tuple[int, str]]) -> str:
    """The comment behind the declaration, otherwise the lines of comment right above it."""
    end = statement.end_lineno or statement.lineno
    if end in comments:
        return comments[end][1]
    above: list[str] = []
    line = statement.lineno - 1
    while line in comments and comments[line][0] == 0:
        above.insert(0, comments[line][1])
        line -= 1
    return " ".join(above)


def fields(schema: Schema) -> list[dict[str, Any]]:
    """The parameters in plain values, as a form, a REST face and a report show them; `type` is in words."""
    return [
        {
            "name": one.name,
            "type": str(one.type),
            "kind": one.type.kind,
            "items": one.type.items if one.type.kind == "list" else None,
            "choices": list(one.type.choices),
            "is_nullable": one.type.is_nullable,
            "default": one.default,
            "is_required": one.is_required,
            "help": one.help,
        }
        for one in schema.parameters
    ]


# --- checking what is given


class WrongParameters(BadInput):
    """What was given does not fit. `kept` says so without a value: one may be a secret that nobody here knows."""

    def __init__(self, message: str, *, kept: str) -> None:
        super().__init__(message)
        self.kept = kept


def check(schema: Schema, given: object) -> dict[str, Value]:
    """What was given, as the literals to inject: a table of plain values, as JSON and TOML have them.

    Text (a command line, a form) is read by the declared type; a value that is no text must be of it already.
    Everything wrong is named at once, before a kernel starts.
    """
    if not isinstance(given, Mapping):
        raise BadInput(f"{schema.notebook}: parameters are a table of names and values, not {shown(given)}.")
    declared = {parameter.name: parameter for parameter in schema.parameters}
    wrong: dict[str, str] = {}  # what may be kept → what is said
    checked: dict[str, Value] = {}
    for name, value in given.items():
        if name not in declared:
            unknown = f"{shown(name)} is not declared"
            wrong[unknown] = unknown
            continue
        try:
            checked[name] = fitting(declared[name].type, value)
        except WrongValue as error:
            wrong[f"{name} {error.wanted}"] = f"{name} {error}"
    missing = [f"{p.name} is required" for p in schema.parameters if p.is_required and p.name not in given]
    wrong |= {one: one for one in missing}
    if wrong:
        raise WrongParameters(_said(schema, [*wrong.values()]), kept=_said(schema, [*wrong]))
    return checked


def _said(schema: Schema, wrong: Sequence[str]) -> str:
    known = ", ".join(f"{p.name} ({p.type})" for p in schema.parameters) or "none"
    more = [f"and {len(wrong) - _NAMED} more"] if len(wrong) > _NAMED else []
    return f"{schema.notebook}: {'; '.join([*wrong[:_NAMED], *more])}. Declared parameters: {known}."


def assignments(values: Mapping[str, Value]) -> str:
    """The source of the injected cell: nothing but ``name = literal``."""
    return "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in values.items())])
