"""The demo help centre keeps its promises: complete articles, links that lead somewhere, questions
whose gold articles exist, and figures in the reference answers that the articles really state."""

import datetime
import json
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

DEMO = Path(__file__).resolve().parents[2] / "conversations" / "demo"
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
QUESTION_KEYS = {"id", "text", "gold", "expected", "history", "fold", "meta"}
LEAST_OF_A_KIND = {
    "plain": 60,
    "typo": 12,
    "terse": 12,
    "rambling": 12,
    "follow_up": 20,
    "several": 12,
    "ambiguous": 12,
    "none_near": 20,
    "none_far": 8,
    "account_specific": 8,
    "complaint": 5,
    "false_premise": 6,
}


@dataclass(frozen=True)
class Article:
    """One Markdown file: its place, its front matter and its text."""

    path: Path
    meta: dict[str, Any]
    body: str

    @property
    def phrasings(self) -> list[str]:
        return [self.meta["title"], *self.meta["asked_as"]]


@cache
def articles() -> dict[str, Article]:
    found = [_read(path) for path in sorted((DEMO / "articles").glob("*/*.md"))]
    return {article.path.stem: article for article in found}


@cache
def article_paths() -> list[Path]:
    return sorted((DEMO / "articles").rglob("*.md"))


@cache
def questions() -> list[dict[str, Any]]:
    lines = (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@cache
def sections() -> list[dict[str, str]]:
    content: list[dict[str, str]] = json.loads((DEMO / "sections.json").read_text(encoding="utf-8"))
    return content


def _read(path: Path) -> Article:
    match = FRONT_MATTER.match(path.read_text(encoding="utf-8"))
    assert match, f"{path.name} has no front matter"
    return Article(path=path, meta=yaml.safe_load(match[1]), body=match[2])


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _gold(question: dict[str, Any]) -> list[str]:
    return [] if question["gold"] == "none" else list(question["gold"])


@pytest.fixture(params=article_paths(), ids=lambda path: path.stem)
def article(request: pytest.FixtureRequest) -> Article:
    return _read(request.param)


def test_there_are_enough_articles_over_enough_sections() -> None:
    assert len(articles()) >= 60
    assert len({a.meta["section"] for a in articles().values()}) >= 8


def test_article_ids_are_unique_across_sections() -> None:
    counted = Counter(path.stem for path in article_paths())
    assert [stem for stem, count in counted.items() if count > 1] == []


def test_front_matter_is_complete_and_agrees_with_the_place_of_the_file(article: Article) -> None:
    assert set(article.meta) == {"id", "title", "section", "asked_as", "updated"}
    assert article.meta["id"] == article.path.stem
    assert article.meta["section"] == article.path.parent.name
    assert article.meta["title"].strip()
    assert type(article.meta["updated"]) is datetime.date


def test_every_article_names_many_different_phrasings(article: Article) -> None:
    assert 25 <= len(article.meta["asked_as"]) <= 32
    assert all(isinstance(phrase, str) for phrase in article.meta["asked_as"])
    assert len({_plain(phrase) for phrase in article.phrasings}) == len(article.phrasings)


def test_no_two_articles_share_a_phrasing() -> None:
    counted = Counter(_plain(p) for a in articles().values() for p in a.phrasings)
    assert [phrase for phrase, count in counted.items() if count > 1] == []


def test_every_article_has_a_readable_length(article: Article) -> None:
    assert 90 <= len(article.body.split()) <= 350


def test_every_link_leads_to_an_existing_article(article: Article) -> None:
    targets = LINK.findall(article.body)
    missing = [t for t in targets if not (article.path.parent / t).resolve().is_file()]
    assert targets, "an article without links leaves the reader stranded"
    assert missing == []


def test_no_article_links_to_itself(article: Article) -> None:
    linked = {(article.path.parent / t).resolve() for t in LINK.findall(article.body)}
    assert article.path.resolve() not in linked


def test_every_table_row_has_as_many_cells_as_its_head(article: Article) -> None:
    for table in re.findall(r"(?:^\|.*\|\n?)+", article.body, re.MULTILINE):
        assert len({row.count("|") for row in table.strip().splitlines()}) == 1, table


def test_sections_are_described_and_are_the_folders_on_disk() -> None:
    assert all(set(s) == {"slug", "title", "description"} for s in sections())
    slugs = [s["slug"] for s in sections()]
    assert sorted(slugs) == sorted({path.parent.name for path in article_paths()})
    assert len(slugs) == len(set(slugs))


def test_questions_have_the_agreed_form() -> None:
    for question in questions():
        assert set(question) == QUESTION_KEYS, question["id"]
        assert question["expected"] in {"answer", "clarify", "escalate"}
        assert question["gold"] == "none" or question["gold"]
        assert all(set(turn) == {"role", "text"} for turn in question["history"])
        assert all(turn["role"] in {"user", "agent"} for turn in question["history"])


def test_question_ids_and_texts_are_unique() -> None:
    assert len({q["id"] for q in questions()}) == len(questions())
    # "and for gift cards?" may be asked twice, after different histories.
    asked = Counter((_plain(q["text"]), json.dumps(q["history"])) for q in questions())
    assert [text for text, count in asked.items() if count > 1] == []


def test_folds_follow_from_the_ids() -> None:
    for question in questions():
        calibrates = zlib.crc32(question["id"].encode()) % 10 < 3
        assert question["fold"] == ("cal" if calibrates else "test")
    share = sum(q["fold"] == "cal" for q in questions()) / len(questions())
    assert 0.2 <= share <= 0.4


def test_every_gold_article_exists_and_every_article_is_asked_about() -> None:
    wanted = {gold for q in questions() for gold in _gold(q)}
    assert wanted - set(articles()) == set()
    assert set(articles()) - wanted == set()


def test_there_are_enough_questions_of_every_kind() -> None:
    kinds = Counter(q["meta"]["kind"] for q in questions())
    assert len(questions()) >= 150
    assert set(kinds) == set(LEAST_OF_A_KIND)
    assert {k: n for k, n in kinds.items() if n < LEAST_OF_A_KIND[k]} == {}


def test_three_to_four_fifths_of_the_questions_are_answerable() -> None:
    answerable = sum(q["expected"] == "answer" for q in questions()) / len(questions())
    assert 0.74 <= answerable <= 0.81


def test_what_is_expected_agrees_with_the_gold_articles() -> None:
    for question in questions():
        gold, expected = _gold(question), question["expected"]
        assert bool(gold) == (expected != "escalate"), question["id"]
        assert ("reference_answer" in question["meta"]) == (expected == "answer"), question["id"]


def test_ambiguous_questions_name_the_articles_that_compete() -> None:
    for question in questions():
        ambiguous = question["meta"]["kind"] == "ambiguous"
        assert ambiguous == (question["expected"] == "clarify"), question["id"]
        if ambiguous:
            assert question["meta"]["candidates"] == question["gold"]
            assert len(question["gold"]) >= 2


def test_questions_with_several_parts_have_several_gold_articles() -> None:
    several = [q for q in questions() if q["meta"]["kind"] == "several"]
    assert [q["id"] for q in several if len(_gold(q)) < 2] == []


def test_follow_ups_come_after_a_turn_of_each_side_and_nothing_else_has_history() -> None:
    for question in questions():
        roles = [turn["role"] for turn in question["history"]]
        follows = question["meta"]["kind"] == "follow_up"
        assert roles[-2:] == (["user", "agent"] if follows else []), question["id"]


def test_no_question_repeats_a_title_or_a_phrasing_of_an_article() -> None:
    phrasings = {_plain(p) for a in articles().values() for p in a.phrasings}
    assert [q["text"] for q in questions() if _plain(q["text"]) in phrasings] == []


def test_every_figure_in_a_reference_answer_stands_in_a_gold_article() -> None:
    for question in questions():
        stated = set(FIGURE.findall(" ".join(articles()[g].body for g in _gold(question))))
        promised = set(FIGURE.findall(question["meta"].get("reference_answer", "")))
        assert promised - stated == set(), (question["id"], question["text"])
