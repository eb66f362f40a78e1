"""What the documents have somebody type whose output is kept in a file."""

import re
from pathlib import Path

import pytest
from container_venue import ContainerVenue
from document import Document

pytestmark = pytest.mark.timeout(400)
KEPT = {
    "hall-2.env": r"GATEDRILL_BROKER_USER=hall-2\nGATEDRILL_BROKER_PASSWORD=\w+\n",
    "ca.pem": r"-----BEGIN CERTIFICATE-----\n[\w+/=\n]+-----END CERTIFICATE-----\n",
}


@pytest.mark.parametrize(
    ("document", "file"), [("containers.md", "hall-2.env"), ("broker.md", "ca.pem")]
)
def test_the_file_holds_what_it_is_for_and_nothing_else(
    nobody_up: ContainerVenue, tmp_path: Path, document: str, file: str
) -> None:
    lines = "".join(Document(document).code("console")).splitlines()
    [line] = [line for line in lines if line.endswith(f" > {file}") and "docker-compose" in line]
    nobody_up.typed(line.removeprefix("$ "), tmp_path)
    assert re.fullmatch(KEPT[file], (tmp_path / file).read_bytes().decode())
