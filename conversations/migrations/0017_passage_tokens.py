"""Each passage keeps the states of its tokens, 32 bytes a token, beside its one vector.

Stored out of line and uncompressed: they are noise to a compressor, and most searches do not read
them. Passages that are there already get theirs from the next `embed_articles` or renewal.
"""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("conversations", "0016_agents_return")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="passage",
            name="tokens",
            field=models.BinaryField(editable=False, null=True),
        ),
        migrations.RunSQL(
            "ALTER TABLE conversations_passage ALTER COLUMN tokens SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
    ]
