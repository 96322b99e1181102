"""Hourly sums of the facts, and which hours of them have changed since."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from pgvector.django import SparseVectorField

from insights.measures.histogram import SIZE


class Rollup(models.Model):
    """The additive components of one hour (UTC), for one value of one dimension ("" = all)."""

    pk = models.CompositePrimaryKey("grain", "dimension", "hour", "value")
    grain = models.CharField(max_length=12)
    dimension = models.CharField(max_length=12)
    hour = models.DateTimeField()
    value = models.CharField(max_length=160)
    components = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return f"{self.grain} {self.dimension}={self.value} {self.hour:%Y-%m-%d %H}"


class Histogram(models.Model):
    """How the values of one distribution fall into buckets, in one hour, for one value of one
    dimension. `series` is the distribution's place in the catalogue. PostgreSQL adds them up."""

    pk = models.CompositePrimaryKey("grain", "series", "dimension", "hour", "value")
    grain = models.CharField(max_length=12)
    series = models.PositiveSmallIntegerField()
    dimension = models.CharField(max_length=12)
    hour = models.DateTimeField()
    value = models.CharField(max_length=160)
    counts = SparseVectorField(dimensions=SIZE)

    def __str__(self) -> str:
        return f"{self.grain} {self.series} {self.dimension}={self.value} {self.hour:%Y-%m-%d %H}"


class DirtyHour(models.Model):
    """An hour whose facts changed after its rollup. Written by a trigger (migration 0002)."""

    pk = models.CompositePrimaryKey("grain", "hour")
    grain = models.CharField(max_length=12)
    hour = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.grain} {self.hour:%Y-%m-%d %H}"


class InsightsState(models.Model):
    """One row: how far the ledger has read, and for which catalogue the rollups were made."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    read_until = models.DateTimeField(null=True)
    catalogue = models.CharField(max_length=64, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="insights_state_single_row"),
        ]

    def __str__(self) -> str:
        return str(self.read_until)
