"""What a trigger may say: three body shapes, query parameters, and the vendor's answers to mistakes."""

from __future__ import annotations

import csv
import io
import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from workbench.sandbox.brightdata.datasets import DATASETS
from workbench.sandbox.brightdata.formats import FORMATS
from workbench.sandbox.brightdata.plan import COUNTS, Options
from workbench.sandbox.brightdata.shapes import Method
from workbench.sandbox.web import Answer, Request, as_json, as_text

_TRUE: Final = frozenset({"true", "1"})
_NUMBERS: Final = frozenset({*COUNTS, "max_number_of_posts"})
_ADDRESSES: Final = ("url", "URL", "search_url", "urls")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}


class Refused(Exception):
    """The request is not accepted; `answer` says why in the vendor's words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


@dataclass(frozen=True)
class Order:
    """A trigger that may be accepted."""

    dataset_id: str
    method: str
    inputs: list[dict[str, Any]]
    options: Options


def invalid(*errors: tuple[str, str]) -> Refused:
    return Refused(
        as_json(
            {"error": "Invalid input provided", "code": "validation_error", "errors": [list(pair) for pair in errors]},
            400,
        )
    )


def read_order(request: Request) -> Order:
    query = request.query
    dataset_id = query.get("dataset_id", "")
    if not dataset_id:
        raise Refused(as_text("Collector not found", 404))
    if dataset_id not in DATASETS:
        raise Refused(as_text("dataset does not exist", 404))
    name, method = _method(query)
    inputs, body_options = _body(request)
    options = _options({**query, **body_options})
    if query.get("format", "json") not in FORMATS:
        raise invalid(("format", f"This field must be one of {', '.join(FORMATS)}"))
    if not inputs:
        raise Refused(as_text("No data to trigger", 400))
    errors = [error for given in inputs for error in _errors_of(given, method, frozenset(options.input_fields))]
    if errors:
        raise invalid(*errors)
    return Order(dataset_id, name, inputs, options)


def _method(query: dict[str, str]) -> tuple[str, Method]:
    methods = DATASETS[query["dataset_id"]].methods
    kind = query.get("type", "")
    if kind not in {"", "discover_new"}:
        raise invalid(("type", "This field must be discover_new"))
    name = query.get("discover_by", "") if kind else ""
    if (kind and not name) or name not in methods:
        known = ", ".join(filter(None, methods)) or "nothing: this dataset has no discovery"
        raise invalid(("discover_by", f"This field must be one of {known}"))
    return name, methods[name]


def _body(request: Request) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    if request.mimetype == "multipart/form-data":
        return _csv_inputs(request), {}
    try:
        body = request.read_json()
    except ValueError as error:
        raise _unreadable(str(error)) from error
    extra: dict[str, Any] = {}
    if isinstance(body, dict):
        extra = {name: value for name, value in body.items() if name != "input"}
        body = body.get("input")
    if body is None:
        return [], extra
    if not isinstance(body, list) or not all(isinstance(given, dict) for given in body):
        raise _unreadable("an array of objects is expected")
    return body, extra


def _unreadable(why: str) -> Refused:
    return Refused(as_json({"error": f"Parser cannot parse input: {why}", "code": "parse_error"}, 400))


def _csv_inputs(request: Request) -> list[dict[str, Any]]:
    file = request.files.get("data")
    if file is None and "data" not in request.form:
        raise Refused(as_text("Invalid attachments", 400))
    text = request.form["data"] if file is None else file.read().decode("utf-8-sig")
    return [dict(row) for row in csv.DictReader(io.StringIO(text))]


def _options(given: dict[str, Any]) -> Options:
    return Options(
        include_errors=str(given.get("include_errors", "")).lower() in _TRUE,
        limit_per_input=_limit(given, "limit_per_input"),
        limit_multiple_results=_limit(given, "limit_multiple_results"),
        output_fields=_names(given.get("custom_output_fields")),
        input_fields=_names(given.get("custom_input_fields")),
    )


def _limit(given: dict[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    if not re.fullmatch(r"[1-9]\d*", str(value)):
        raise invalid((name, "This field must be a number greater than or equal to 1"))
    return int(value)


def _names(value: object) -> tuple[str, ...]:
    names = value.split("|") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(str(name).strip() for name in names if str(name).strip())


def _errors_of(given: dict[str, Any], method: Method, echoed: frozenset[str]) -> list[tuple[str, str]]:
    errors = [(name, "This field is required") for name in method.required if not given.get(name)]
    errors += [(name, "Unexpected field") for name in given if name not in method.keys | echoed]
    for name in _ADDRESSES:
        value = given.get(name)
        for url in value if isinstance(value, list) else [value] if value else []:
            if not (isinstance(url, str) and _is_url(url)):
                errors.append((name, "This field must be a valid url"))
    for name in _NUMBERS & given.keys() & method.keys:
        if given[name] not in ("", None) and not re.fullmatch(r"[1-9]\d*", str(given[name])):
            errors.append((name, "This field must be a number greater than or equal to 1"))
    return errors


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "." in parts.netloc and " " not in text


def deadline_of(query: dict[str, str]) -> float | None:
    """`3m`, `15min`, `2h` or an ISO time → seconds from now."""
    text = query.get("deadline", "")
    if not text:
        return None
    if found := re.fullmatch(r"(\d+)\s*([smh])[a-z]*", text):
        return float(found[1]) * _UNITS[found[2]]
    try:
        return max(datetime.fromisoformat(text).timestamp() - time.time(), 0)
    except ValueError as error:
        raise invalid(("deadline", "This field must be a duration or a date")) from error


def read_json(request: Request) -> Any:
    try:
        return request.read_json()
    except ValueError as error:
        raise _unreadable(str(error)) from error
