"""Rules by which supervisors hand conversations to people, and which rule acted."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0017_passage_tokens"),
    ]

    operations = [
        migrations.CreateModel(
            name="EscalationRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="What agents read beside the conversation.",
                        max_length=80,
                        verbose_name="name",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=100, help_text="The lowest comes first.", verbose_name="position"
                    ),
                ),
                (
                    "active",
                    models.BooleanField(
                        default=False,
                        help_text="Save it without this tick first: the page then shows which messages fit.",
                        verbose_name="in force",
                    ),
                ),
                (
                    "words",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        blank=True,
                        default=list,
                        help_text="Comma separated; one of them is enough: lawyer, small claims, sue*. A star stands for any letters; case and accents do not matter.",
                        size=50,
                        verbose_name="words",
                    ),
                ),
                (
                    "topic",
                    models.CharField(
                        blank=True,
                        help_text="The shelf of the help centre from which the answer came.",
                        max_length=80,
                        verbose_name="topic",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        help_text="Its code: nl.",
                        max_length=12,
                        verbose_name="language",
                    ),
                ),
                (
                    "customer",
                    models.CharField(
                        blank=True,
                        help_text="An identity, an e-mail address, or all of a domain: @example.com.",
                        max_length=200,
                        verbose_name="customer",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="At least this, from 1 to 5. What is more urgent already stays so.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5),
                        ],
                        verbose_name="priority",
                    ),
                ),
                ("supervisor", models.BooleanField(default=False, verbose_name="ask a supervisor")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated")),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the team that has the topic.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="conversations.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "escalation rule",
                "verbose_name_plural": "escalation rules",
                "ordering": ["position", "id"],
            },
        ),
        migrations.AddField(
            model_name="escalation",
            name="rule",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="conversations.escalationrule",
                verbose_name="rule that acted",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("words", []), _negated=True),
                    models.Q(("topic", ""), _negated=True),
                    models.Q(("language", ""), _negated=True),
                    models.Q(("customer", ""), _negated=True),
                    _connector="OR",
                ),
                name="escalation_rule_has_a_condition",
            ),
        ),
        migrations.AddConstraint(
            model_name="escalationrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__gte", 1), ("priority__lte", 5)),
                name="escalation_rule_priority_in_range",
            ),
        ),
    ]
