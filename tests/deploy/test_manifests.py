"""What is rendered for Kubernetes: restricted, connected only where named, in step with limits."""

import re
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from portal import conf, limits
from tests.deploy.conftest import OVERLAYS

Objects = dict[str, list[dict[str, Any]]]
PODS = ("Deployment", "StatefulSet", "Job", "CronJob")
#: Read by others than Portal.
FOREIGN = {
    "POSTGRES_USER", "POSTGRES_DB", "PGDATA", "POSTGRES_PASSWORD",
    "HF_HUB_OFFLINE", "HF_HOME", "HF_TOKEN", "OMP_NUM_THREADS",
}  # fmt: skip


def pods(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """kind/name -> pod specification, of everything that runs."""
    specs = {}
    for item in found:
        if item["kind"] in PODS:
            spec = (
                item["spec"]["jobTemplate"]["spec"] if item["kind"] == "CronJob" else item["spec"]
            )
            specs[f"{item['kind']}/{item['metadata']['name']}"] = spec["template"]
    return specs


def of_kind(found: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item for item in found if item["kind"] == kind}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_restricted_and_writes_to_its_volumes_only(
    objects: Objects, overlay: str
) -> None:
    for name, template in pods(objects[overlay]).items():
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert "serviceAccountName" in spec, name
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert {"requests", "limits"} <= set(container["resources"]), name
            assert "memory" in container["resources"]["limits"], name
        assert not any("hostPath" in volume for volume in spec["volumes"]), name
    labels = of_kind(objects[overlay], "Namespace")["portal"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_that_serves_has_three_probes(objects: Objects, overlay: str) -> None:
    for name, template in pods(objects[overlay]).items():
        if name.startswith(("Deployment", "StatefulSet")):
            container = template["spec"]["containers"][0]
            probes = {"startupProbe", "readinessProbe", "livenessProbe"}
            assert probes <= set(container), name


def test_pods_get_the_time_that_the_limits_promise(objects: Objects) -> None:
    specs = {name: template["spec"] for name, template in pods(objects["large"]).items()}
    web = specs["Deployment/portal-web"]
    pause = int(web["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert web["terminationGracePeriodSeconds"] > pause + limits.DRAIN
    for kind in ("cpu", "gpu", "default"):
        grace = specs[f"Deployment/portal-worker-{kind}"]["terminationGracePeriodSeconds"]
        assert grace > limits.DEADLINE
        assert grace >= limits.GRACE
    ingress = of_kind(objects["large"], "Ingress")["portal"]["metadata"]["annotations"]
    timeout = int(ingress["nginx.ingress.kubernetes.io/proxy-read-timeout"])
    assert timeout > 2 * limits.PING


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_is_a_setting_that_portal_reads(objects: Objects, overlay: str) -> None:
    known = {field.metadata["env"] for field in fields(conf.Config)} | FOREIGN
    named = set()
    for template in pods(objects[overlay]).values():
        for container in template["spec"]["containers"]:
            named |= {item["name"] for item in container.get("env", [])}
    for name, item in of_kind(objects[overlay], "ConfigMap").items():
        if name.startswith("portal-config"):
            named |= set(item["data"])
    for item in of_kind(objects[overlay], "Secret").values():
        named |= set(item["data"])
    assert named - known == set()


@pytest.mark.parametrize("overlay", ["small", "medium", "large", "rest"])
def test_no_secret_is_in_the_manifests(objects: Objects, overlay: str) -> None:
    assert of_kind(objects[overlay], "Secret") == {}
    for name, template in pods(objects[overlay]).items():
        for container in template["spec"]["containers"]:
            for item in container.get("env", []):
                secret = re.search(r"PASSWORD|SECRET|TOKEN|_URL", item["name"])
                assert not (secret and "value" in item), f"{name}: {item['name']}"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_network_denies_what_no_policy_names(objects: Objects, overlay: str) -> None:
    policies = of_kind(objects[overlay], "NetworkPolicy")
    assert policies["deny-all"]["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    outside = [
        (name, block["ipBlock"])
        for name, policy in policies.items()
        for rule in policy["spec"].get("egress", [])
        for block in rule.get("to", [])
        if block.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
    ]
    assert [name for name, _ in outside] in ([], ["gpu-model-from-hub"])
    assert all("10.0.0.0/8" in block["except"] for _, block in outside)
    for policy in policies.values():
        for rule in policy["spec"].get("ingress", []):
            assert rule["from"], "an empty list would let in everybody"
            assert rule["ports"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_and_targets_find_what_they_name(objects: Objects, overlay: str) -> None:
    found = objects[overlay]
    labels = [template["metadata"]["labels"] for template in pods(found).values()]
    deployments = of_kind(found, "Deployment")
    for kind in ("Service", "PodDisruptionBudget"):
        for name, item in of_kind(found, kind).items():
            selector = item["spec"]["selector"].get("matchLabels", item["spec"]["selector"])
            assert any(selector.items() <= have.items() for have in labels), f"{kind} {name}"
    for name, item in of_kind(found, "ScaledObject").items():
        target = deployments[item["spec"]["scaleTargetRef"]["name"]]
        assert "replicas" not in target["spec"], f"{name}: KEDA and the manifest would fight"
        assert item["spec"]["minReplicaCount"] >= 1
    claims = set(of_kind(found, "PersistentVolumeClaim"))
    accounts = set(of_kind(found, "ServiceAccount"))
    for name, template in pods(found).items():
        assert template["spec"]["serviceAccountName"] in accounts, name
        for volume in template["spec"]["volumes"]:
            if claim := volume.get("persistentVolumeClaim"):
                assert claim["claimName"] in claims, name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_have_a_registry_and_a_release(objects: Objects, overlay: str) -> None:
    for name, template in pods(objects[overlay]).items():
        for container in template["spec"]["containers"]:
            image, _, tag = container["image"].rpartition(":")
            assert "/" in image or image == "redis", (
                f"{name} has the placeholder {container['image']}"
            )
            assert tag not in ("", "latest"), name


def test_workers_are_scaled_on_turns_never_on_their_processors(objects: Objects) -> None:
    for name, item in of_kind(objects["large"], "ScaledObject").items():
        triggers = {
            trigger["name"]: trigger for trigger in item["spec"]["triggers"] if "name" in trigger
        }
        if name == "portal-web":
            assert "portal_sockets" in triggers["sockets"]["metadata"]["query"]
            continue
        assert all(trigger["type"] == "prometheus" for trigger in item["spec"]["triggers"])
        assert "portal:turn_demand" in triggers["demand"]["metadata"]["query"]
        if name != "portal-worker-default":
            assert "portal:workers_for_wait" in triggers["wait"]["metadata"]["query"]
        assert item["spec"]["fallback"]["replicas"] >= item["spec"]["minReplicaCount"]


def test_gpu_workers_go_to_gpu_nodes_one_to_a_gpu(objects: Objects) -> None:
    spec = pods(objects["large"])["Deployment/portal-worker-gpu"]["spec"]
    assert spec["nodeSelector"]
    assert any(item["key"] == "nvidia.com/gpu" for item in spec["tolerations"])
    resources = spec["containers"][0]["resources"]
    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] == 1
    strategy = of_kind(objects["large"], "Deployment")["portal-worker-gpu"]["spec"]["strategy"]
    assert strategy["rollingUpdate"]["maxSurge"] == 0


def test_the_overlay_that_the_document_shows_renders(
    tool: Callable[[str], str], tmp_path: Path
) -> None:
    page = (conf.ROOT / "docs" / "operations.md").read_text()
    block = page.partition("    # mine/kustomization.yaml\n")[2].partition("\n\n")[0]
    text = textwrap.dedent(block).replace("../portal/deploy", "../deploy")
    shutil.copytree(conf.ROOT / "deploy" / "kubernetes", tmp_path / "deploy" / "kubernetes")
    shutil.copytree(conf.ROOT / "deploy" / "monitoring", tmp_path / "deploy" / "monitoring")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(text)
    done = subprocess.run(
        [tool("kubectl"), "kustomize", str(tmp_path / "mine")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "PORTAL_COMPANY: Shop" in done.stdout
    assert "support.example.com" not in done.stdout
    assert "registry.example.com" not in done.stdout
