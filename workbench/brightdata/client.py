"""The verbs of Bright Data's Web Scraper API (Datasets API v3). Nothing here retries, waits or keeps records.

Questions raise `Transient` when they may be asked again. Acts (`trigger`, `rerun`, `deliver`) are sent once:
they raise `Unanswered` unless the vendor's own refusal, or a connection that never stood, proves that nothing
happened.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import httpx

from workbench.brightdata.contents import (
    Balance,
    Listed,
    SnapshotProgress,
    balance_in,
    count_in,
    inputs_in,
    is_id,
    new_id_in,
    objects_in,
    progress_in,
    snapshots_in,
)
from workbench.brightdata.download import Body, Download, OnBytes
from workbench.brightdata.responses import Answer, NotRunning, refusal, refusal_of_act
from workbench.brightdata.wire import Gate, Limits, Lost, Request, Wire
from workbench.errors import BadInput, Transient, Unanswered
from workbench.secret import Secret

__all__ = ["Balance", "Body", "BrightData", "Gate", "Limits", "Listed", "SnapshotProgress"]

SMALLEST_BATCH: Final = 1000  # rows in a part; the vendor's page "Download snapshot"
LARGEST_PAGE: Final = 5000  # snapshots in one page; the vendor's page "Get snapshots"


class BrightData:
    """One account at Bright Data. Thread-safe; `close` it, or use it in a ``with`` statement."""

    def __init__(
        self,
        base_url: str,
        api_key: Secret,
        *,
        gate: Gate | None = None,
        limits: Limits | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._wire = Wire(base_url, api_key, gate=gate, limits=self._limits, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()

    # ---- acts: sent once

    def trigger(
        self,
        dataset_id: str,
        inputs: Sequence[Mapping[str, Any]],
        *,
        discover_by: str | None = None,
        limit_per_input: int | None = None,
        limit_multiple_results: int | None = None,
        include_errors: bool = True,
        custom_output_fields: str | None = None,
        custom_input_fields: Sequence[str] | None = None,
        notify: str | None = None,
        endpoint: str | None = None,
        auth_header: Secret | None = None,
        extra_query: Mapping[str, Any] | None = None,
        body: Literal["array", "object", "csv"] = "array",
        since: float | None = None,
    ) -> str:
        """Start a paid collection and return its snapshot id.

        `body` is one of the three forms of the vendor's page "Trigger a collection": a bare array, an object
        with the limits beside its ``input`` (some scrapers obey them only there), a CSV file.
        `custom_input_fields` exist in the object alone. `auth_header` is what the vendor then sends as
        Authorization to `notify` and `endpoint`. The time limit counts from `since` (of `wire.boot_clock`): an order
        that was written down then, and comes to be sent later than the limit, is not sent at all.
        """
        if not inputs:
            raise BadInput(f"there are no inputs to collect from {dataset_id}.")
        if custom_input_fields and body != "object":
            raise BadInput('custom_input_fields are sent with body="object" only.')
        steering = {
            "limit_per_input": _at_least(1, "limit_per_input", limit_per_input),
            "limit_multiple_results": _at_least(1, "limit_multiple_results", limit_multiple_results),
            "custom_output_fields": custom_output_fields,
        }
        query = {
            "dataset_id": _checked(dataset_id),
            "type": "discover_new" if discover_by else None,
            "discover_by": discover_by,
            "include_errors": include_errors,
            "format": "ndjson",
            # Both addresses may carry a token in their path, which no message or traceback is to show.
            "notify": Secret(notify) if notify else None,
            "endpoint": Secret(endpoint) if endpoint else None,
            "auth_header": auth_header,
            **({} if body == "object" else steering),
            **(extra_query or {}),
        }
        content: dict[str, Any] = {"payload": list(inputs)}
        if body == "object":
            wrapped = {"input": list(inputs), **steering, "custom_input_fields": custom_input_fields}
            content = {"payload": {key: value for key, value in wrapped.items() if value is not None}}
        elif body == "csv":
            content = {"files": {"data": ("data.csv", _as_csv(inputs), "text/csv")}}
        return self._act(
            "/datasets/v3/trigger", "snapshot_id", self._limits.trigger, since=since, query=query, **content
        )

    def rerun(self, snapshot_id: str) -> str:
        """Collect the same inputs again, for the same money; returns the new snapshot id."""
        path = f"/datasets/v3/snapshot/{_checked(snapshot_id)}/rerun"
        return self._act(path, "snapshot_id", self._limits.trigger)

    def deliver(
        self,
        snapshot_id: str,
        to: Mapping[str, Any],
        *,
        compress: bool | None = None,
        batch_size: int | None = None,
        notify: str | None = None,
    ) -> str:
        """Have an old snapshot delivered (again) and return the delivery id.

        `to` is the vendor's "deliver" object: type, filename with template and extension, and the target's
        own fields; a `Secret` may stand for any value in it.
        """
        payload = {"deliver": dict(to), "compress": compress, "batch_size": batch_size}
        return self._act(
            f"/datasets/v3/deliver/{_checked(snapshot_id)}",
            "id",
            self._limits.manage,
            query={"notify": Secret(notify) if notify else None},
            payload={key: value for key, value in payload.items() if value is not None},
        )

    # ---- a snapshot

    def progress(self, snapshot_id: str) -> SnapshotProgress:
        answer = self._ask("GET", f"/datasets/v3/progress/{_checked(snapshot_id)}", self._limits.poll)
        return progress_in(answer)

    def download(
        self,
        snapshot_id: str,
        folder: Path,
        *,
        batch_size: int | None = None,
        on_bytes: OnBytes | None = None,
    ) -> Body:
        """Write the rows to ``part-00001.ndjson``, ... in `folder`; a part is there whole or not at all.

        Parts that already lie there whole are not fetched again. With `batch_size` (1,000 rows at least) the
        vendor is asked for parts of that size, so that a cut costs one part. `on_bytes` is called for every
        piece of some kilobytes with the bytes received so far, compressed, and their total where it is known.
        What the vendor sends instead of rows raises; a snapshot without a byte gives a body without parts.
        """
        path = f"/datasets/v3/snapshot/{_checked(snapshot_id)}"
        query = _download_query(batch_size)
        fetching = Download(self._wire, path, folder, on_bytes=on_bytes)
        if batch_size is None:
            fetching.part(1, query, is_only=True)
            return fetching.body()
        count = self.parts(snapshot_id, batch_size)
        for number in range(1, count + 1):
            fetching.part(number, {**query, "part": number}, is_only=count == 1)
        return fetching.body()

    def parts(self, snapshot_id: str, batch_size: int) -> int:
        """How many parts of `batch_size` rows the snapshot has."""
        path = f"/datasets/v3/snapshot/{_checked(snapshot_id)}/parts"
        answer = self._ask("GET", path, self._limits.poll, query=_download_query(batch_size))
        return count_in(answer)

    def inputs(self, snapshot_id: str) -> list[dict[str, Any]]:
        """What the snapshot was triggered with; from a CSV all is text. `NotFound` when it is not kept."""
        path = f"/datasets/v3/snapshot/{_checked(snapshot_id)}/input"
        answer = self._ask("GET", path, self._limits.inputs)
        return inputs_in(answer)

    def log(self, snapshot_id: str) -> dict[str, Any]:
        """The vendor's facts about a snapshot (inputs_count, file_size, duration, trigger, ...).

        Keys are lower-cased: the vendor's page "Get snapshot log" has been seen with capitals and without.
        """
        answer = self._ask("GET", f"/datasets/v3/log/{_checked(snapshot_id)}", self._limits.manage)
        return {key.lower(): value for key, value in answer.json_object().items()}

    def cancel(self, snapshot_id: str) -> bool:
        """Stop a collection; False when it was not running any more."""
        path = f"/datasets/v3/snapshot/{_checked(snapshot_id)}/cancel"
        try:
            answer = self._ask("POST", path, self._limits.manage)
        except NotRunning:
            return False
        if answer.is_page:
            raise answer.unexpected("OK")
        return True

    # ---- lists

    def list_snapshots(
        self,
        dataset_id: str,
        *,
        status: str | None = None,
        from_date: date | None = None,
        to_date: date | None = None,
        page_size: int = 1000,
    ) -> Iterator[Listed]:
        """All pages, asked for as they are needed, each snapshot once.

        The vendor lists one dataset at a time, and counts dates in whole days.
        """
        if not 1 <= page_size <= LARGEST_PAGE:
            raise BadInput(f"page_size is {page_size}: the vendor's pages have 1 to {LARGEST_PAGE} snapshots.")
        query = {
            "dataset_id": _checked(dataset_id),
            "status": status,
            "from_date": from_date.strftime("%Y-%m-%d") if from_date else None,
            "to_date": to_date.strftime("%Y-%m-%d") if to_date else None,
            "limit": page_size,
        }
        return self._pages(query, page_size)

    def datasets(self) -> list[dict[str, Any]]:
        """Every dataset that the account may use: id, name, size."""
        return objects_in(self._ask("GET", "/datasets/list", self._limits.manage))

    def metadata(self, dataset_id: str) -> dict[str, Any]:
        """The fields of a dataset: ``{"id", "fields": {name: {type, active, required, description}}}``."""
        return self._ask("GET", f"/datasets/{_checked(dataset_id)}/metadata", self._limits.manage).json_object()

    # ---- the account

    def balance(self) -> Balance:
        return balance_in(self._ask("GET", "/customer/balance", self._limits.manage))

    def status(self) -> dict[str, Any]:
        """Whether the key works: status, customer, can_make_requests, auth_fail_reason, ip."""
        return self._ask("GET", "/status", self._limits.poll).json_object()

    def delivery(self, delivery_id: str) -> dict[str, Any]:
        """How a delivery stands, in the vendor's words."""
        return self._ask("GET", f"/datasets/v3/delivery/{_checked(delivery_id)}", self._limits.poll).json_object()

    # ---- inside

    def _ask(self, method: str, path: str, limit: timedelta, *, query: Mapping[str, Any] | None = None) -> Answer:
        """The whole answer to something that may be asked again."""
        try:
            answer = self._wire.call(Request(method, path, query or {}), limit)
        except Lost as lost:
            raise Transient(f"{self._wire.address(path)} did not answer: {lost}", code="network") from None
        if not answer.is_success or answer.status == HTTPStatus.ACCEPTED:
            raise refusal(answer)
        return answer

    def _act(self, path: str, id_key: str, limit: timedelta, *, since: float | None = None, **content: Any) -> str:
        """Send once what must happen once, and return the id that the vendor gave it."""
        address = self._wire.address(path)
        try:
            answer = self._wire.call(Request("POST", path, **content), limit, since=since)
        except Lost as lost:
            if not lost.was_sent:
                raise Transient(f"{address} was not reached, nothing was sent: {lost}", code="network") from None
            raise Unanswered(f"the answer of {address} was lost: {lost}", code="lost") from None
        if not answer.is_success:
            raise refusal_of_act(answer)
        return new_id_in(answer, id_key)

    def _pages(self, query: Mapping[str, Any], page_size: int) -> Iterator[Listed]:
        # A snapshot that is added between two pages pushes the others down: the last of a page comes again.
        seen: set[str] = set()
        skip = 0
        while True:
            answer = self._ask("GET", "/datasets/v3/snapshots", self._limits.list, query={**query, "skip": skip})
            rows = snapshots_in(answer)
            fresh = [row for row in rows if row.snapshot_id not in seen]
            seen.update(row.snapshot_id for row in fresh)
            yield from fresh
            skip += len(rows)
            if len(rows) < page_size or not fresh:
                return


def _checked(opaque_id: str) -> str:
    if not is_id(opaque_id):
        raise BadInput(f"{opaque_id[:60]!r} cannot be an id of Bright Data: letters, digits, _ and - only.")
    return opaque_id


def _at_least(least: int, name: str, value: int | None) -> int | None:
    if value is not None and value < least:
        raise BadInput(f"{name} is {value}: it is {least} or more.")
    return value


def _download_query(batch_size: int | None) -> dict[str, Any]:
    """The same for /parts and every part, as the vendor demands; without `format` the form is its choice."""
    query: dict[str, Any] = {"format": "ndjson", "compress": True}
    if batch_size is not None:
        query["batch_size"] = _at_least(SMALLEST_BATCH, "batch_size", batch_size)
    return query


def _as_csv(inputs: Sequence[Mapping[str, Any]]) -> bytes:
    columns = list(dict.fromkeys(key for row in inputs for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for row in inputs:
        writer.writerow({key: value if isinstance(value, str) else json.dumps(value) for key, value in row.items()})
    return text.getvalue().encode()
