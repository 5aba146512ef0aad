"""Keys, certificates and tokens of the local cluster: made once, good for this sandbox only."""

from __future__ import annotations

import datetime
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.state import write_atomically

VALIDITY = datetime.timedelta(days=3650)
SERVICE_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")

USERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("slipway-admin", ("system:masters",)),
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "kubelet": ("system:node:slipway", ("system:nodes",)),
    "contour": ("slipway-contour", ()),
    "prometheus": ("slipway-prometheus", ()),
}
"""Who may talk to the API server: our name, the cluster's name for it, its groups."""


@dataclass(frozen=True)
class Pki:
    """The files of one sandbox."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def server(self) -> tuple[Path, Path]:
        """Certificate and key of every server of the sandbox."""
        return self.folder / "server.crt", self.folder / "server.key"

    @property
    def kubelet_client(self) -> tuple[Path, Path]:
        """Certificate and key with which the API server calls the kubelet."""
        return self.folder / "kubelet-client.crt", self.folder / "kubelet-client.key"

    @property
    def service_account_key(self) -> Path:
        return self.folder / "service-account.key"

    @property
    def tokens(self) -> Path:
        """The API server's token file."""
        return self.folder / "tokens.csv"

    @property
    def users(self) -> str:
        """The names of those who have a token: a process that reads the token file at its start must be restarted when
        they change."""
        return ",".join(sorted(USERS))

    def token(self, user: str) -> str:
        return (self.folder / f"{user}.token").read_text(encoding="utf-8")


def ensure(folder: Path, addresses: Sequence[str]) -> Pki:
    """The files under ``folder``, made anew when they are missing or name other addresses. A user who was added
    since gets a token, the others keep theirs."""
    pki = Pki(folder)
    complete = folder / "addresses"
    wanted = "\n".join(addresses)
    if complete.exists() and complete.read_text(encoding="utf-8") == wanted:
        if not all((folder / f"{user}.token").exists() for user in USERS):
            _write_tokens(pki)
        return pki
    complete.unlink(missing_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for user in USERS:
        (folder / f"{user}.token").unlink(missing_ok=True)
    authority, key = _authority()
    _write(pki.ca, authority.public_bytes(serialization.Encoding.PEM))
    _issue(pki.server, "slipway", "", addresses, authority, key)
    _issue(pki.kubelet_client, "kube-apiserver", "system:masters", (), authority, key)
    signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write(pki.service_account_key, _private(signing))
    _write_tokens(pki)
    write_atomically(complete, wanted)
    return pki


def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "slipway sandbox")])
    usage = key_usage("digital_signature", "key_cert_sign", "crl_sign")
    builder = _certificate(name, name, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256()), key


def key_usage(*allowed: str) -> x509.KeyUsage:
    """What a certificate's key may be used for, by the names of x509.KeyUsage; everything else is refused."""
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in allowed for name in every})


def _issue(
    files: tuple[Path, Path],
    name: str,
    organization: str,
    addresses: Sequence[str],
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
) -> None:
    """A certificate for a server, where it has addresses, and for a client."""
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    builder = _certificate(x509.Name(parts), authority.subject, key.public_key())
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if addresses:
        usage.append(ExtendedKeyUsageOID.SERVER_AUTH)
        names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(item)) for item in addresses]
        names += [x509.DNSName(item) for item in SERVICE_NAMES]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(identifier, critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    _write(files[0], certificate.public_bytes(serialization.Encoding.PEM))
    _write(files[1], _private(key))


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALIDITY)
    )


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    write_atomically(path, content.decode(), 0o600)


def _write_tokens(pki: Pki) -> None:
    lines = []
    for user, (name, groups) in USERS.items():
        file = pki.folder / f"{user}.token"
        if not file.exists():
            write_atomically(file, secrets.token_hex(24), 0o600)
        token = pki.token(user)
        lines.append(",".join([token, name, name, f'"{",".join(groups)}"']))
    write_atomically(pki.tokens, "\n".join(lines) + "\n", 0o600)
