"""The worker processes that registered. Their rows say who is missed; locks say who is dead."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkerProcess(models.Model):
    """One worker process, alive for as long as its database session holds its advisory lock.

    `seen_at` is written twice a second (the database's clock): a process that holds its lock and
    is not heard is paused or starved. `silent` says that this was noticed.
    """

    name = models.CharField(_("name"), max_length=120, primary_key=True)
    queue = models.CharField(_("queue"), max_length=40)
    lock_key = models.IntegerField()
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last heard"))
    silent = models.BooleanField(_("silent"), default=False)

    class Meta:
        verbose_name = _("worker process")
        verbose_name_plural = _("worker processes")
        ordering: ClassVar = ["queue", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lock_key"], name="worker_lock_key_unique"),
        ]

    def __str__(self) -> str:
        return self.name
