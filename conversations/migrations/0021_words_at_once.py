"""Words of an article go into the index at once, not into a list beside it.

A search looks each of its words up; without this each look-up reads the list of what was written
last from beginning to end, until the database tidies up.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversations", "0020_sealed_second_factor")]

    operations = [
        migrations.RemoveIndex("article", "article_search_gin"),
        migrations.RemoveIndex("passage", "passage_search_gin"),
        migrations.AddIndex(
            "article", GinIndex(fields=["search"], fastupdate=False, name="article_search_gin")
        ),
        migrations.AddIndex(
            "passage", GinIndex(fields=["search"], fastupdate=False, name="passage_search_gin")
        ),
    ]
