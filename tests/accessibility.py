"""What axe-core finds in a page."""

from __future__ import annotations

from playwright.sync_api import Page


def serious(page: Page, axe: str, within: str = "") -> list[str]:
    """What axe calls serious or worse; `within` is a selector, empty for the whole page."""
    page.evaluate(axe)
    found = page.evaluate("(within) => within ? axe.run(within) : axe.run()", within)["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]]  # fmt: skip
