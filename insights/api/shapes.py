"""What goes in and out of the insights' addresses."""

from typing import Any

from rest_framework import serializers

from insights.measures import DIMENSIONS, MEASURES

_DAYS = r"^\d{4}-\d{2}-\d{2}/\d{4}-\d{2}-\d{2}$"
_PERIOD = "Days as start/end, the end not included: 2026-10-01/2026-11-01."


class DimensionShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()


class MeasureShape(serializers.Serializer[Any]):
    """One figure of the catalogue: what it counts and what it means."""

    key = serializers.CharField()
    name = serializers.CharField()
    meaning = serializers.CharField()
    formula = serializers.CharField()
    kind = serializers.CharField()
    unit = serializers.CharField()
    direction = serializers.CharField(help_text="Which way is better: up, down or none.")
    minimum = serializers.IntegerField(help_text="Rests on fewer: no value is given.")
    dimensions = DimensionShape(many=True)


class CatalogueShape(serializers.Serializer[Any]):
    """All measures, and up to when the record was read."""

    read_until = serializers.DateTimeField(allow_null=True)
    measures = MeasureShape(many=True)


class RowShape(serializers.Serializer[Any]):
    """One figure. `value` is null where it rests on too little."""

    key = serializers.CharField(help_text="The group's value; empty without a group.")
    name = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    text = serializers.CharField()
    counted = serializers.IntegerField()
    out_of = serializers.IntegerField()
    low = serializers.FloatField(allow_null=True, help_text="95 % bounds of a share.")
    high = serializers.FloatField(allow_null=True)
    before = serializers.CharField(help_text="The same of the period compared with.")
    change = serializers.CharField()
    link = serializers.CharField(help_text="The page with the rows behind it.")


class PlanShape(serializers.Serializer[Any]):
    """A figure's question in its one closed form."""

    measure = serializers.CharField()
    period = serializers.CharField(help_text=_PERIOD)
    compare = serializers.CharField(allow_null=True)
    filters = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    group = serializers.CharField(allow_null=True)
    why = serializers.BooleanField()
    order = serializers.CharField(allow_null=True)
    limit = serializers.IntegerField(allow_null=True)


class FigureShape(serializers.Serializer[Any]):
    """A figure with its sentence, its rows and the page that opens them."""

    plan = PlanShape()
    sentence = serializers.CharField()
    enough = serializers.BooleanField(help_text="False: it rests on too little to be given.")
    rows = RowShape(many=True)
    link = serializers.CharField()


class FigureQuery(serializers.Serializer[Any]):
    """A plan as parameters. A filter is a dimension's key; several values are joined by ~."""

    measure = serializers.ChoiceField([*MEASURES, "savings"])
    period = serializers.RegexField(_DAYS, max_length=40, help_text=_PERIOD)
    compare = serializers.RegexField(_DAYS, required=False, max_length=40, help_text=_PERIOD)
    group = serializers.ChoiceField(list(DIMENSIONS), required=False)
    order = serializers.ChoiceField(["asc", "desc"], required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=400)

    def get_fields(self) -> dict[str, Any]:
        filters = {
            key: serializers.CharField(
                required=False, max_length=3_000, help_text=f"Only this {item.name}."
            )
            for key, item in DIMENSIONS.items()
        }
        return {**super().get_fields(), **filters}


class QuestionInput(serializers.Serializer[Any]):
    question = serializers.CharField(max_length=300)
    previous = PlanShape(
        required=False, help_text="The plan of the answer before, for “and by topic?”."
    )


class AnswerShape(serializers.Serializer[Any]):
    """`answered` has a figure; `ask_back` has choices; `refused` says why in `text`."""

    outcome = serializers.ChoiceField(["answered", "ask_back", "refused"])
    text = serializers.CharField()
    figure = FigureShape(allow_null=True)
    choices = PlanShape(many=True)
    mended = serializers.DictField(
        child=serializers.CharField(), help_text="Words read as others: a slip of the pen."
    )
    unread = serializers.ListField(
        child=serializers.CharField(),
        help_text="Words that were not understood and left out; the plan says what was counted.",
    )


__all__ = [
    "AnswerShape",
    "CatalogueShape",
    "FigureQuery",
    "FigureShape",
    "QuestionInput",
]
