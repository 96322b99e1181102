"""A process that holds no model never loads what models need: that is half a gigabyte."""

import subprocess
import sys

import pytest

from portal import conf

HEAVY = ("torch", "transformers", "sentence_transformers", "bitsandbytes", "accelerate", "gguf")
PROBE = """
import sys
import django
django.setup()
import {module}
print(*sorted(set({heavy!r}) & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "module",
    ["portal.asgi", "portal.urls", "portal.celery", "portal.management.commands.run"],
)
def test_importing_a_process_without_a_model_loads_no_model_library(module: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module, heavy=HEAVY)],
        capture_output=True,
        text=True,
        check=False,
        cwd=conf.ROOT,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []
