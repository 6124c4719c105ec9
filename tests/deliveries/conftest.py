"""The desk of tests/server, for what happens to a delivery once it is kept."""

from tests.server.conftest import desk, make_desk

__all__ = ["desk", "make_desk"]
