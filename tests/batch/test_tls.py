"""Whom the password and the mails are handed to: a server whose certificate is its own, and nobody else."""

from __future__ import annotations

import socket
import ssl
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from mailing import REPS, Inbox, send, serving

from salesops_nb.errors import SalesopsError

pytestmark = pytest.mark.slow

SECRET = "marked-secret-4711"
PAST = datetime.now(UTC) - timedelta(days=2)


class Tls(Controller):
    """TLS from the first byte (``tls``), or after STARTTLS."""

    def __init__(self, box: Any, *, context: ssl.SSLContext, how: str, **options: Any) -> None:
        self.how, self.context, self.passwords = how, context, box.passwords
        super().__init__(box, ssl_context=context if how == "tls" else None, **options)

    def factory(self) -> SMTP:
        def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
            self.passwords.append(data.password.decode())
            given = data.password.decode()
            coded = b64encode(data.password).decode()
            shown = given if given.isascii() else coded  # aiosmtpd answers in ASCII alone
            words = f"535 5.7.8 no user has the password {shown}, {coded}"
            right = given == SECRET
            return AuthResult(success=right, handled=False, message=None if right else words)

        return SMTP(
            self.handler,
            tls_context=self.context if self.how == "starttls" else None,
            authenticator=authenticate,
            auth_require_tls=self.how == "starttls",
        )

    def _trigger_server(self) -> None:
        """The first client, which only asks whether the server is up, must speak TLS as well."""
        if self.how != "tls":
            super()._trigger_server()
            return
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection((self.hostname, self.port), 30)
        with context.wrap_socket(plain) as secure:
            secure.recv(1024)


class Guarded(Inbox):
    def __init__(self) -> None:
        super().__init__()
        self.passwords: list[str] = []


class Authorities:
    """The company's own authority, a stranger's, and what they signed."""

    def __init__(self) -> None:
        self.own, self.stranger = trustme.CA(), trustme.CA()
        self.certificates = {
            "right": self.own.issue_cert("localhost"),
            "other name": self.own.issue_cert("mail.elsewhere.test"),
            "expired": self.own.issue_cert("localhost", not_before=PAST - timedelta(days=9), not_after=PAST),
            "unknown authority": self.stranger.issue_cert("localhost"),
        }

    def context(self, which: str, folder: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if which == "self-signed":
            context.load_cert_chain(_self_signed(folder / "self.pem"))
        else:
            self.certificates[which].configure_cert(context)
        return context


def _self_signed(path: Path) -> Path:
    """A certificate that nobody but its own key signed, of another name."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.elsewhere.test")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(PAST).not_valid_after(PAST + timedelta(days=9))
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    kind = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    path.write_bytes(secret + made)
    return path


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities()


@contextmanager
def _server(which: str, how: str, authorities: Authorities, folder: Path) -> Iterator[tuple[Guarded, int]]:
    box = Guarded()
    with serving(box, Tls, context=authorities.context(which, folder), how=how) as port:
        yield box, port


def _write(folder: Path, port: int, security: str, more: str = "", user: str = "reports") -> Path:
    mail = f"server: localhost, port: {port}, from: reports@example.com, security: {security}, timeout: 10s"
    mail += f", user: {user}" if user else ""
    (folder / "reports.yml").write_text(f"period: 2017-Q4\nfolder: out\nmail: {{{mail}{more}}}\n" + REPS)
    return folder / "reports.yml"


@pytest.mark.parametrize("how", ["starttls", "tls"])
@pytest.mark.parametrize("trust", ["ca_file", "SSL_CERT_FILE", "nothing", "unverified"])
@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("right", ""),
        ("other name", "Hostname mismatch"),
        ("expired", "certificate has expired"),
        ("unknown authority", "unable to get local issuer certificate"),
        ("self-signed", "self-signed certificate"),
    ],
)
def test_password_and_mails_go_to_the_right_server_only(
    made: Path,
    authorities: Authorities,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    trust: str,
    which: str,
    words: str,
) -> None:
    monkeypatch.setenv("SALESOPS_SMTP_PASSWORD", SECRET)
    authorities.own.cert_pem.write_to_path(made / "own.pem")
    if trust == "SSL_CERT_FILE":
        monkeypatch.setenv("SSL_CERT_FILE", str(made / "own.pem"))
    more = {"ca_file": ", ca_file: own.pem", "unverified": ", tls: unverified"}.get(trust, "")
    with _server(which, how, authorities, made) as (box, port):
        file = _write(made, port, how, more)
        if trust == "unverified" or (which == "right" and trust != "nothing"):
            code, said = send(file)
            assert (code, len(box.mails), set(box.passwords)) == (0, 3, {SECRET})
            assert ("tls: unverified: nobody checks" in said) == (trust == "unverified")
        else:
            with pytest.raises(SalesopsError) as caught:
                send(file)
            text = str(caught.value)
            assert f"The certificate of the mail server localhost:{port} cannot be trusted" in text
            assert (words if trust != "nothing" else "") in text
            assert "got neither the password nor a mail" in text
            assert "ca_file" in text
            assert "'tls: unverified'" in text
            assert SECRET not in text
            assert (box.mails, box.passwords) == ([], [])


def test_a_server_without_starttls_gets_nothing(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESOPS_SMTP_PASSWORD", SECRET)
    box = Inbox()
    with serving(box) as port:
        file = _write(made, port, "starttls")
        with pytest.raises(SalesopsError, match=r"does not offer STARTTLS. It got neither the password nor"):
            send(file)
    assert box.mails == []


def test_a_password_goes_in_the_clear_only_where_that_is_written(
    made: Path, authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESOPS_SMTP_PASSWORD", SECRET)
    with _server("right", "none", authorities, made) as (box, port):
        file = _write(made, port, "none")
        with pytest.raises(
            SalesopsError, match=r"would be sent in the clear; write security: starttls or tls"
        ):
            send(file)
        assert (box.mails, box.passwords) == ([], [])
        _write(made, port, "none", ", password_in_clear: true")
        assert send(file)[0] == 0
        assert set(box.passwords) == {SECRET}


@pytest.mark.parametrize(
    ("secret", "more", "words"),
    [
        ("wrong", ", tls: unverified", "did not take the password of reports: 535"),
        ("", ", tls: unverified", "wants a password for reports, and SALESOPS_SMTP_PASSWORD is not set"),
        (SECRET, ", ca_file: none.pem", "'ca_file' names none.pem, and it is not there"),
        (SECRET, ", ca_file: workbook.yml", "'ca_file' names workbook.yml, and it holds no certificate"),
        (SECRET, ", tls: perhaps", "'verified' or 'unverified'"),
    ],
)
def test_mistakes_are_named(
    made: Path,
    authorities: Authorities,
    monkeypatch: pytest.MonkeyPatch,
    secret: str,
    more: str,
    words: str,
) -> None:
    monkeypatch.setenv("SALESOPS_SMTP_PASSWORD", secret)
    with _server("right", "starttls", authorities, made) as (box, port):
        with pytest.raises(SalesopsError) as caught:
            send(_write(made, port, "starttls", more))
        assert words in str(caught.value)
        if secret == "wrong":  # the server repeats what it was given
            assert "no user has the password ***, ***" in str(caught.value)
        assert box.mails == []


def test_letters_beyond_ascii(made: Path) -> None:
    """A text in Romanian to any server; an address in it only to one that takes such addresses."""
    people = made / "data" / "people.csv"
    people.write_text(people.read_text().replace("Ana Pop", "Ștefania Țăran"))
    box = Inbox()
    with serving(box, enable_SMTPUTF8=False, decode_data=False) as port:
        file = _write(made, port, "none", user="")
        file.write_text(file.read_text().replace('"{manager_email}"', '"mară@example.com"'))
        code, said = send(file)
        assert code == 1
        assert "not sent to mară@example.com: the server takes no address with letters beyond ASCII" in said
    assert box.addresses == ["ana@example.com", "ben@example.com"]
    ana = next(message for to, message in box.mails if to == ["ana@example.com"])
    assert ana["Subject"] == "Review of Ștefania Țăran, 2017-Q4"
    assert "Ștefania Țăran" in ana.get_body().get_content()  # type: ignore[union-attr]
    with serving(box, enable_SMTPUTF8=True) as port:
        file.write_text(
            file.read_text().replace(file.read_text().split("port: ")[1].split(",")[0], str(port))
        )
        assert send(file)[0] == 0
    assert "mară@example.com" in box.addresses


@pytest.mark.parametrize("secret", ["parolă-țșâ", "naïve", "密码", "with \U0001f511 in it"])
@pytest.mark.parametrize("user", ["reports", "mară"])
@pytest.mark.parametrize("right", [True, False])
def test_a_password_beyond_ascii_opens_the_server_or_is_refused_in_words(
    made: Path, authorities: Authorities, monkeypatch: pytest.MonkeyPatch, secret: str, user: str, right: bool
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SECRET", secret if right else "another")
    monkeypatch.setenv("SALESOPS_SMTP_PASSWORD", secret)
    with _server("right", "starttls", authorities, made) as (box, port):
        file = _write(made, port, "starttls", ", tls: unverified", user)
        if right:
            assert send(file)[0] == 0
        else:
            with pytest.raises(SalesopsError, match="did not take the password of") as caught:
                send(file)
            assert secret not in str(caught.value)
            assert b64encode(secret.encode()).decode() not in str(caught.value)
        assert (set(box.passwords), bool(box.mails)) == ({secret}, right)


def test_a_server_that_cannot_be_given_such_a_password_is_named(
    made: Path, authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SMTP, "auth_PLAIN", None, raising=False)
    monkeypatch.delattr(SMTP, "auth_PLAIN")
    monkeypatch.setenv("SALESOPS_SMTP_PASSWORD", "parolă")
    with _server("right", "starttls", authorities, made) as (box, port):
        with pytest.raises(SalesopsError, match=r"letters beyond ASCII: it does not offer AUTH PLAIN"):
            send(_write(made, port, "starttls", ", tls: unverified"))
        assert (box.passwords, box.mails) == ([], [])
