"""The Kubernetes manifests, read; and what would be wrong with them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from typer.core import TyperGroup
from typer.main import get_command

from gatedrill.cli.main import app

FOLDER = Path(__file__).parents[1] / "deploy" / "kubernetes"
KUSTOMIZATION = "kustomization.yaml"

Manifest = dict[str, Any]
"""One document, as YAML has it."""


def documents() -> dict[str, Manifest]:
    """Everything that a cluster would be given, by file, kind and name."""
    found = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        if file.name != KUSTOMIZATION:
            for each in yaml.safe_load_all(file.read_text(encoding="utf-8")):
                name = each["metadata"].get("name", "")
                found[f"{file.name}: {each['kind']} {name}".strip()] = each
    return found


def pods() -> dict[str, Manifest]:
    """The specification of every sort of pod, by its label `app`."""
    templates = [each["spec"]["template"] for each in documents().values() if _makes_pods(each)]
    return {each["metadata"]["labels"]["app"]: each["spec"] for each in templates}


def _makes_pods(document: Manifest) -> bool:
    return document["kind"] in ("Deployment", "StatefulSet", "Job")


def weaknesses(pod: Manifest) -> Iterator[str]:
    """What a pod is allowed or could take that it needs not."""
    security = pod.get("securityContext", {})
    if pod.get("automountServiceAccountToken") is not False:
        yield "it may speak with the cluster"
    if not security.get("runAsNonRoot") or not security.get("runAsUser"):
        yield "it may be root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "it may use every system call"
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        yield from _container_weaknesses(container)


def _container_weaknesses(container: Manifest) -> Iterator[str]:
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False:
        yield "it may gain privileges"
    if not security.get("readOnlyRootFilesystem"):
        yield "it may write to its image"
    if security.get("capabilities") != {"drop": ["ALL"]}:
        yield "it has capabilities"
    resources = container.get("resources", {})
    if "memory" not in resources.get("limits", {}) or set(resources.get("requests", {})) != {
        "cpu",
        "memory",
    }:
        yield "nobody knows what it needs"


def check_arguments(arguments: list[str]) -> None:
    """Have our command line read these, without running them; TyperException if it cannot."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    command = group.commands[arguments[0]]
    command.make_context(arguments[0], arguments[1:])


def variables(container: Manifest) -> dict[str, str]:
    """The environment of a container, as far as it stands in the manifest."""
    return {each["name"]: each.get("value", "") for each in container.get("env", ())}
