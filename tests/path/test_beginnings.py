"""What a model computes before anybody asks is what the first prompts begin with."""

import pytest
from django.db import transaction
from django.utils import timezone

from conversations import assembly
from conversations.dialogue import prompt
from conversations.dialogue.memory import Memory
from conversations.inference.scripted import ScriptedBackend
from conversations.models import Article, Citation, Message, Passage
from conversations.retrieval.types import ArticleHit, PassageHit
from conversations.services.beginnings import beginnings
from conversations.services.events import append_message, lock
from conversations.services.intake import IntakeService
from conversations.services.sources import gather

pytestmark = pytest.mark.django_db


def cited_article(name: str, *, times: int) -> Article:
    article = Article.objects.create(external_id=name, slug=name, title=name, body="x", digest=name)
    for ordinal in range(6):
        Passage.objects.create(
            article=article, revision=1, ordinal=ordinal, text=f"{name} sentence {ordinal}. " * 9
        )
    for _ in range(times):
        opened = IntakeService().open_conversation()
        with transaction.atomic():
            said = append_message(
                conversation=lock(opened.id),
                author=Message.Author.ASSISTANT,
                text="So it is.",
                now=timezone.now(),
            )
        Citation.objects.create(
            message=said, number=1, article=article, revision=1, title=name, url=""
        )
    return article


def test_the_articles_that_are_asked_for_most_come_first() -> None:
    cited_article("Delivery", times=1)
    cited_article("Returns", times=3)
    cited_article("Gift cards", times=0)
    instructions, first, second = [m.content for (m,) in beginnings(company="A", articles=True)]
    assert "<article" not in instructions
    assert 'title="Returns"' in first
    assert 'title="Delivery"' in second


def test_a_prompt_on_the_article_begins_with_it_whatever_passage_was_found() -> None:
    article = cited_article("Returns", times=1)
    *_, (warmed,) = beginnings(company="A", articles=True)
    last = article.passages.get(ordinal=5).pk
    found = PassageHit(
        last, article.pk, "Returns", 1, "Returns", "", "", "body", "x", 1.0, 1.0, 1.0
    )
    hit = ArticleHit(article.pk, "Returns", 1, "Returns", "/returns", 1.0, (found,))
    read = [prompt.PromptPassage(one.number, one.title, one.text) for one in gather([hit]).sources]
    asked, *_ = prompt.build(company="A", passages=read, memory=Memory(question="How?"))
    begins = warmed.content.partition("sentence 1")[0]
    assert "sentence 0" in begins
    assert asked.content.startswith(begins)


def test_a_worker_tells_its_models_and_a_small_one_only_the_instructions() -> None:
    cited_article("Returns", times=1)
    large, small = ScriptedBackend(name="gpu"), ScriptedBackend(name="cpu")
    assembly.use_backends(lambda: [large, small])
    try:
        assembly.warm_prompts()
    finally:
        assembly.use_backends(tuple)
    assert len(large.warmed) == 2
    assert len(small.warmed) == 1
    assert large.warmed[0] == small.warmed[0]
