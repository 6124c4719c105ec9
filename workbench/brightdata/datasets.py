"""What may be asked of a dataset, and how it is written: finding an entry, its way, its inputs.

Users add entries of their own to the table of catalogue/ with `dataset_from`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from workbench import addresses
from workbench.addresses import Address
from workbench.brightdata.catalogue.entry import COLLECT, KINDS, Dataset, Input, Way
from workbench.brightdata.catalogue.table import DATASETS
from workbench.errors import BadInput

__all__ = [
    "COLLECT",
    "DATASETS",
    "KINDS",
    "Dataset",
    "Input",
    "Way",
    "accepts",
    "address_of",
    "by_id",
    "dataset_from",
    "find",
    "inputs_for",
    "named",
    "way_for",
    "with_own",
]


def find(platform: str, service: str, way: str | None = None, *, among: Iterable[Dataset] = DATASETS) -> Dataset:
    """The dataset of a platform and service, which must know `way` when one is named."""
    known = list(among)
    wanted = (platform.strip().lower(), service.strip().lower())
    for dataset in known:
        if (dataset.platform, dataset.service) == wanted:
            if way is not None:
                _way_named(dataset, way)
            return dataset
    names = ", ".join(sorted(dataset.name for dataset in known))
    raise BadInput(f"there is no dataset for {platform!r} {service!r}. Known: {names}.")


def by_id(dataset_id: str, *, among: Iterable[Dataset] = DATASETS) -> Dataset:
    known = {dataset.dataset_id: dataset for dataset in among}
    if dataset_id not in known:
        names = ", ".join(f"{dataset.dataset_id} ({dataset.name})" for dataset in known.values())
        raise BadInput(f"there is no dataset {dataset_id!r}. Known: {names}.")
    return known[dataset_id]


def named(text: str, *, among: Iterable[Dataset] = DATASETS) -> Dataset:
    """The dataset that a person names: by its id, or as platform/service."""
    platform, slash, service = text.partition("/")
    return find(platform, service, among=among) if slash else by_id(text.strip(), among=among)


def with_own(own: Iterable[Dataset], *, among: Iterable[Dataset] = DATASETS) -> tuple[Dataset, ...]:
    """The table with a user's own entries, which go before ours of the same id, or platform and service."""
    table = list(among)
    for entry in own:
        table = [one for one in table if one.dataset_id != entry.dataset_id and one.name != entry.name]
        table.append(entry)
    return tuple(table)


def accepts(dataset: Dataset, source_url: str) -> bool:
    """Whether the dataset can collect from this URL without further options."""
    try:
        inputs_for(dataset, source_url)
    except BadInput:
        return False
    return True


# Services whose sources are accounts, so that a name alone says which.
_OF_ACCOUNTS: Final = frozenset({"posts", "reels", "profiles", "videos", "channels", "posts_by_profile_fast"})


def address_of(dataset: Dataset, source_url: str, options: Mapping[str, Any] | None = None) -> Address:
    """How a source is spelt, and what tells it from others; words to search for stay as they are.

    Raises BadInput for a name that could be several pages.
    """
    way = dataset.ways.get(str((options or {}).get("discover_by") or ""), dataset.ways[dataset.default_way])
    kind = way.inputs[way.source].type if way.source else "text"
    if kind == "urls":
        several = [addresses.read(dataset.platform, one) for one in _as_list(dataset, addresses.clean(source_url))]
        keys = sorted({one.key for one in several})
        return Address(" ".join(dict.fromkeys(one.spelled for one in several)), " ".join(keys))
    if kind not in {"url", "handle"}:
        return Address(source_url.strip(), f"text {source_url.strip()}")
    if kind == "handle" and "/" not in source_url:
        source_url = f"@{addresses.clean(source_url).removeprefix('@')}"
    if dataset.service in _OF_ACCOUNTS:
        source_url = addresses.of_handle(dataset.platform, source_url)
    return addresses.read(dataset.platform, source_url)


def way_for(dataset: Dataset, source_url: str, options: Mapping[str, Any] | None = None) -> Way:
    """The way to ask for this source: named by the option ``discover_by``, else told by the URL's path."""
    named = (options or {}).get("discover_by")
    if named is not None:
        return _way_named(dataset, str(named))
    default = dataset.ways[dataset.default_way]
    if not _takes_url(default):
        return default
    path = urlsplit(_checked_url(dataset, source_url)).path
    for way in dataset.ways.values():
        if way.paths and re.search(way.paths, path):
            return way
    if not default.paths:
        return default
    raise BadInput(
        f"{source_url} is no URL that {dataset.name} can be collected from. "
        f"If it is one, name the way in its options: discover_by is one of {', '.join(dataset.ways)}."
    )


def inputs_for(
    dataset: Dataset,
    source_url: str,
    options: Mapping[str, Any] | None = None,
    *,
    start: date | str | None = None,
    end: date | str | None = None,
    num_posts: int | None = None,
) -> dict[str, Any]:
    """One input object as the vendor wants it: typed, dates in the dataset's own form, unset ones left out.

    `options` are the source's and go before `start`, `end` and `num_posts`, which are the run's: a way that has
    no such input does without them. An option that the way does not know is refused.
    """
    options = dict(options or {})
    way = way_for(dataset, source_url, options)
    options.pop("discover_by", None)
    optional = [name for name in way.inputs if name != way.source or not _takes_url(way)]
    for name in options:
        if name not in optional:
            accepted = ", ".join(optional) or "none"
            raise BadInput(
                f"{dataset.name} has no option {name!r} (way {_name_of(dataset, way)}). "
                f"Accepted: discover_by, {accepted}."
            )
    run = {"start_date": start, "end_date": end, "num_of_posts": num_posts}
    given = {name: value for name, value in run.items() if name in way.inputs and not _is_unset(value)}
    given |= {name: value for name, value in options.items() if not _is_unset(value)}
    if way.source:
        given.setdefault(way.source, source_url)
    found = {name: _value(dataset, name, way.inputs[name], given.get(name)) for name in way.inputs}
    _check_order(dataset, given)
    return {name: value for name, value in found.items() if value is not None}


def dataset_from(plain: Mapping[str, Any]) -> Dataset:
    """An entry as users write it in workbench.toml; `BadInput` names the field that is wrong."""
    known = {each.name for each in fields(Dataset)}
    for name in plain:
        if name not in known:
            raise BadInput(f"a dataset has no field {name!r}. Known: {', '.join(sorted(known))}.")
    missing = {"dataset_id", "platform", "service", "kind", "ways", "hosts", "columns"} - plain.keys()
    if missing:
        raise BadInput(f"the dataset {plain.get('dataset_id', '?')} lacks {', '.join(sorted(missing))}.")
    for name in ("dataset_id", "platform", "service"):
        if not isinstance(plain[name], str) or not plain[name].strip():
            raise BadInput(f"the {name} is {plain[name]!r}; a text is due.")
    if plain["kind"] not in KINDS:
        raise BadInput(f"the kind {plain['kind']!r} is none of {', '.join(KINDS)}.")
    try:
        return _dataset_from(plain)
    except (AttributeError, TypeError) as error:
        raise BadInput(
            f"the dataset {plain['dataset_id']} is not written as docs/adding-a-dataset.md shows: {error}."
        ) from error


def _dataset_from(plain: Mapping[str, Any]) -> Dataset:
    ways = {name: _way_from(name, way) for name, way in plain["ways"].items()}
    default_way = plain.get("default_way") or next(iter(ways), "")
    if default_way not in ways:
        raise BadInput(f"the default_way {default_way!r} is none of the ways: {', '.join(ways) or 'none'}.")
    for name in ("date_format", "end_date_format"):
        if name in plain and not _is_date_format(plain[name]):
            raise BadInput(f"the {name} is {plain[name]!r}; write for example %m-%d-%Y or %Y-%m-%d.")
    price = plain.get("price_micro_usd", 0)
    if not isinstance(price, int) or price < 0:
        raise BadInput(f"the price_micro_usd is {price!r}; give whole millionths of a dollar, for example 2000.")
    return Dataset(
        **{
            **plain,
            "platform": plain["platform"].strip().lower(),
            "service": plain["service"].strip().lower(),
            "ways": ways,
            "default_way": default_way,
            "hosts": _texts("hosts", plain["hosts"]),
            "columns": {name: _texts(f"columns.{name}", places) for name, places in plain["columns"].items()},
            "match_keys": _texts("match_keys", plain.get("match_keys", "url")),
        }
    )


def _is_date_format(pattern: Any) -> bool:
    """Whether a day survives being written and read."""
    day = date(2001, 2, 3)
    try:
        return datetime.strptime(day.strftime(pattern), pattern).replace(tzinfo=UTC).date() == day
    except (TypeError, ValueError):
        return False


def _way_from(name: str, plain: Mapping[str, Any]) -> Way:
    inputs = {key: _input_from(key, given) for key, given in plain.get("inputs", {}).items()}
    source = plain.get("source", next((key for key, each in inputs.items() if each.required), None))
    if source != "" and source not in inputs:
        raise BadInput(f"the way {name!r} does not say which of its inputs takes the source: set source.")
    discover_by = plain.get("discover_by") or (None if name == COLLECT else name)
    paths = plain.get("paths", "")
    try:
        re.compile(paths)
    except re.error as error:
        raise BadInput(f"the way {name!r} has paths {paths!r}, which is no pattern: {error}.") from error
    return Way(discover_by, inputs, source=source, paths=paths)


def _input_from(name: str, plain: Mapping[str, Any] | str) -> Input:
    given = {"type": plain} if isinstance(plain, str) else dict(plain)
    if given.get("type") not in _READERS:
        raise BadInput(f"the input {name!r} has the type {given.get('type')!r}. Known: {', '.join(_READERS)}.")
    return Input(**{**given, "choices": _texts("choices", given.get("choices", ()))})


def _texts(name: str, value: Any) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise BadInput(f"{name} is {value!r}; a text or a list of texts is due.")
    return tuple(texts)


def _way_named(dataset: Dataset, name: str) -> Way:
    way = dataset.ways.get(name or COLLECT)
    if way is None:
        raise BadInput(f"{dataset.name} cannot be asked by {name!r}. discover_by is one of {', '.join(dataset.ways)}.")
    return way


def _takes_url(way: Way) -> bool:
    """Whether the source's URL is sent, and no option may say otherwise."""
    return way.source != "" and way.inputs[way.source].type == "url"


def _name_of(dataset: Dataset, way: Way) -> str:
    return next(name for name, each in dataset.ways.items() if each is way)


def _is_unset(value: Any) -> bool:
    return value is None or value in ("", [])


def _value(dataset: Dataset, name: str, wanted: Input, given: Any) -> Any:
    value = wanted.default if _is_unset(given) else given
    if _is_unset(value):
        if wanted.required:
            raise BadInput(f"{dataset.name} needs {name!r}.")
        return None
    try:
        found = _READERS[wanted.type](dataset, value)
    except ValueError as error:
        raise BadInput(f"{name} is {value!r} for {dataset.name}: {error}.") from None
    if wanted.choices:
        spelt = {choice.casefold(): choice for choice in wanted.choices}
        if str(found).casefold() not in spelt:
            raise BadInput(f"{name} is {value!r} for {dataset.name}: one of {', '.join(wanted.choices)}.")
        return spelt[str(found).casefold()]
    return found


def _check_order(dataset: Dataset, given: Mapping[str, Any]) -> None:
    start, end = given.get("start_date"), given.get("end_date")
    if start and end and _day(start) > _day(end):
        raise BadInput(f"{dataset.name}: the start {_day(start)} is after the end {_day(end)}.")


def _checked_url(dataset: Dataset, url: Any) -> str:
    """The URL as it was given; whatever the vendor or we could read differently is refused."""
    cure = f"Give a full https URL of {' or '.join(dataset.hosts)}."
    if not isinstance(url, str) or re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise BadInput(f"{url!r} is no URL. {cure}")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise BadInput(f"{url!r} is no URL. {cure}") from None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        raise BadInput(f"{url!r} is no web address. {cure}")
    if dataset.hosts and not any(host == known or host.endswith(f".{known}") for known in dataset.hosts):
        raise BadInput(f"{url} is not on {dataset.platform}, whose {dataset.service} were asked for. {cure}")
    return url


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    raise ValueError("a date is written YYYY-MM-DD")


def _as_text(_: Dataset, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is due")  # noqa: TRY004 - the readers share one error
    return value


def _as_handle(dataset: Dataset, value: Any) -> str:
    text = _as_text(dataset, value).strip()
    if "/" in text:
        text = urlsplit(_checked_url(dataset, text)).path.strip("/").split("/")[0]
    handle = text.removeprefix("@")
    if not re.fullmatch(r"[\w.-]+", handle):
        raise ValueError("a user name is due, or the URL of a profile")
    return handle


def _as_integer(_: Dataset, value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise ValueError("a whole number from 1 is due")
    return int(text)


def _as_flag(_: Dataset, value: Any) -> bool:
    spelt = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).strip().lower() not in spelt:
        raise ValueError("true or false is due")
    return spelt[str(value).strip().lower()]


def _as_list(_: Dataset, value: Any) -> list[str]:
    texts = re.split(r"[\s,;]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(each, str) for each in texts):
        raise ValueError("a list of texts is due")
    return list(texts)


_READERS: Final[Mapping[str, Callable[[Dataset, Any], Any]]] = {
    "text": _as_text,
    "url": _checked_url,
    "urls": lambda dataset, value: [_checked_url(dataset, url) for url in _as_list(dataset, value)],
    "handle": _as_handle,
    "integer": _as_integer,
    "flag": _as_flag,
    "list": _as_list,
    "date": lambda dataset, value: _day(value).strftime(dataset.date_format),
    "end_date": lambda dataset, value: _day(value).strftime(dataset.end_date_format or dataset.date_format),
}
