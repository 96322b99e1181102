"""An article becomes passages that search can find and a prompt can hold."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.retrieval.chunking import MOST_WORDS, Chunk, chunk, embedding_text


def bodies(text: str) -> list[Chunk]:
    return [piece for piece in chunk(title="T", body=text) if piece.kind == "body"]


def words(count: int, word: str = "word") -> str:
    return " ".join([word] * count)


def test_title_and_each_phrasing_are_passages_of_their_own() -> None:
    pieces = chunk(title="Returns", body="Send it back.", asked_as=["give back", " give back ", ""])
    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("title", "Returns"),
        ("asked_as", "give back"),
        ("body", "Send it back."),
    ]


def test_listed_phrasings_are_not_part_of_the_answer() -> None:
    text = "Customers ask this in words such as:\n- where is it\n- when does it come"
    pieces = chunk(title="T", body=text)
    assert [piece.text for piece in pieces if piece.kind == "asked_as"] == [
        "where is it",
        "when does it come",
    ]
    assert not [piece for piece in pieces if piece.kind == "body"]


def test_a_list_of_steps_is_the_answer() -> None:
    (only,) = bodies("Do this:\n\n1. Open the page.\n2. Press the button.")
    assert only.text == "Do this:\n\n1. Open the page.\n2. Press the button."
    assert only.plain == "Do this:\n\nOpen the page.\nPress the button."


def test_passages_do_not_cross_headings_and_carry_their_trail() -> None:
    found = bodies(
        "Intro.\n\n## Europe\nTwo days.\n\n### Islands\nFour days.\n\n## Asia\nTen days."
    )
    assert [(piece.heading, piece.text) for piece in found] == [
        ("", "Intro."),
        ("Europe", "Two days."),
        ("Europe › Islands", "Four days."),
        ("Asia", "Ten days."),
    ]


def test_underlined_headings_count_and_rules_do_not() -> None:
    found = bodies("Europe\n------\n\nTwo days.\n\n---\n\nMore.")
    assert [piece.heading for piece in found] == ["Europe"]
    assert "More." in found[0].text


def test_a_table_row_is_never_cut_and_its_header_is_repeated() -> None:
    rows = [f"| Country {n} | {words(20)} |" for n in range(30)]
    found = bodies("\n".join(["| Where | What |", "|---|---|", *rows]))
    assert len(found) > 3
    for piece in found:
        assert piece.text.startswith("| Where | What |\n|---|---|\n")
        assert all(line.endswith("|") for line in piece.text.splitlines())
    assert [row for row in rows if sum(row in piece.text for piece in found) != 1] == []


def test_a_list_item_is_never_cut() -> None:
    items = [f"- Item {n}: {words(40)}." for n in range(12)]
    found = bodies("\n".join(items))
    assert len(found) > 3
    assert [item for item in items if sum(item in piece.text for piece in found) != 1] == []


def test_what_is_indented_under_an_item_stays_with_it() -> None:
    (only,) = bodies("1. Open it.\n\n    > **Note**\n    > Mind the gap.\n\n1. Close it.")
    assert only.text.index("Mind the gap") < only.text.index("Close it")


def test_code_stays_whole_and_a_heading_inside_it_is_no_heading() -> None:
    (only,) = bodies("Run this:\n\n```\n# not a heading\nmake run\n```")
    assert only.heading == ""
    assert "# not a heading\nmake run" in only.text


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = " ".join(f"Sentence {n} has {words(15)}." for n in range(40))
    found = bodies(text)
    assert len(found) > 4
    assert all(piece.text.endswith(".") for piece in found)
    assert all(len(piece.text.split()) <= MOST_WORDS for piece in found[:-1])
    assert " ".join(piece.text for piece in found) == text


def test_an_empty_body_leaves_the_title() -> None:
    assert [piece.kind for piece in chunk(title="T", body=" \n\n ")] == ["title"]


def test_a_body_is_embedded_with_title_and_headings() -> None:
    text = embedding_text(title="Delivery", kind="body", heading="Asia", plain="Ten days.")
    assert text == "Delivery. Asia. Ten days."
    assert embedding_text(title="Delivery", kind="asked_as", heading="", plain="when") == "when"


@pytest.mark.parametrize(
    "unit", ["word ", "**a ", "[(", "| a | b |\n", "- x\n", "`", "# h\n\nt\n\n"]
)
def test_a_giant_of_anything_is_cut_in_seconds(unit: str) -> None:
    started = time.monotonic()
    chunk(title="T", body=unit * (400_000 // len(unit)))
    assert time.monotonic() - started < 30


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["One two three.", "## Head", "- item", "1. step", "| a | b |", "|---|---|", "", "```",
             "    indented", "> quote", "Title\n---", "[a](b)", "**bold**", words(200)]
        ),
        max_size=25,
    )
)  # fmt: skip
def test_no_word_of_prose_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    kept = " ".join(f"{piece.heading} {piece.text}" for piece in chunk(title="T", body=text))
    for token in ("item", "step", "quote", "indented", "bold"):
        assert kept.count(token) >= text.count(token)
