"""Every dataset that ships. Reddit is left out until its inputs are verified; a user's own entry can add it."""

from __future__ import annotations

from typing import Final

from workbench.brightdata.catalogue import facebook, instagram, linkedin, tiktok, x, youtube

DATASETS: Final = (
    *instagram.DATASETS,
    *facebook.DATASETS,
    *tiktok.DATASETS,
    *linkedin.DATASETS,
    *youtube.DATASETS,
    *x.DATASETS,
)
