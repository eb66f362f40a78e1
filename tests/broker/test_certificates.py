"""The venue's own CA, and what it signs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gatedrill.broker.certificates.signing import CA_LASTS, SERVER_LASTS
from gatedrill.broker.certificates.venue_certificates import make_certificates
from gatedrill.contract.errors import UsageError

NOW = datetime(2030, 5, 1, tzinfo=UTC)


def names(folder: Path) -> set[str]:
    certificate = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(each.value) for each in found}


def test_the_broker_s_certificate_names_the_hosts_and_is_signed_by_the_ca(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, ["Venue.local", "192.0.2.7", "localhost"], NOW)
    ca, server = (
        x509.load_pem_x509_certificate((tmp_path / name).read_bytes())
        for name in ("ca.pem", "server.pem")
    )
    server.verify_directly_issued_by(ca)
    assert names(tmp_path) == {"venue.local", "192.0.2.7", "localhost", "127.0.0.1", "::1"}
    assert made == (NOW + CA_LASTS, NOW + SERVER_LASTS, True)
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    assert modes == {
        "ca.pem": "0o644",
        "ca.key": "0o600",
        "server.pem": "0o644",
        "server.key": "0o640",
    }


def test_the_ca_is_kept_and_the_broker_s_certificate_made_anew(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["old"], NOW)
    before = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "ca.key").read_bytes()
    made = make_certificates(tmp_path, ["new"], NOW + timedelta(days=3600))
    assert ((tmp_path / "ca.pem").read_bytes(), (tmp_path / "ca.key").read_bytes()) == before
    assert names(tmp_path) >= {"new"}
    assert not names(tmp_path) & {"old"}
    assert made == (NOW + CA_LASTS, NOW + CA_LASTS, False)  # no longer than the CA


def test_a_ca_that_has_ended_is_told(tmp_path: Path) -> None:
    make_certificates(tmp_path, ["broker"], NOW)
    with pytest.raises(UsageError, match=r"has ended on 2040-04-28: remove ca.pem and ca.key"):
        make_certificates(tmp_path, ["broker"], NOW + CA_LASTS)


@pytest.mark.parametrize(("lost", "other"), [("ca.key", "ca.pem"), ("ca.pem", "ca.key")])
def test_half_a_ca_is_told_and_left_alone(tmp_path: Path, lost: str, other: str) -> None:
    make_certificates(tmp_path, ["broker"], NOW)
    (tmp_path / lost).unlink()
    with pytest.raises(UsageError, match=f"{lost} is missing: put it back, or remove {other} for"):
        make_certificates(tmp_path, ["broker"], NOW)
    assert not (tmp_path / lost).exists()


def test_a_key_of_another_ca_is_told(tmp_path: Path) -> None:
    for name in ("one", "other"):
        make_certificates(tmp_path / name, ["broker"], NOW)
    (tmp_path / "one" / "ca.key").replace(tmp_path / "other" / "ca.key")
    with pytest.raises(UsageError, match=r"ca\.key is not the key of ca\.pem"):
        make_certificates(tmp_path / "other", ["broker"], NOW)
    (tmp_path / "other" / "ca.pem").write_text("no certificate")
    with pytest.raises(UsageError, match=r"ca\.pem and ca\.key cannot be read"):
        make_certificates(tmp_path / "other", ["broker"], NOW)


@pytest.mark.parametrize("name", ["", "two words", "http://broker", "*.venue.local", "-a", "a..b"])
def test_what_is_no_host_s_name_is_refused_before_anything_is_made(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError, match="neither a host's name nor an address"):
        make_certificates(tmp_path / "new", ["broker", name], NOW)
    assert not (tmp_path / "new").exists()
