"""This machine: disk, memory, model files, static files."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
from django.conf import settings

from conversations.inference import weights
from portal.doctor.finding import Finding, fault, warning, well

GIB = 1 << 30
LOW_DISK, FULL_DISK = 5 * GIB, GIB
LOW_MEMORY = GIB


def examine() -> Iterator[Finding]:
    yield disk(settings.CONFIG.var)
    yield memory(psutil.virtual_memory().available)
    yield model_files()
    yield static_files()


def disk(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free >= LOW_DISK:
        return well("disk", f"{free / GIB:.0f} GiB are free below the state folder.")
    make = fault if free < FULL_DISK else warning
    return make(
        "disk",
        f"{free / GIB:.1f} GiB are free below the state folder; when it is full, messages are "
        "refused.",
        "Free some, or move PORTAL_VAR. Old backups and logs are the first to look at.",
    )


def memory(available: int) -> Finding:
    if available < LOW_MEMORY:
        return warning(
            "memory",
            f"{available / GIB:.1f} GiB of memory are left; the kernel may kill a worker.",
            "Run the model worker elsewhere, or lower PORTAL_PREFIX_CACHE_MB.",
        )
    return well("memory", f"{available / GIB:.0f} GiB of memory are available.")


def model_files() -> Finding:
    config = settings.CONFIG
    if config.cpu_model:
        folder = Path(config.cpu_model)
        if not (folder / "config.json").is_file():
            return fault(
                "model.missing",
                "PORTAL_CPU_MODEL is no folder of a model (it has no config.json).",
                "Correct it, or unset it for the packaged model.",
            )
        wrong = weights.faults(folder) if (folder / weights.MANIFEST).is_file() else []
    else:
        folder = weights.default_folder(config.var)
        if not folder.is_dir():
            return warning(
                "model.missing",
                "The default model is not prepared on this machine.",
                "Where a model worker is to run: manage.py prepare_model.",
            )
        wrong = weights.faults(folder)
    if wrong:
        return fault(
            "model.damaged",
            f"Model files are missing or changed: {', '.join(wrong)}.",
            f"Remove {folder.name} below the models folder and run manage.py prepare_model.",
        )
    return well("model", f"The model {folder.name} is whole.")


def static_files() -> Finding:
    root = Path(settings.STATIC_ROOT)
    if not (root / "staticfiles.json").is_file():
        return warning(
            "static",
            "The static files were not collected: pages come without style where finders are off.",
            "Run manage.py collectstatic --no-input (manage.py run does it by itself).",
        )
    return well("static", "The static files are collected.")
