"""The names of values that the record holds, for the grammar."""

from conversations.models import Article, Section
from insights.ask.reading import Vocabulary
from insights.models import ConversationFact, EscalationFact

MOST_ARTICLES = 500


def current() -> Vocabulary:
    """Topics by slug and title, channels, languages, people and teams by their names."""
    topics: dict[str, str] = {}
    for slug, title in Section.objects.values_list("slug", "title"):
        topics |= {slug: slug, slug.replace("-", " "): slug, title.lower(): slug}
    agents = _distinct("agent")
    short = {name.split(".")[-1].split("@")[0]: name for name in agents}
    articles = Article.objects.order_by("pk").values_list("title", "pk")[:MOST_ARTICLES]
    return Vocabulary(
        {
            "topic": topics,
            "agent": {**short, **{name: name for name in agents}},
            "team": {name.replace("-", " "): name for name in _distinct("team")},
            "channel": {},
            "article": {title.lower(): str(pk) for title, pk in articles if " " in title},
        }
    )


def _distinct(column: str) -> list[str]:
    found = EscalationFact.objects.exclude(**{column: ""}).order_by(column)
    return list(found.values_list(column, flat=True).distinct()[:200])


def has_history() -> bool:
    """Whether anything has been counted yet."""
    return ConversationFact.objects.exists()
