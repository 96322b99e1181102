"""Plain words beside a passage's Markdown, a version of the knowledge, and vectors kept in the row.

A vector of 384 numbers is moved out of the row by default (it is stored "external"), which makes
each distance of a scan a second look-up; inside the row a scan of a small help centre is as fast as
an index.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0002_gapless"),
    ]

    operations = [
        migrations.AddField(
            model_name="passage",
            name="plain",
            field=models.TextField(default="", editable=False),
        ),
        migrations.CreateModel(
            name="KnowledgeState",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="knowledge_state_single_row"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE conversations_passage ALTER COLUMN embedding SET STORAGE PLAIN",
            "ALTER TABLE conversations_passage ALTER COLUMN embedding SET STORAGE EXTERNAL",
        ),
    ]
