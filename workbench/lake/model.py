"""What tables are made of, as a move writes it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.engine.flow import Write


@dataclass(frozen=True, kw_only=True)
class LakeFile:
    """A row of the manifest: a file that tables are made of."""

    kind: str  # posts, comments, ..., rejects, raw
    path: str  # relative to the lake
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ManifestFiles(Write):
    """Replaces the item's rows in the manifest."""

    files: tuple[LakeFile, ...]
