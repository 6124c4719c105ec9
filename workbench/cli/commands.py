"""The tree of commands: which word calls what."""

from __future__ import annotations

import typer

from workbench.cli import (
    accounts,
    audit,
    browser,
    collect,
    creatives,
    deliveries,
    demo,
    doctor,
    imports,
    keep,
    lab,
    listings,
    post,
    recover,
    sandbox,
    sources,
    spend,
    sql,
    upload,
    version,
    work,
)

app = typer.Typer(
    name="workbench",
    help="Collect tracked sources into tables that can be queried, keep what was run, lose nothing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.callback()(version.options)
app.command()(doctor.doctor)
app.command()(demo.demo)
app.command()(lab.lab)
app.command()(work.status)
app.command()(work.todo)
app.command()(work.work)
app.command()(work.folders)
app.command()(sql.sql)
app.command()(keep.compact)
app.command()(keep.sweep)
app.command()(keep.backup)
app.command()(keep.restore)
app.command("import")(imports.import_)
app.add_typer(sources.app, name="sources", help="The accounts and pages that are tracked.")
app.add_typer(collect.app, name="collect", help="Plan a run, start it, wait for it, cancel it.")
app.add_typer(recover.app, name="recover", help="Find, adopt and reprocess what a crash or another tool left behind.")
app.add_typer(spend.app, name="spend", help="What was spent, the caps, and the switch that stops it.")
app.add_typer(deliveries.app, name="deliveries", help="What Bright Data's webhook brought, and its address.")
app.add_typer(accounts.app, name="accounts", help="Who posts and uploads: logins, health, pace, the switch.")
app.add_typer(browser.app, name="browser", help="Whether the sites still look as we know them.")
app.add_typer(listings.app, name="listings", help="What is to be posted on Marketplace.")
app.add_typer(post.app, name="post", help="Post listings from your own accounts, each at most once.")
app.add_typer(audit.app, name="audit", help="Run notebooks and keep what came of them.")
app.add_typer(creatives.app, name="creatives", help="The media files, and what is known of each.")
app.add_typer(upload.app, name="upload", help="Upload creatives to TrafficJunky, each at most once, with its id.")
app.add_typer(sandbox.app, name="sandbox", help="The stand-ins of practice mode.")
