"""What is shown of a plan, a run, its folders and its rows, as markup: the same for both faces."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workbench.budget.model import Money
from workbench.collect import stages
from workbench.collect.model import Plan, PlannedJob
from workbench.collect.plan import open_end_words
from workbench.collect.run_summary import RunStanding
from workbench.collect.stages import Pace
from workbench.panels.facts import facts, mode_note
from workbench.panels.markup import (
    Amount,
    Html,
    dollars,
    esc,
    join,
    link,
    note,
    picture,
    progress_bar,
    shown,
    table,
    tag,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SILENT = 20  # sources that a page shows
_SMALL = "font-size: 13px; padding: 2px 0; line-height: 1.5;"


# the plan -----------------------------------------------------------------------------------------


def plan_view(plan: Plan, saving: Money, mode: str) -> Html:
    rows = [_planned(job) for job in plan.jobs]
    total = plan.estimate
    inputs, snapshots = (sum(row[n] for row in rows) for n in (1, 2))
    foot = ("Together", inputs, snapshots, total.records, None, money(total.micro_usd))
    heads = ("Job", "Inputs", "Snapshots", "ESTIMATED records", "Price of a record", "ESTIMATED cost")
    return join(
        [
            mode_note(mode),
            table(f"Plan {named(plan.name)}".strip() + ": what would be collected", heads, rows, foot=foot),
            facts(
                [
                    ("From", plan.params.get("start")),
                    ("to", plan.params.get("end")),
                    ("Posts a source, at most", plan.params.get("num_posts")),
                    ("Plan", plan.hash[:12]),
                ]
            ),
            *(note("plain", one) for one in plan.merged),
            tag("div", "The cost is an estimate: what is delivered decides.", style=_SMALL),
            *(note("plain", one) for one in [open_end_words(plan)] if one),
            _saving(saving),
        ]
    )


def _saving(saving: Money) -> Html:
    if not saving.records:
        return Html()
    said = f"{saving.records:,} of these records ({dollars(saving.micro_usd)}) were asked for lately"
    return note("plain", f"{said}: they are here already, or on their way, and are not paid again.")


def _planned(job: PlannedJob) -> tuple[Any, ...]:
    snapshots = job.snapshots
    prices = {one.price_micro_usd for one in snapshots}
    cost = sum(one.estimate_records * one.price_micro_usd for one in snapshots)
    return (
        f"{job.platform} {job.service}",
        sum(len(one.inputs) for one in snapshots),
        len(snapshots),
        sum(one.estimate_records for one in snapshots),
        money(prices.pop()) if len(prices) == 1 else None,
        money(cost),
    )


def money(micro_usd: int) -> Amount:
    return Amount(dollars(micro_usd))


def named(name: str) -> str:
    """A name that somebody gave; nothing for the one that every run has."""
    return "" if name in ("", "Run") else f"“{name}”"


# the run ------------------------------------------------------------------------------------------


def run_facts(seen: RunStanding, zone: tzinfo, *, time_left: str = "", cost: int | None = None) -> Html:
    return facts(
        [
            ("Run", seen.run_id),
            ("Started", shown(seen.created_at, zone)),
            ("State", seen.status),
            ("Time left", time_left),
            ("Recorded cost, an ESTIMATE", None if cost is None else dollars(cost)),
        ]
    )


def jobs_view(seen: RunStanding) -> Html:
    """Every job with its state in words, and whatever needs a person below."""
    heads = ("Job", "State", "Snapshots finished", "Rows", "Rejected", "Now")
    rows = [
        (job.name, _state(job.mark, job.status), f"{job.finished} of {job.total}", job.rows, job.rejects, job.now)
        for job in seen.jobs
    ]
    return join([table(f"Jobs of run {seen.run_id}", heads, rows), _reasons(seen), _waiting(seen)])


def _state(mark: str, word: str) -> Html:
    return join([tag("span", mark, aria_hidden="true"), f" {word}"])


def _reasons(seen: RunStanding) -> Html:
    said = [(job.name, why) for job in seen.jobs for why in job.why]
    if not said:
        return Html()
    return table("What was said about snapshots", ("Job", "Reason"), said)


def _waiting(seen: RunStanding) -> Html:
    if not seen.waiting:
        return Html()
    return table("Waits for a person", ("Why", "In a terminal"), [(why, tag("code", how)) for why, how in seen.waiting])


def steps_view(seen: RunStanding, pace: Pace) -> Html:
    """How far each of the five steps is, and how fast."""
    rows = [
        (name.capitalize(), f"{done} of {total}", came or None)
        for name, done, total, came in stages.table_of(seen.stages, pace)
    ]
    ended = seen.stages.otherwise
    if ended:
        rows.append(("Ended otherwise", str(ended), "see below"))
    return table("Steps of the snapshots", ("Step", "Snapshots", "So far"), rows)


def silent_view(sources: Sequence[Mapping[str, Any]]) -> Html:
    """Sources that gave nothing, and why; the first of them where there are many."""
    if not sources:
        return Html()
    shown_of = f", the first {_SILENT}" if len(sources) > _SILENT else ""
    rows = [(one["name"], one["url"], one["reason"]) for one in sources[:_SILENT]]
    return table(f"Sources that gave nothing: {len(sources)}{shown_of}", ("Source", "Address", "Why"), rows)


def run_view(seen: RunStanding, zone: tzinfo, *, pace: Pace | None = None, cost: int | None = None) -> Html:
    """The whole still face of a run: its bar, its words, its steps, its jobs."""
    pace = pace or Pace()
    return join(
        [
            mode_note(seen.mode),
            progress_bar(label(seen), seen.percent, seen.progress),
            tag("div", seen.news, role="status", style="line-height: 1.6;"),
            run_facts(seen, zone, time_left=pace.time_left, cost=cost),
            steps_view(seen, pace),
            jobs_view(seen),
        ]
    )


def label(seen: RunStanding) -> str:
    return f"Run {seen.run_id[:6]} {named(seen.name)}".strip()


# folders and rows ---------------------------------------------------------------------------------


def folders_view(runs: Sequence[Mapping[str, Any]], lake: str) -> Html:
    """Runs → platforms → services → jobs, as a table whose first columns are the tree."""
    tables = []
    for run in runs:
        rows = [
            (
                platform,
                service,
                job["folder"].rsplit("/", 1)[-1],
                *(job[name] for name in _COUNTS),
                _files(job["files"]),
            )
            for platform, services in run["platforms"].items()
            for service, jobs in services.items()
            for job in jobs
        ]
        heads = ("Platform", "Service", "Folder", "Rows", "Rejected", "Snapshots", "Files")
        tables.append(table(f"Folders below {lake}/{run['folder']}", heads, rows))
    return join(tables)


_COUNTS = ("rows", "rejects", "snapshots")


def _files(names: Sequence[str]) -> str:
    """Each kind once: the long names before the first dot are the snapshots'."""
    kinds = Counter(name.split(".", 1)[-1] if "__v" in name else name for name in names)
    return ", ".join(kind if number == 1 else f"{number} {kind}" for kind, number in sorted(kinds.items()))


def rows_view(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]], zone: tzinfo, limit: int) -> Html:
    heads = [_spoken(column) for column in columns]
    said = f"{caption} (the first {limit} rows)" if len(rows) > limit else caption
    if not rows:
        return tag("p", tag("strong", caption), ": none.", style="padding: 2px 0;")
    return table(said, heads, rows[:limit], zone=zone)


def record_view(record: Any, caption: str) -> Html:
    """The whole of a row as it was sent: nothing is cut, and nothing that it names is fetched."""
    whole = json.dumps(record, ensure_ascii=False, indent=2) if not isinstance(record, str) else record
    raw = tag("pre", whole, style=f"{_WRAPPED} font-size: 12px; margin: 4px 0;")
    folded = tag("details", tag("summary", "The same as JSON"), raw)
    if not isinstance(record, dict):
        return join([tag("strong", caption), raw])
    return join([table(caption, ("Key", "Value"), [(key, _told(value)) for key, value in record.items()]), folded])


_WRAPPED = "white-space: pre-wrap; overflow-wrap: anywhere;"


def _told(value: Any) -> Html:
    if isinstance(value, dict | list):
        return tag("div", json.dumps(value, ensure_ascii=False, indent=1), style=f"{_WRAPPED} font-size: 12px;")
    if isinstance(value, str):
        return link(value) if value.startswith(("http://", "https://")) else tag("div", value, style=_WRAPPED)
    return Html(esc(shown(value)))


def bars(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], zone: tzinfo) -> Html:
    """A bar for every row: its first column names it, its second is its length; a third one stacks."""
    if not rows:
        return tag("p", tag("strong", title), ": nothing to draw.", style="padding: 2px 0;")
    stacks: dict[str, dict[Any, float]] = {}
    sums: dict[Any, float] = {}
    for name, value, *group in rows:
        stack = stacks.setdefault(shown(group[0], zone) if group else "", {})
        stack[name] = stack.get(name, 0) + float(value or 0)
        sums[name] = sums.get(name, 0) + float(value or 0)
    most = max(sums, key=sums.__getitem__)
    said = (
        f"{shown(sum(sums.values()))} {_spoken(columns[1])} in all; most at {shown(most, zone)}: {shown(sums[most])}."
    )
    parts = f", in {len(stacks)} parts: {', '.join(stacks)}" if len(stacks) > 1 else ""
    first, *_, last = [*sums, *sums]
    alt = f"Bar chart, {title}: {len(sums)} bars from {shown(first, zone)} to {shown(last, zone)}{parts}. {said}"
    figure = _drawn(title, _spoken(columns[1]), list(sums), stacks, zone)
    return picture(_png(figure), alt=alt, caption=f"{title}: {said}")


def _spoken(column: str) -> str:
    return column.replace("_", " ")


def _drawn(
    title: str, unit: str, names: Sequence[Any], stacks: Mapping[str, Mapping[Any, float]], zone: tzinfo
) -> Figure:
    """Figure itself, not pyplot: this runs on a watcher's thread, and pyplot is the analyst's."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(8.6, 3.4), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    places = _places(names)
    width = 0.8 * min([after - before for before, after in pairwise(sorted(places))], default=1)
    floor = [0.0] * len(names)
    for number, (group, heights) in enumerate(stacks.items()):
        tops = [heights.get(name, 0.0) for name in names]
        axes.bar(places, tops, width, bottom=floor, label=_unmarked(group), hatch=_hatch(number), edgecolor="white")
        floor = [low + top for low, top in zip(floor, tops, strict=True)]
    some = range(0, len(names), max(1, -(-len(names) // 12)))
    words = [_unmarked(shown(names[n], zone)[:24]) for n in some]
    axes.set_xticks([places[n] for n in some], words, rotation=35, ha="right", fontsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=all(one.is_integer() for one in floor)))
    axes.set_ylabel(_unmarked(unit))
    axes.set_title(_unmarked(title), loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    if len(stacks) > 1:
        axes.legend(frameon=False, fontsize=8)
    return figure


def _places(names: Sequence[Any]) -> list[int]:
    """Days stand where they lie in time, so that a gap is seen; anything else stands side by side."""
    is_days = all(isinstance(name, date) for name in names)
    return [name.toordinal() if is_days else n for n, name in enumerate(names)]


def _hatch(number: int) -> str:
    """Never colour alone."""
    return ("", "//", "..", "xx", "\\\\", "++")[number % 6]


def _unmarked(text: str) -> str:
    """Without matplotlib's own markup: a dollar sign starts a formula there, an underscore hides from the legend."""
    return text.replace("$", r"\$").lstrip("_")


def _png(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)  # type: ignore[no-untyped-call]
    return file.getvalue()
