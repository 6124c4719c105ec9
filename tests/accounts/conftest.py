"""Visits to a little site of our own."""

from tests.little_site import _answer, browsing, chromium, cookie, kept, marketplace, web  # noqa: F401 - fixtures
