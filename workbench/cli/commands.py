"""The tree of commands: which word calls what. Its module is imported when it is used, not when it is listed."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from workbench.cli import version

# Where each is declared (a function is a command, an `app` is a group of them), and what it is for.
WORDS: Final = {
    "init": (
        "home.init.init",
        "Make a home: workbench.toml with examples, .env for secrets, sources.csv, the notebooks.",
    ),
    "doctor": ("home.doctor.doctor", "Show every setting with its origin, and check what work needs."),
    "demo": (
        "home.demo.demo",
        "Collect from a dozen made-up sources in practice mode, write the report, and show what came of it.",
    ),
    "lab": (
        "home.lab.lab",
        "Start JupyterLab on this machine alone, with a token, its notebooks in WORKBENCH_HOME/notebooks.",
    ),
    "status": ("home.work.status", "Show how runs stand; of one RUN, every snapshot with its reason."),
    "todo": ("home.work.todo", "Show everything that waits for a person, each with the command that resolves it."),
    "work": (
        "home.work.work",
        "Do the work that is due, here, until Ctrl-C or SIGTERM: steps at work finish, none begins.",
    ),
    "folders": ("home.work.folders", "Show the tree of runs, platforms, services and jobs, with counts."),
    "forget": (
        "home.forget.forget",
        "Remove a person's data everywhere it is kept. Without --yes, show what would be removed, and ask.",
    ),
    "sql": (
        "lake.commands.sql",
        "Ask posts, comments, profiles, rejects, records, runs, jobs, brightdata_snapshots, source_results, ...",
    ),
    "compact": (
        "lake.commands.compact",
        "Rewrite many small files into one sorted file per kind: questions stay fast, the folders stay as they are.",
    ),
    "sweep": (
        "lake.commands.sweep",
        "Show (or remove) files of the lake that no manifest lists: what stopped steps and old compactions left.",
    ),
    "backup": (
        "lake.commands.backup",
        "Copy ledger, lake, inputs and reports, every file verified, while work goes on.",
    ),
    "restore": (
        "lake.commands.restore",
        "Bring a backup into an empty WORKBENCH_HOME and prove that it answers the same.",
    ),
    "import": (
        "collect.commands.import_file",
        "Bring in a file that Bright Data once delivered: by hand, or to a tool of before.",
    ),
    "sources": ("collect.commands.sources_app", "The accounts and pages that are tracked."),
    "collect": ("collect.commands.app", "Plan a run, start it, wait for it, cancel it."),
    "recover": ("collect.recovery_commands.app", "Find, adopt and reprocess what a crash or another tool left behind."),
    "spend": ("budget.commands.app", "What was spent, the caps, and the switch that stops it."),
    "deliveries": ("deliveries.commands.app", "What Bright Data's webhook brought, and its address."),
    "accounts": ("accounts.commands.app", "Who posts and uploads: logins, health, pace, the switch."),
    "browser": ("home.browser.app", "Whether the sites still look as we know them."),
    "listings": ("post.commands.listings_app", "What is to be posted on Marketplace."),
    "post": ("post.commands.app", "Post listings from your own accounts, each at most once."),
    "audit": ("audit.commands.app", "Run notebooks and keep what came of them."),
    "creatives": ("upload.commands.creatives_app", "The media files, and what is known of each."),
    "upload": ("upload.commands.app", "Upload creatives to TrafficJunky, each at most once, with its id."),
    "schedule": ("schedule.commands.app", "What runs by itself: run it, look at it, pause it."),
    "sandbox": ("home.sandbox.app", "The stand-ins of practice mode."),
}


class _Tree(TyperGroup):
    """Lists and corrects words by what is written above; only the word that is used is imported."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else load(name), rest


def load(word: str) -> Any:
    """The command or the group itself, with all that it imports."""
    where, purpose = WORDS[word]
    module, _, name = where.rpartition(".")
    declared = getattr(importlib.import_module(f"workbench.{module}"), name)
    around = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(declared, typer.Typer):
        around.add_typer(declared, name=word, help=purpose)
    else:
        around.command(word)(declared)
    return get_group(around).commands[word]


def why_no_command(words: Sequence[str]) -> str | None:
    """Why a command of these words would be refused before it begins anything; None when it would be read."""
    if not words or words[0] not in WORDS:
        return f"there is no command {words[0] if words else ''!r}"
    found, rest, path = load(words[0]), list(words[1:]), words[0]
    while isinstance(found, TyperGroup):
        if not rest or rest[0] not in found.commands:
            return f"{path} has {', '.join(found.commands)}, and not {rest[0] if rest else 'no word'!r}"
        path = f"{path} {rest[0]}"
        found, rest = found.commands[rest[0]], rest[1:]
    if {"--help", "-h"} & set(rest):
        return f"{path} --help does nothing"
    try:
        found.make_context(path, rest)
    except typer.TyperException as error:
        return f"{path}: {error.format_message()}"
    return None


def _before() -> Any:
    """What may stand before any word."""
    around = typer.Typer(add_completion=False, rich_markup_mode=None)
    around.callback()(version.options)
    return get_group(around)


app: Final = _Tree(
    name="workbench",
    callback=_before().callback,
    params=_before().params,
    help="Collect tracked sources into tables that can be queried, keep what was run, lose nothing.",
    commands={word: TyperCommand(word, help=purpose) for word, (_, purpose) in WORDS.items()},
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
