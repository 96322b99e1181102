"""The packaged model on disk, and the choice of a rung: no model library is loaded for either."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from conversations.inference import weights
from conversations.inference.backend import BackendUnavailable
from conversations.inference.registry import build_backend, choose_tier
from conversations.inference.weights import checked_folder, faults, prepare_default, write_manifest

#: Importing these, which web processes do, must not bring a model library along.
WEB_IMPORTS = """
import importlib, sys, django
django.setup()
for name in (
    "conversations.inference.backend", "conversations.inference.registry",
    "conversations.inference.scripted", "conversations.inference.extractive",
    "conversations.inference.engine", "conversations.inference.weights",
    "portal.asgi", "portal.celery", "portal.urls", "conversations.consumers",
    "conversations.tasks", "conversations.admin",
):
    importlib.import_module(name)
heavy = {"torch", "transformers", "bitsandbytes", "sentence_transformers"} & set(sys.modules)
sys.exit(f"loaded: {sorted(heavy)}" if heavy else 0)
"""


def test_what_a_web_process_imports_loads_no_model_library(
    service_environment: dict[str, str],
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WEB_IMPORTS],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=service_environment,
        cwd=settings.BASE_DIR,
    )
    assert done.returncode == 0, done.stderr


def small_folder(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"weights")
    write_manifest(path)
    return path


def test_a_changed_or_missing_file_is_named(tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "model")
    assert faults(folder) == []
    (folder / "model.safetensors").write_bytes(b"other")
    with pytest.raises(BackendUnavailable, match=r"damaged \(model.safetensors\)") as caught:
        checked_folder(folder)
    assert str(tmp_path) not in caught.value.reason
    (folder / "model.safetensors").unlink()
    assert faults(folder) == ["model.safetensors"]


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="prepare_model"):
        checked_folder(tmp_path / "nothing")


def test_a_damaged_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / weights.GGUF_NAME
    broken.write_bytes(b"not a model")
    monkeypatch.setattr(weights, "packaged_gguf", lambda: broken)
    with pytest.raises(BackendUnavailable, match="hash is wrong"):
        prepare_default(tmp_path, progress=False)
    assert not weights.default_folder(tmp_path).exists()


def test_a_crash_in_the_conversion_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "CONVERTER", f"{__name__}.crash")
    with pytest.raises(KeyboardInterrupt):
        prepare_default(tmp_path, progress=False)
    assert list((tmp_path / "models").iterdir()) == []


def crash(source: Path, target: Path, progress: bool) -> None:
    """A conversion that is interrupted after its first file."""
    (target / "config.json").write_text("{}")
    raise KeyboardInterrupt


def test_a_damaged_folder_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "CONVERTER", f"{__name__}.quick")
    folder = prepare_default(tmp_path, progress=False)
    (folder / "config.json").write_text("broken")
    assert faults(prepare_default(tmp_path, progress=False)) == []
    assert (folder.stat().st_mode & 0o777) == 0o755


def quick(source: Path, target: Path, progress: bool) -> None:
    """A conversion without a model."""
    (target / "config.json").write_text("{}")


def test_without_a_gpu_the_cpu_rung_serves() -> None:
    config = replace(settings.CONFIG, tier="auto")
    assert choose_tier(config) in {"cpu", "gpu"}
    assert choose_tier(replace(config, tier="scripted")) == "scripted"
    with pytest.raises(BackendUnavailable, match="PORTAL_TIER is 'tpu'"):
        choose_tier(replace(config, tier="tpu"))


def test_the_scripted_rung_needs_no_model() -> None:
    assert build_backend(replace(settings.CONFIG, tier="scripted")).name == "scripted"


@pytest.mark.model
def test_the_gpu_rung_says_what_it_is_missing() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(BackendUnavailable, match="needs a CUDA device"):
        build_backend(replace(settings.CONFIG, tier="gpu"))


@pytest.mark.model
def test_a_model_that_is_cut_off_gives_a_reason(tmp_path: Path, model_folder: Path) -> None:
    copy = tmp_path / "cut-off"
    shutil.copytree(model_folder, copy)
    whole = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(whole[:1_000_000])
    (copy / weights.MANIFEST).unlink()  # as a folder of the operator's own
    config = replace(settings.CONFIG, tier="cpu", cpu_model=str(copy))
    with pytest.raises(BackendUnavailable, match="cut-off cannot be loaded") as caught:
        build_backend(config)
    assert str(tmp_path) not in caught.value.reason
