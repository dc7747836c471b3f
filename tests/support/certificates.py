"""A certificate authority of a test's own, and what it signs."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


class Authority:
    """Writes ``ca.pem`` into a folder, and certificates with their keys beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("a test's authority")
        ca = x509.BasicConstraints(ca=True, path_length=0)
        built = _builder(self._name, self._name, self._key).add_extension(ca, critical=True)
        self.file = folder / "ca.pem"
        self.file.write_bytes(_pem(built.sign(self._key, hashes.SHA256())))

    def certificate(self, *hosts: str) -> tuple[Path, Path]:
        """Sign a certificate for these hosts; return its file and that of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        built = _builder(_name(hosts[0]), self._name, key).add_extension(names, critical=False)
        certificate, private = (self._folder / f"{hosts[0]}.{part}" for part in ("pem", "key"))
        certificate.write_bytes(_pem(built.sign(self._key, hashes.SHA256())))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, private


def server_certificate(folder: Path, host: str) -> ssl.SSLContext:
    """Write ``fullchain.pem`` and ``privkey.pem`` for a host; return what a client trusts."""
    authority = Authority(folder)
    certificate, private = authority.certificate(host)
    certificate.rename(folder / "fullchain.pem")
    private.rename(folder / "privkey.pem")
    return ssl.create_default_context(cafile=authority.file)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
