"""One article and one conversation."""

import pytest

from conversations.models import (
    Article,
    Passage,
)
from conversations.services.intake import IntakeService, NewConversation
from tests.path.wire import RETURNS


@pytest.fixture
def article() -> Article:
    article = Article.objects.create(
        external_id="returns", slug="returns", title="Returns", body=RETURNS, digest="x"
    )
    Passage.objects.create(article=article, revision=1, ordinal=0, text=RETURNS)
    return article


@pytest.fixture
def conversation() -> NewConversation:
    return IntakeService().open_conversation()
