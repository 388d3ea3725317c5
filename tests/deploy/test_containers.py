"""The container's and the cluster's files: what can be known of them without running them."""

from __future__ import annotations

import re
import shlex
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from sso_bridge.config import Settings, load
from sso_bridge.config.safety import safe_to_serve
from sso_bridge.soap.contract import PATH

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
SECRETS: Final = "/run/secrets/sso-bridge"
CONTENTS: Final = {
    "ledger-url": "postgresql://10.0.0.5/erids",
    "shop-url": "postgresql://10.0.0.5/shop",
    "caller-password": "a long and dull caller password",
    "redis-url": "redis://10.0.0.6",
    "throttle-key": "0123456789abcdefghijklmnopqrstuvwxyz-ABC",
}


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    """The objects of the manifest by their kind."""
    text = (DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")
    found = list(yaml.safe_load_all(text))
    assert len({one["kind"] for one in found}) == len(found)
    return {one["kind"]: one for one in found}


@pytest.fixture(scope="module")
def pod(objects: dict[str, Any]) -> dict[str, Any]:
    return dict(objects["Deployment"]["spec"]["template"]["spec"])


@pytest.fixture(scope="module")
def container(pod: dict[str, Any]) -> dict[str, Any]:
    (found,) = pod["containers"]
    return dict(found)


@pytest.fixture
def settings(objects: dict[str, Any], tmp_path: Path) -> Settings:
    """Those of the manifest; its secrets are files in a folder of the test's."""
    text = objects["ConfigMap"]["data"]["bridge.toml"].replace(SECRETS, str(tmp_path))
    for name in re.findall(rf"{tmp_path}/([\w-]+)", text):
        (tmp_path / name).write_text(CONTENTS[name])
    config = tmp_path / "bridge.toml"
    config.write_text(text)
    return load(config)[0]


def test_the_configuration_of_the_pods_is_one_that_is_served(settings: Settings) -> None:
    safe_to_serve(settings)


def test_its_secrets_are_those_that_the_command_makes() -> None:
    text = (DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")
    assert sorted(re.findall(r"--from-file=([\w-]+)", text)) == sorted(CONTENTS)
    assert sorted(re.findall(rf"{SECRETS}/([\w-]+)", text)) == sorted(CONTENTS)


def test_labels_select_the_pods(objects: dict[str, Any]) -> None:
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert objects["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert objects["Service"]["spec"]["selector"] == labels
    assert objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels


def test_ports_agree(
    objects: dict[str, Any], container: dict[str, Any], settings: Settings
) -> None:
    (port,) = container["ports"]
    assert port["containerPort"] == settings.server.port
    (service,) = objects["Service"]["spec"]["ports"]
    assert (service["port"], service["targetPort"]) == (settings.server.port, port["name"])
    (rule,) = objects["Ingress"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == (PATH, "Exact")
    assert path["backend"]["service"] == {"name": "sso-bridge", "port": {"name": service["name"]}}
    assert settings.server.public_url == f"https://{rule['host']}{PATH}"


def test_a_pod_has_the_time_to_answer_before_it_ends(
    pod: dict[str, Any], container: dict[str, Any], settings: Settings
) -> None:
    (_, seconds) = container["lifecycle"]["preStop"]["exec"]["command"]
    needed = float(seconds) + settings.server.stop_seconds
    assert pod["terminationGracePeriodSeconds"] > needed


def test_probes_ask_what_is_served_and_wait_long_enough(
    container: dict[str, Any], settings: Settings
) -> None:
    for probe, path in (("startup", "live"), ("liveness", "live"), ("readiness", "ready")):
        assert container[f"{probe}Probe"]["httpGet"] == {"path": f"/health/{path}", "port": "http"}
    assert container["readinessProbe"]["timeoutSeconds"] > settings.server.call_seconds
    assert container["livenessProbe"]["timeoutSeconds"] >= 3 * settings.server.call_seconds


def test_a_pod_may_do_little(pod: dict[str, Any], container: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_every_volume_is_mounted_and_only_temporary_files_are_written(
    pod: dict[str, Any], container: dict[str, Any]
) -> None:
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
    assert [name for name, mount in mounts.items() if not mount.get("readOnly")] == ["tmp"]


def test_the_ingress_repeats_what_nginx_repeats(objects: dict[str, Any]) -> None:
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    prefix = "nginx.ingress.kubernetes.io/"
    for name, value in objects["Ingress"]["metadata"]["annotations"].items():
        directive = name.removeprefix(prefix).replace("-", "_")
        directive = {"proxy_body_size": "client_max_body_size"}.get(directive, directive)
        assert re.search(rf"^\s+{directive} {value}s?;$", nginx, re.MULTILINE), directive


def instructions(stage: int) -> list[tuple[str, str]]:
    """What the Containerfile says in a stage."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    starts = [n for n, line in enumerate(lines) if line.startswith("FROM ")] + [len(lines)]
    of_stage = lines[starts[stage] : starts[stage + 1]]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in of_stage)]


def test_the_image_is_run_by_whom_the_cluster_says(pod: dict[str, Any]) -> None:
    last = dict(instructions(1))
    context = pod["securityContext"]
    assert last["USER"] == f"{context['runAsUser']}:{context['runAsGroup']}"


def test_the_image_has_the_drivers_of_what_the_cluster_names() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    pinned = (DEPLOY / "constraints.txt").read_text(encoding="utf-8").lower()
    assert "-r deploy/constraints.txt" in dict(instructions(0))["RUN"]
    for extra in ("postgresql", "mariadb", "redis"):
        (name,) = re.findall(r"^([\w-]+)", config["options.extras_require"][extra], re.MULTILINE)
        assert f"\n{name.lower()}==" in pinned or f"\n{name.lower()}[binary]==" in pinned


def test_the_image_starts_the_server_and_its_check_is_a_program() -> None:
    last = dict(instructions(1))
    assert yaml.safe_load(last["ENTRYPOINT"]) == ["sso-bridge"]
    command, option, config = yaml.safe_load(last["CMD"])
    assert (command, option, config) == ("serve", "--config", "/etc/sso-bridge/bridge.toml")
    checked = last["HEALTHCHECK"].partition("CMD ")[2]
    python, flag, code = yaml.safe_load(checked)
    assert (python, flag) == ("python", "-c")
    compile(code, "health", "exec")
    assert shlex.split(last["STOPSIGNAL"]) == ["SIGTERM"]
