"""Rendered manifests, and the tools of deploy/validation/run.sh where they are installed."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal import conf

TOOLS = conf.ROOT / "var" / "deploy-tools"
OVERLAYS = ("trial", "small", "medium", "large", "rest")
#: What no overlay has: components for some installations only.
REST = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../small]
components: [../../components/remote, ../../components/tracing]
images: [{name: portal-worker-cpu, newName: registry.example.com/worker-cpu, newTag: 0.1.0}]
"""


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a tool on PATH or in var/deploy-tools; without it the test is skipped."""

    def find(name: str) -> str:
        places = [os.environ["PATH"], str(TOOLS / "venv" / "bin")]
        found = shutil.which(name, path=os.pathsep.join(places))
        if found is None:
            pytest.skip(f"{name} is not installed; deploy/validation/run.sh fetches what it can.")
        return found

    return find


@pytest.fixture(scope="session")
def rendered(
    tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Each overlay as `kubectl kustomize` renders it."""
    folder = tmp_path_factory.mktemp("rendered")
    deploy = shutil.copytree(conf.ROOT / "deploy", folder / "deploy")
    rest = deploy / "kubernetes" / "overlays" / "rest"
    rest.mkdir()
    (rest / "kustomization.yaml").write_text(REST)
    files = {}
    for overlay in OVERLAYS:
        source = deploy / "kubernetes" / "overlays" / overlay
        done = subprocess.run(
            [tool("kubectl"), "kustomize", str(source)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        files[overlay] = folder / f"{overlay}.yaml"
        files[overlay].write_text(done.stdout)
    return files


@pytest.fixture(scope="session")
def objects(rendered: dict[str, Path]) -> dict[str, list[dict[str, Any]]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {
        overlay: list(yaml.load_all(path.read_text(), loader)) for overlay, path in rendered.items()
    }
