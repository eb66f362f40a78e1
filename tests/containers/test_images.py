"""What images hold and containers may do."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest
from container_venue import ROOT, ContainerVenue, docker

pytestmark = pytest.mark.timeout(400)
PARTS = ("registrar", "backend", "device", "orchestrator")
IMPORTABLE = """
import importlib.util, json, sys
print(json.dumps([name for name in sys.argv[1:] if importlib.util.find_spec(name)]))
"""
WEB = ("starlette", "uvicorn", "httptools", "asyncpg")
REPORTS = ("fpdf", "segno", "PIL")
CAMERAS = ("cv2", "numpy", "zxingcpp", "serial")


@pytest.mark.parametrize(
    ("part", "holds"),
    [
        ("registrar", ()),
        ("backend", WEB),
        ("device", CAMERAS),
        ("orchestrator", REPORTS),
    ],
)
def test_an_image_holds_what_its_part_needs_and_no_more(
    venue: ContainerVenue, part: str, holds: tuple[str, ...]
) -> None:
    asked = (*WEB, *REPORTS, *CAMERAS)
    found = docker(
        *("run", "--rm", "--entrypoint", "python", f"gatedrill/{part}", "-c", IMPORTABLE, *asked)
    )
    assert set(json.loads(found)) == set(holds)


@pytest.mark.parametrize("part", PARTS)
def test_an_image_names_the_terms_of_all_that_is_in_it(venue: ContainerVenue, part: str) -> None:
    image = f"gatedrill/{part}"
    script = "cat /opt/*/THIRD-PARTY-NOTICES; ls -d /opt/*/lib/*/site-packages/*.dist-info"
    told = docker("run", "--rm", "--entrypoint", "sh", image, "-c", script)
    notices, *packages = told.split("/opt/")
    assert len(packages) > 10
    assert "typer" in notices
    for package in packages:
        name, _, version = package.split("/")[-1].strip().removesuffix(".dist-info").partition("-")
        assert f"{name} {version}:".lower().replace("-", "_") in notices.lower().replace("-", "_")


def test_containers_are_nobody_may_nothing_and_hold_no_secret(venue: ContainerVenue) -> None:
    each = "for file in /secrets/conductor/*; do cat $file; echo; done"
    code, secrets = venue.run("--entrypoint", "sh", "orchestrator", "-c", each)
    assert code == 0
    known = secrets.split()[:2]
    assert min(map(len, known)) > 20
    containers = docker("ps", "-q", "--filter", f"name={venue.project}").split()
    assert len(containers) == 13
    for container in containers:
        about = venue.inspect(container)
        host = about["HostConfig"]
        assert about["Config"]["User"] not in ("", "0", "root"), about["Name"]
        assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None)
        assert host["ReadonlyRootfs"]
        assert host["Init"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert not any(secret in json.dumps(about) for secret in known)


@pytest.mark.parametrize("part", PARTS)
def test_an_image_has_folders_for_secrets_and_nothing_in_them(
    venue: ContainerVenue, part: str
) -> None:
    look = ("--user", "0", "--entrypoint", "find", f"gatedrill/{part}", "/secrets", "-type")
    assert "/secrets/device" in docker("run", "--rm", *look, "d").split()
    assert docker("run", "--rm", *look, "f,l") == ""


def test_a_build_is_not_sent_what_is_secret_in_a_checkout(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    for name in (".env", "secrets/device/service-key", "drills/history.jsonl", "cli/code.py"):
        planted = tmp_path / name
        planted.parent.mkdir(parents=True, exist_ok=True)
        planted.touch()
    image = docker("build", "--quiet", str(tmp_path))
    try:
        container = docker("create", image, "nothing")
        docker("export", "--output", str(tmp_path / "sent.tar"), container)
        docker("rm", container)
    finally:
        docker("rmi", image)
    with tarfile.open(tmp_path / "sent.tar") as sent:
        names = set(sent.getnames())
    assert "cli/code.py" in names
    assert names.isdisjoint({".env", "secrets", "drills"})
