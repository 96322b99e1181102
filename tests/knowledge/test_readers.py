"""Files as people have them: a bad row is named with its line, the rest is read."""

import json
from pathlib import Path

import pytest

from conversations.retrieval.drafts import ArticleDraft, RowError
from conversations.retrieval.readers import ArticleSource, UnreadableSource


def read(path: Path) -> tuple[list[ArticleDraft], list[str]]:
    rows = list(ArticleSource(path))
    drafts = [row for row in rows if isinstance(row, ArticleDraft)]
    return drafts, [str(row) for row in rows if isinstance(row, RowError)]


def line(**fields: object) -> bytes:
    return json.dumps({"id": "a", "title": "A", "body": "Text."} | fields).encode()


def test_json_lines_are_read_and_blank_lines_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "kb.jsonl"
    file.write_bytes(line(id=7, asked_as=["x", "x"], section="Returns") + b"\n\n" + line(id="b"))
    drafts, errors = read(file)
    assert [(d.external_id, d.asked_as, d.section) for d in drafts] == [
        ("7", ("x",), "Returns"),
        ("b", (), ""),
    ]
    assert errors == []


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b"{not json}", "not valid JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b"\xff\xfe{", "UTF-16"),
        (b'{"id": "x", "title": "caf\xe9", "body": "t"}', "not UTF-8"),
        (line(id=""), '"id" is missing'),
        (line(title="  "), '"title" is missing'),
        (line(body=" "), '"body" is empty'),
        (line(title="x" * 301), "301 characters"),
        (line(id="x" * 201), "201 characters"),
        (line(body="nul\x00nul"), "NUL"),
        (line(body=["list"]), "write it as text"),
        (line(asked_as="x" * 301), "301 characters"),
        (line(asked_as=[1]), "list of texts"),
        (line(url="javascript:alert(1)"), '"url" must begin'),
        (line(updated="last week"), "write a date"),
        (b'{"id": "x", "title": "\\ud800", "body": "t"}', "half a character"),
        (line(id="good"), "used before"),
        (b"[" * 100_000, "not valid JSON|nested"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_in(tmp_path: Path, bad: bytes, problem: str) -> None:
    file = tmp_path / "kb.jsonl"
    file.write_bytes(b"\n".join([line(id="good"), bad, line(id="last")]))
    drafts, errors = read(file)
    assert [draft.external_id for draft in drafts] == ["good", "last"]
    (error,) = errors
    assert error.startswith("kb.jsonl:2: ")
    assert any(part in error for part in problem.split("|"))


def test_csv_is_read_with_quotes_and_named_by_line(tmp_path: Path) -> None:
    file = tmp_path / "kb.csv"
    file.write_text(
        '\ufeffID,Title,Body\n1,A,"two\nlines, one cell"\n2,,b\n3,C,c,too many\n4,D,d\n'
    )
    drafts, errors = read(file)
    assert [(d.external_id, d.body) for d in drafts] == [("1", "two\nlines, one cell"), ("4", "d")]
    assert [error.split(": ")[0] for error in errors] == ["kb.csv:4", "kb.csv:5"]


def test_csv_with_semicolons_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "kb.csv"
    file.write_text("id;title;body\n1;A;a, b\n")
    assert read(file)[0][0].body == "a, b"


def test_csv_without_its_columns_says_which(tmp_path: Path) -> None:
    file = tmp_path / "kb.csv"
    file.write_text("number,text\n1,a\n")
    drafts, errors = read(file)
    assert drafts == []
    assert "lacks body, id, title" in errors[0]


def test_csv_in_another_encoding_names_the_row(tmp_path: Path) -> None:
    file = tmp_path / "kb.csv"
    file.write_bytes(b"id,title,body\n1,A,caf\xe9\n2,B,nul\x00\n3,C,c\n")
    drafts, errors = read(file)
    assert [draft.external_id for draft in drafts] == ["3"]
    assert "UTF-8" in errors[0]
    assert "NUL" in errors[1]


def test_a_folder_gives_titles_ids_and_sections(tmp_path: Path) -> None:
    files = {
        "content/Store/Front matter.md": "---\ntitle: 'Front: matter'\nid: 12\n---\nText.",
        "content/Store/deep/heading.md": "# From the heading\n\nText.",
        "content/Other/file-name_only.md": "Text.",
        "content/Other/broken.md": "---\ntitle: a: b\n---\nText.",
        "README.md": "About this repository",
        ".git/x.md": "hidden",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    drafts, errors = read(tmp_path)
    assert {(d.external_id, d.title, d.section) for d in drafts} == {
        ("12", "Front: matter", "Store"),
        ("content/Store/deep/heading", "From the heading", "Store"),
        ("content/Other/file-name_only", "File name only", "Other"),
    }
    assert errors[0].startswith("content/Other/broken.md:1: the front matter is not valid YAML")
    assert ArticleSource(tmp_path).skipped == ["README.md"]


def test_sections_come_from_the_file_beside(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.md").write_text("Text.")
    (tmp_path / "sections.json").write_text('[{"slug": "b", "title": "B"}]')
    assert [s.title for s in ArticleSource(tmp_path / "articles").sections()] == ["B"]
    (tmp_path / "sections.json").write_text('{"b": 1}')
    with pytest.raises(UnreadableSource, match=r"sections\.json"):
        ArticleSource(tmp_path / "articles").sections()


@pytest.mark.parametrize("name", ["missing.jsonl", "kb.docx", "empty"])
def test_what_cannot_be_read_at_all_says_why(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "kb.docx").write_bytes(b"PK")
    with pytest.raises(UnreadableSource, match=name.split(".")[0]):
        ArticleSource(tmp_path / name)
