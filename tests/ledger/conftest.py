"""The processes that the tests of the ledger keep are dismissed at the end."""

from collections.abc import Iterator

import pytest

from tests.ledger.world import dismiss_the_crew


@pytest.fixture(scope="session", autouse=True)
def _crew() -> Iterator[None]:
    yield
    dismiss_the_crew()
