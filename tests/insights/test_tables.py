"""Tables are drawn without a template: what anybody wrote stays text in them."""

from django.utils.safestring import SafeString

from insights.dashboards.blocks import Cell, Table

EVIL = '"><script>x</script>'


def test_a_name_that_somebody_chose_is_escaped_wherever_it_stands() -> None:
    row = (Cell(EVIL), Cell(EVIL), Cell(EVIL, link=f"/rows/?topic={EVIL}"), Cell("", bar=EVIL))
    body = Table(("a", "b", "c", "d"), (row,)).body
    assert "<script" not in body
    assert body.count("&lt;script&gt;") == 5
    assert 'href="/rows/?topic=&quot;&gt;' in body


def test_a_drawn_bar_and_the_shade_of_a_cell_are_kept() -> None:
    row = (Cell("8:00", number=False), Cell("3", heat=2), Cell("", bar=SafeString("<svg></svg>")))
    body = Table(("a", "b", "c"), (row,)).body
    assert '<th scope="row">8:00</th>' in body
    assert '<td class="number heat-2">3</td>' in body
    assert '<td class="bar-cell"><svg></svg></td>' in body
