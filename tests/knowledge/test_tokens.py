"""Late interaction: each token of the question against the nearest of an article's passages."""

import numpy as np
import pytest
from django.core.management import call_command

from conversations.models import Passage
from conversations.retrieval import tokens
from conversations.retrieval.corpus import build_statistics
from conversations.retrieval.drafts import ArticleDraft
from conversations.retrieval.embedding import HashEmbedder, TokenReader, configured_embedder, read
from conversations.retrieval.embedding_minilm import MiniLMEmbedder, packaged_folder
from conversations.retrieval.ranking import settle, weigh
from conversations.retrieval.search import KnowledgeSearch
from conversations.retrieval.token_store import PassageTokens
from conversations.retrieval.tokens import Nearness, Tokens, nearness
from conversations.retrieval.types import PassageHit, SearchQuery
from conversations.services.knowledge import KnowledgeService


def states_of(text: str) -> Tokens:
    found = HashEmbedder().read([text])[1][0]
    assert found is not None
    return found


def test_a_word_that_no_passage_speaks_of_is_the_weakest() -> None:
    asked = states_of("how loud is the coffee machine").telling
    near = nearness(asked, [states_of("Descale your coffee machine").states])
    full = nearness(asked, [states_of("A loud coffee machine").states])
    assert near is not None and full is not None
    assert full.weakest == pytest.approx(1.0, abs=0.05)
    assert near.weakest < 0.8
    assert near.together < full.together


def test_two_passages_may_answer_together_what_neither_answers_alone() -> None:
    asked = states_of("loud machine").telling
    found = nearness(asked, [states_of("loud").states, states_of("machine").states])
    assert found is not None
    assert found.together == pytest.approx(1.0, abs=0.05)
    assert found.alone < found.together


@pytest.mark.parametrize("text", ["", "is it the", "?"])
def test_a_question_without_telling_words_is_not_compared(text: str) -> None:
    assert nearness(states_of(text).telling, [states_of("loud").states]) is None


def test_states_survive_their_bytes() -> None:
    states = states_of("a coffee machine").states
    assert np.array_equal(tokens.unpack(states.tobytes()), states)
    assert np.allclose(np.linalg.norm(states.astype(float), axis=1), tokens.SCALE, atol=3)


def test_minilm_tells_one_state_a_piece_and_the_same_vectors() -> None:
    model = MiniLMEmbedder(packaged_folder())
    texts = ["How loud is the Brygge?", "x", "the machine is noisy " * 100]
    vectors, found = model.read(texts)
    assert np.allclose(vectors, model.embed(texts), atol=1e-6)
    for own in found:
        assert own is not None
        assert own.states.shape == (len(own.pieces), tokens.SIZE)
    assert found[0] is not None and "##gg" in found[0].pieces


def test_minilm_finds_loud_nearer_to_noise_than_to_vinegar() -> None:
    model = MiniLMEmbedder(packaged_folder())
    _, (asked, noise, vinegar) = model.read(["is it loud", "the noise it makes", "use vinegar"])
    assert asked is not None and noise is not None and vinegar is not None
    near, far = (nearness(asked.telling, [text.states]) for text in (noise, vinegar))
    assert near is not None and far is not None
    assert near.alone > far.alone


def hit(number: int, title: str, cosine: float) -> PassageHit:
    return PassageHit(
        number, number, f"a{number}", 1, title, "", "", "body", title, cosine, None, 0.0
    )


def test_tokens_turn_two_articles_that_are_nearly_level() -> None:
    hits = [hit(1, "Descale", 0.51), hit(2, "Noise", 0.50), hit(3, "Vinegar", 0.1)]
    query = SearchQuery("loud")
    weighed = weigh(query, hits, build_statistics([]))
    near = {1: Nearness(0.3, 0.3, 0.3), 2: Nearness(0.8, 0.8, 0.8)}
    assert settle(query, weighed, {}).articles[0].external_id == "a1"
    found = settle(query, weighed, near)
    assert [article.external_id for article in found.articles] == ["a2", "a1", "a3"]
    assert found.signals["token_together"] == pytest.approx(0.8)


def test_a_model_without_tokens_is_searched_as_before() -> None:
    class Plain:
        name = "plain"

        def embed(self, texts: list[str]) -> object:
            return HashEmbedder().embed(texts)

    assert not isinstance(Plain(), TokenReader)
    vectors, found = read(Plain(), ["a", "b"])  # type: ignore[arg-type]
    assert len(vectors) == 2 and found == [None, None]


@pytest.mark.django_db
def test_passages_keep_their_tokens_and_lacking_ones_are_given_theirs() -> None:
    service = KnowledgeService(embedder=configured_embedder)
    draft = ArticleDraft("noise", "How loud are the machines?", "About 60 dB at one metre.")
    service.save_article(draft=draft)
    kept = dict(Passage.objects.values_list("pk", "tokens"))
    assert kept and all(kept.values())
    search = KnowledgeSearch(embedder=configured_embedder)
    before = search.search(SearchQuery("how loud is the machine")).signals
    assert before["token_together"] > 0.9

    Passage.objects.update(tokens=None)
    assert PassageTokens().read(list(kept)) == {}
    fresh = KnowledgeSearch(embedder=configured_embedder)
    estimate = fresh.search(SearchQuery("how loud is the machine")).signals["token_together"]
    assert estimate != before["token_together"]
    call_command("embed_articles", verbosity=0)
    assert dict(Passage.objects.values_list("pk", "tokens")) == kept
