"""Links between articles lead where the articles now are; HTML islands become Markdown."""

from conversations.retrieval.drafts import LinkTargets
from conversations.retrieval.markdown import from_html, rewrite_links, to_plain

TARGETS = LinkTargets(
    by_id={"13756849779228": "/help/track-your-order/", "late": "/help/late/"},
    by_path={"delivery/late.md": "/help/late/", "returns/start a return.md": "/help/start/"},
)


def resolved(link: str, path: str = "returns/costs.md") -> str | None:
    return TARGETS.resolve(link, path=path)


def test_a_relative_path_leads_to_the_article() -> None:
    assert resolved("../delivery/late.md") == "/help/late/"
    assert resolved("../delivery/late.md#costs") == "/help/late/"
    assert resolved("start%20a%20return.md") == "/help/start/"
    assert resolved("../delivery/late") == "/help/late/"


def test_an_address_that_names_an_articles_id_leads_to_the_article() -> None:
    old = "https://support.example.com/hc/en-us/articles/13756849779228"
    assert resolved(f"{old}-Track-your-order") == "/help/track-your-order/"
    assert resolved(old) == "/help/track-your-order/"
    assert resolved(f"{old}-Track#step-2") == "/help/track-your-order/"


def test_other_addresses_stay() -> None:
    for link in ("https://shop.example.com/a?b=c", "mailto:a@example.com", "#top", "/account/"):
        assert resolved(link) == link


def test_a_link_to_nowhere_keeps_its_words_only() -> None:
    assert resolved("../delivery/gone.md") is None
    assert resolved("javascript:alert(1)") is None
    assert rewrite_links("See [the costs](gone.md).", resolved) == "See the costs."


def test_pictures_go_or_become_links() -> None:
    assert rewrite_links("A ![button](img/b.png) here", resolved) == "A  here"
    shown = rewrite_links("![map](https://cdn.example.com/map.png)", resolved)
    assert shown == "[map](https://cdn.example.com/map.png)"


def test_code_is_never_touched() -> None:
    text = "`[a](gone.md)`\n\n```\n[a](gone.md) <br> <b>\n```"
    assert rewrite_links(from_html(text), resolved) == text


def test_reference_links_and_notes_are_put_right() -> None:
    text = "> [!WARNING]\n> Hot.\n\n[late]: ../delivery/late.md"
    assert rewrite_links(text, resolved) == "> **Warning**\n> Hot.\n\n[late]: /help/late/"


def test_html_becomes_markdown_and_placeholders_stay() -> None:
    text = (
        '<p>Use <kbd>Ctrl</kbd> and <a class="x" href="/a">this</a>,<br>on &lt;port&gt; <port>.</p>'
    )
    shown = from_html(text)
    assert "[this](/a)" in shown
    assert "`Ctrl`" in shown
    assert "<port>" in shown
    assert "<p>" not in shown


def test_html_tables_become_tables() -> None:
    shown = from_html("<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2|3</td></tr></table>")
    assert shown == "| A | B |\n| --- | --- |\n| 1 | 2\\|3 |"


def test_scripts_and_comments_go() -> None:
    shown = from_html("a<script>alert(1)</script>b<!-- secret -->c")
    assert shown == "abc"


def test_plain_words_have_no_markup() -> None:
    listed = "## Costs\n\n- **Free** over [50 euro](/x)\n- `3.95` below\n\n"
    assert (
        to_plain(f"{listed}| a | b |\n|---|---|\n| 1 | 2 |")
        == "Costs\n\nFree over 50 euro\n3.95 below\n\na, b\n1, 2"
    )


def test_words_with_underscores_stay_whole() -> None:
    assert to_plain("set my_own_name and _this_") == "set my_own_name and this"


def test_attributes_behind_links_and_headings_are_no_words() -> None:
    text = (
        '## Track {#track}\nSee [the shop](https://shop.example/){.link-external target="_blank"}.'
    )
    assert from_html(text) == "## Track\nSee [the shop](https://shop.example/)."
    assert from_html("Type {name} and {0}.") == "Type {name} and {0}."
