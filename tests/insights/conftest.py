"""A small made-up past, read into facts and rollups."""

from datetime import UTC, datetime

import pytest

from insights.ledger.refresh import LedgerService
from insights.seeding.history import DemoHistoryService

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def history(db: None) -> None:
    """600 conversations over 60 days that end at NOW."""
    DemoHistoryService().make(days=60, conversations=600, now=NOW, seed=7)
    LedgerService().rebuild(now=NOW)
