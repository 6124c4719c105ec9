"""Visits to a little site of our own."""

from tests.little_site import (  # noqa: F401 - fixtures
    _answer,
    browsing,
    chromium,
    cookie,
    kept,
    library,
    logged_in,
    marketplace,
    noise,
    sandbox,
    seller,
    serve,
    sign_in,
    site,
    stranger,
    web,
)
