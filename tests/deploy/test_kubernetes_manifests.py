"""The manifests hold against Kubernetes' own schemas and our command line; no cluster ran."""

import copy
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from manifests import FOLDER, KUSTOMIZATION, check_arguments, documents, pods, variables, weaknesses
from typer.exceptions import TyperException

from gatedrill.cli.environment import SECRETS
from gatedrill.cli.venue_secrets import make_secrets

DOCUMENTS = documents()
PODS = pods()
OURS = sorted(PODS.keys() - {"broker"})
CLI_DOCUMENT = (FOLDER.parents[1] / "docs" / "cli.md").read_text(encoding="utf-8")
NEWEST = kubernetes_validate.latest_version()


def kinds_of_policy(app: str) -> set[str]:
    """Whom the policies let this sort of pod call."""
    called = set()
    for each in DOCUMENTS.values():
        if each["kind"] == "NetworkPolicy" and app in selected(each["spec"]["podSelector"]):
            for rule in each["spec"].get("egress", ()):
                for peer in rule["to"]:
                    called |= selected(peer.get("podSelector", {}), otherwise="names")
    return called


def selected(selector: dict[str, Any], otherwise: str = "") -> set[str]:
    if "matchLabels" in selector:
        return {selector["matchLabels"]["app"]}
    expressions = selector.get("matchExpressions")
    return set(expressions[0]["values"]) if expressions else {otherwise}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_manifest_is_what_the_newest_kubernetes_knows(name: str) -> None:
    kubernetes_validate.validate(DOCUMENTS[name], NEWEST, strict=True)


@pytest.mark.parametrize(
    ("field", "value"), [("replica", 3), ("replicas", "ten"), ("selector", "app")]
)
def test_a_misspelt_field_or_a_wrong_type_is_found(field: str, value: object) -> None:
    wrong = copy.deepcopy(DOCUMENTS["gates.yaml: StatefulSet gate"])
    wrong["spec"][field] = value
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


@pytest.mark.parametrize("app", PODS)
def test_no_pod_may_do_more_than_it_needs(app: str) -> None:
    assert list(weaknesses(PODS[app])) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("automountServiceAccountToken",), True),
        (("securityContext", "runAsNonRoot"), False),
        (("securityContext", "seccompProfile"), {"type": "Unconfined"}),
        (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True),
        (("containers", 0, "securityContext", "readOnlyRootFilesystem"), False),
        (("containers", 0, "securityContext", "capabilities"), {"add": ["SYS_NICE"]}),
        (("containers", 0, "resources"), {}),
    ],
)
def test_a_pod_that_may_do_more_is_found(path: tuple[str | int, ...], value: object) -> None:
    weak: Any = copy.deepcopy(PODS["gate"])
    where = weak
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = value
    assert len(list(weaknesses(weak))) == 1


@pytest.mark.parametrize("app", OURS)
def test_the_images_are_ours_and_so_is_their_user(app: str) -> None:
    [container] = PODS[app]["containers"]
    images = {"gate": "gatedrill/device"}
    assert container["image"] == images.get(app, f"gatedrill/{app}")
    security = PODS[app]["securityContext"]
    assert [security[key] for key in ("runAsUser", "runAsGroup", "fsGroup")] == [10001] * 3


@pytest.mark.parametrize("app", OURS)
def test_what_a_container_is_started_with_is_what_our_command_line_takes(app: str) -> None:
    check_arguments(PODS[app]["containers"][0]["args"])


@pytest.mark.parametrize("mistake", ["--counts", "--count=many"])
def test_arguments_that_it_does_not_take_are_found(mistake: str) -> None:
    with pytest.raises(TyperException):
        check_arguments([*PODS["gate"]["containers"][0]["args"], mistake])


@pytest.mark.parametrize("app", OURS)
def test_the_variables_of_a_container_are_documented(app: str) -> None:
    documented = set(re.findall(r"(?m)^\| `([A-Z_]+)` \|", CLI_DOCUMENT))
    documented |= {f"{name}_FILE" for name in SECRETS}
    [container] = PODS[app]["containers"]
    used_in_arguments = set(re.findall(r"\$\((\w+)\)", " ".join(container["args"])))
    assert variables(container).keys() - used_in_arguments <= documented


@pytest.mark.parametrize("app", OURS)
def test_a_pod_is_given_the_files_that_gatedrill_secrets_makes_for_it_and_no_others(
    app: str, tmp_path: Path
) -> None:
    made = make_secrets(tmp_path)
    [container] = PODS[app]["containers"]
    secret = next(each["secret"] for each in PODS[app]["volumes"] if "secret" in each)
    role = secret["secretName"].removesuffix("-secrets")
    [mount] = [each for each in container["volumeMounts"] if each["name"] == "secrets"]
    assert mount["mountPath"] == f"/secrets/{role}"
    files = {value for name, value in variables(container).items() if name.endswith("_FILE")}
    files.discard(variables(container).get("GATEDRILL_ALIVE_FILE", ""))
    assert files <= {f"/secrets/{role}/{file}" for file in made[role]}
    assert files


def test_gates_may_call_the_broker_and_the_service_alone() -> None:
    assert kinds_of_policy("gate") == {"broker", "backend", "names"}
    assert kinds_of_policy("registrar") == {"broker", "names"}
    assert kinds_of_policy("broker") == kinds_of_policy("backend") == set()
    nobody = DOCUMENTS["network.yaml: NetworkPolicy nobody"]["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_everything_but_the_runs_is_applied_and_the_broker_has_its_own_configuration() -> None:
    kustomization = yaml.safe_load((FOLDER / KUSTOMIZATION).read_text(encoding="utf-8"))
    files = {file.name for file in FOLDER.glob("*.yaml")} - {KUSTOMIZATION, "run-race.yaml"}
    assert set(kustomization["resources"]) == {*files, "../../broker"}
    folder = FOLDER / "../../broker"
    [made] = yaml.safe_load((folder / KUSTOMIZATION).read_text())["configMapGenerator"]
    assert [each["configMap"] for each in PODS["broker"]["volumes"] if "configMap" in each] == [
        {"name": made["name"]}
    ]
    assert made["files"] == ["mosquitto.conf"]
    configuration = (folder / "mosquitto.conf").read_text(encoding="utf-8")
    mounted = [each["mountPath"] for each in PODS["broker"]["containers"][0]["volumeMounts"]]
    paths = re.findall(r"(?m)^\w+ (/mosquitto/[a-z]+)", configuration)
    assert set(paths) <= set(mounted)


def test_mosquitto_is_given_its_accounts_as_plain_files_since_2_1_follows_no_links(
    tmp_path: Path,
) -> None:
    [copying] = PODS["broker"]["initContainers"]
    volumes = {each["name"]: each for each in PODS["broker"]["volumes"]}
    source, target = copying["volumeMounts"]
    [read] = [
        each
        for each in PODS["broker"]["containers"][0]["volumeMounts"]
        if each["mountPath"] == "/mosquitto/accounts"
    ]
    assert "secret" in volumes[source["name"]]
    assert "emptyDir" in volumes[target["name"]]
    assert (read["name"], read["mountPath"]) == (target["name"], target["mountPath"])

    secret, copied = mounted_secret(tmp_path / "secret"), tmp_path / "copied"
    copied.mkdir()
    command = [
        each.replace(source["mountPath"], str(secret)).replace(target["mountPath"], str(copied))
        for each in copying["command"]
    ]
    for _ in range(2):  # a pod may do it again
        subprocess.run(command, check=True)
    files = {file.name: file for file in copied.iterdir()}
    assert files.keys() == {"passwords", "access"}
    assert not any(file.is_symlink() for file in files.values())
    assert files["access"].read_text() == "what access holds"


def mounted_secret(folder: Path) -> Path:
    """A Secret's files as Kubernetes mounts them."""
    (folder / "..2026").mkdir(parents=True)
    (folder / "..data").symlink_to("..2026")
    for name in ("passwords", "access"):
        (folder / "..2026" / name).write_text(f"what {name} holds")
        (folder / "..2026" / name).chmod(0o440)
        (folder / name).symlink_to(f"..data/{name}")
    return folder
