"""PhrasingService: what reviewers find an article to answer is searched like its own phrasings.

A verdict says which article a question belongs to; the same question in nearly the same words is
the likeliest to come again. Only words that mean the same in any conversation and hold nothing
personal are taken, and only by a reviewer's word, never by a customer's.
"""

from django.db import transaction

from conversations.dialogue.sameness import asked, stands_alone
from conversations.models import Article, LearntPhrasing, Review, Turn
from conversations.retrieval import passages, statistics
from portal.core.service import BaseService

#: Of one article; more would outweigh what it says itself.
MOST = 60
SEVERAL = "several"  # questions in one turn: whose words they are is not known


class PhrasingService(BaseService):
    name = "phrasings"

    def settle(self, *, turn: Turn) -> bool:
        """Make what was learnt from a turn fit its last verdict. True: search has changed.

        To be called inside the verdict's transaction.
        """
        review = turn.reviews.order_by("-updated_at", "-pk").first()
        wanted = _article_of(turn, review)
        known = LearntPhrasing.objects.filter(turn=turn).first()
        if known is not None and known.article_id == wanted:
            return False
        forgotten = self.forget(phrasings=[known]) if known is not None else 0
        history = turn.question.conversation.messages.filter(seq__lt=turn.question.seq).exists()
        learnt = wanted is not None and self.learn(
            article_id=wanted, question=turn.question.text, history=history, turn=turn
        )
        return bool(forgotten) or learnt

    def learn(
        self, *, article_id: int, question: str, history: bool, turn: Turn | None = None
    ) -> bool:
        """Take a question's words for an article. False: they say too little by themselves, hold
        something personal, are known already, or the article has enough or is not published."""
        one = asked(question)
        if one is None or not stands_alone(question, history=history):
            return False
        with self.operation("learn", article=article_id), transaction.atomic():
            article = Article.objects.select_for_update().published().filter(pk=article_id).first()
            if article is None or article.learnt.count() >= MOST or _knows(article, one.text):
                return False
            LearntPhrasing.objects.create(article=article, text=one.text, turn=turn)
            passages.add_phrasing(article=article, text=one.text)
            statistics.bump_version()
        return True

    def forget(self, *, phrasings: list[LearntPhrasing]) -> int:
        """Take learnt phrasings out of search. Returns how many."""
        with self.operation("forget", count=len(phrasings)), transaction.atomic():
            ids = {phrasing.article_id for phrasing in phrasings}
            list(Article.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
            for phrasing in phrasings:
                phrasing.delete()
                passages.remove_phrasing(article_id=phrasing.article_id, text=phrasing.text)
            if phrasings:
                statistics.bump_version()
        return len(phrasings)


def _article_of(turn: Turn, review: Review | None) -> int | None:
    """The article that the verdict says the question belongs to."""
    if review is None or review.verdict == Review.Verdict.SHOULD_ESCALATE:
        return None
    if review.right_article_id is not None:
        return review.right_article_id
    answered = turn.decision == Turn.Decision.ANSWER and turn.reason != SEVERAL
    if review.verdict != Review.Verdict.RIGHT or not answered or turn.reply is None:
        return None
    first = turn.reply.citations.order_by("number").first()
    return first.article_id if first is not None else None


def _knows(article: Article, text: str) -> bool:
    known = {phrase.casefold() for phrase in (article.title, *article.asked_as)}
    return text.casefold() in known or article.learnt.filter(text__iexact=text).exists()
