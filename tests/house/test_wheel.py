"""A wheel built from the checkout holds all portions, whole, and none swallows another."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import CHECKOUT, PORTIONS

LICENSE = "dist-info/licenses/LICENSE"

# Imports every module of every portion and says what did not come from the folder that it is given.
PROBE = """
import importlib, pathlib, pkgutil, sys
import gatedrill
home = pathlib.Path(sys.argv[1]) / "gatedrill"
found = []
if gatedrill.__file__ is not None or list(gatedrill.__path__) != [str(home)]:
    found.append("gatedrill is no namespace")
for portion in sys.argv[2:]:
    try:
        package = importlib.import_module(f"gatedrill.{portion}")
    except ImportError as error:
        found.append(f"gatedrill.{portion} is not there: {error}")
        continue
    if list(package.__path__) != [str(home / portion)]:
        found.append(f"gatedrill.{portion} comes from {list(package.__path__)}")
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
for fault in found:
    print(fault)
"""


def files_of_the_portions(checkout: Path) -> set[str]:
    """What belongs in a wheel: every file of the portions, as `gatedrill/<portion>/...`."""
    return {
        path.relative_to(checkout / portion).as_posix()
        for portion in PORTIONS
        for path in (checkout / portion / "gatedrill").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def swallowing_files(checkout: Path) -> list[str]:
    """Files that would make one portion's `gatedrill` the only one."""
    return sorted(
        path.relative_to(checkout).as_posix() for path in checkout.glob("*/gatedrill/__init__.py")
    )


def faults_of_wheel(wheel: Path, expected: set[str]) -> list[str]:
    """What is missing in the wheel, and what should not be there."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packaged = {name for name in names if ".dist-info/" not in name}
    faults = [f"missing {name}" for name in expected - packaged]
    faults += [f"stray {name}" for name in packaged - expected]
    if not any(name.endswith(LICENSE) for name in names):
        faults.append("missing LICENSE")
    return sorted(faults)


def faults_of_installation(packages: Path) -> list[str]:
    """What is wrong with the gatedrill installed in `packages`."""
    # Without `site` nothing follows the .pth file that leads from the dependencies to the checkout.
    paths = [str(packages), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    finished = subprocess.run(
        [sys.executable, "-P", "-S", "-c", PROBE, packages, *PORTIONS],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_portions_hold_what_a_wheel_needs_beside_code() -> None:
    files = files_of_the_portions(CHECKOUT)
    assert {f"gatedrill/{portion}/py.typed" for portion in PORTIONS} <= files
    assert {f"gatedrill/{portion}/__init__.py" for portion in PORTIONS} <= files
    assert "gatedrill/fixtures/scenarios/race.toml" in files
    assert "gatedrill/fixtures/scenarios/scanner-burst.toml" in files


def test_a_wheel_holds_every_file_of_the_portions_and_nothing_else(wheel: Path) -> None:
    assert faults_of_wheel(wheel, files_of_the_portions(CHECKOUT)) == []


Tamper = Callable[[dict[str, bytes]], object]


@pytest.mark.parametrize(
    ("tamper", "faults"),
    [
        (
            lambda files: files.pop("gatedrill/broker/bus.py"),
            ["missing gatedrill/broker/bus.py"],
        ),
        (
            lambda files: files.pop("gatedrill/cli/py.typed"),
            ["missing gatedrill/cli/py.typed"],
        ),
        (
            lambda files: files.pop("gatedrill/fixtures/scenarios/race.toml"),
            ["missing gatedrill/fixtures/scenarios/race.toml"],
        ),
        (
            lambda files: files.pop(next(name for name in files if name.endswith(LICENSE))),
            ["missing LICENSE"],
        ),
        (
            lambda files: files.update({"gatedrill/__init__.py": b""}),
            ["stray gatedrill/__init__.py"],
        ),
        (
            lambda files: files.update({"tests/house/test_wheel.py": b""}),
            ["stray tests/house/test_wheel.py"],
        ),
    ],
    ids=["no module", "no py.typed", "no scenario", "no licence", "an __init__.py", "a test"],
)
def test_a_wheel_that_was_tampered_with_is_found_out(
    wheel: Path, tmp_path: Path, tamper: Tamper, faults: list[str]
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    tamper(files)
    tampered = tmp_path / wheel.name
    with zipfile.ZipFile(tampered, "w") as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    assert faults_of_wheel(tampered, files_of_the_portions(CHECKOUT)) == faults


def test_an_installed_wheel_gives_every_portion_from_its_own_place(
    wheel: Path, tmp_path: Path
) -> None:
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*install, "--target", tmp_path, wheel], check=True)
    assert faults_of_installation(tmp_path) == []
    assert (tmp_path / "bin" / "gatedrill").exists()


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (lambda home: (home / "__init__.py").touch(), "gatedrill is no namespace"),
        (lambda home: (home / "cli").rename(home / "cly"), "gatedrill.cli is not there"),
    ],
    ids=["an __init__.py", "a portion that is missing"],
)
def test_an_installation_that_was_tampered_with_is_found_out(
    wheel: Path, tmp_path: Path, tamper: Callable[[Path], object], fault: str
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    assert faults_of_installation(tmp_path) == []
    tamper(tmp_path / "gatedrill")
    (found,) = faults_of_installation(tmp_path)
    assert found.startswith(fault)


def test_no_portion_of_the_checkout_swallows_the_others() -> None:
    assert swallowing_files(CHECKOUT) == []


def test_a_portion_that_swallows_the_others_is_found_out(tmp_path: Path) -> None:
    package = tmp_path / "devices" / "gatedrill"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    assert swallowing_files(tmp_path) == ["devices/gatedrill/__init__.py"]
