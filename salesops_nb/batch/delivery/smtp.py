"""The way to the mail server: whom it is, checked before anything is handed over, and what it answered.

A mail passes one point of no return: once DATA has begun, only the server's final answer says whether
it took the mail. `Sender.send` tells the three ends apart: sent, refused (nothing was taken) and unclear.
"""

from __future__ import annotations

import base64
import os
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple

from salesops_nb.batch.jobs.reports import FILE_NAME, Mail
from salesops_nb.core.masking import masked
from salesops_nb.errors import SalesopsError, problem


class Refused(Exception):
    """The server answered that it does not take this mail."""


class Unclear(Exception):
    """DATA had begun, and no final answer came: the mail may have arrived, or not."""


class Answer(NamedTuple):
    """A server's answer."""

    code: int
    text: bytes

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.text.decode(errors='replace').split())}"


class Sender:
    """One mail server, connected when first needed and again after the connection broke.

    Use it as a context; `folder` is the workbook's, from which a relative `ca_file` is read.
    """

    def __init__(self, mail: Mail, folder: Path) -> None:
        self.mail, self.folder = mail, folder
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop(polite=True)

    def send(self, message: EmailMessage, begin: Callable[[], bool]) -> bool:
        """Send a mail to its one address; false where `begin` forbids it at the last moment.

        `begin` is called when the server has taken the address, right before DATA. Raises `Refused`,
        `Unclear`, or `SalesopsError` where the server cannot be spoken to; then nothing was sent.
        """
        try:
            server = self._to(message)
        except (smtplib.SMTPServerDisconnected, TimeoutError, ConnectionError):
            # a connection that lay idle may be gone; nothing was handed over, so a second try is safe
            self._drop()
            try:
                server = self._to(message)
            except (smtplib.SMTPException, OSError) as error:
                self._drop()
                raise Refused(f"the server hung up: {self._masked(error)}") from error
        if not begin():
            self._reset(server)
            return False
        self._data(server, _content(message))
        return True

    def _to(self, message: EmailMessage) -> smtplib.SMTP:
        """The server, with the sender and the address taken."""
        server = self._server = self._server or self._connected()
        server.ehlo_or_helo_if_needed()
        sender, address = _ends(message)
        options = [f"SIZE={len(_content(message))}"] if server.has_extn("size") else []
        if _beyond_ascii(message):
            if not server.has_extn("smtputf8"):
                raise Refused("the server takes no address with letters beyond ASCII")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        answer = Answer(*server.mail(sender, options))
        if answer.code == 250:
            answer = Answer(*server.rcpt(address))
        if answer.code not in (250, 251):
            self._reset(server, answer)
            raise Refused(self._masked(answer))
        return server

    def _data(self, server: smtplib.SMTP, content: bytes) -> None:
        try:
            answer = Answer(*server.docmd("DATA"))
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            why = f"the connection broke before the mail was handed over: {self._masked(error)}"
            raise Refused(why) from error
        if answer.code != 354:
            self._reset(server, answer)
            raise Refused(self._masked(answer))
        try:
            server.send(content)
            answer = Answer(*server.getreply())
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise Unclear(self._masked(error)) from error
        if answer.code != 250:
            self._reset(server, answer)
            if not 400 <= answer.code <= 599:
                raise Unclear(f"the server's answer was {self._masked(answer)}")
            raise Refused(self._masked(answer))

    def _reset(self, server: smtplib.SMTP, answer: Answer | None = None) -> None:
        """Ready for the next mail; 421 announces that the server hangs up."""
        try:
            if answer is not None and answer.code == 421:
                self._drop()
            else:
                server.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self, polite: bool = False) -> None:
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                if polite:
                    server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        mail = self.mail
        password = self._password()
        context = None if mail.security == "none" else trust(mail, self.folder)
        server: smtplib.SMTP | None = None
        try:
            if mail.security == "tls":
                server = smtplib.SMTP_SSL(mail.server, mail.port, timeout=mail.timeout, context=context)
            else:
                server = smtplib.SMTP(mail.server, mail.port, timeout=mail.timeout)
            if mail.security == "starttls":
                server.starttls(context=context)
            if mail.user is not None:
                self._log_in(server, mail.user, password)
        except BaseException as error:
            if server is not None:
                server.close()
            if isinstance(error, smtplib.SMTPException | OSError):
                raise self._unreachable(error) from None
            raise
        return server

    def _log_in(self, server: smtplib.SMTP, user: str, password: str) -> None:
        """Log in; what is beyond ASCII goes as UTF-8 (RFC 4616), which smtplib's own way cannot send."""
        if f"{user}{password}".isascii():
            server.login(user, password)
            return
        server.ehlo_or_helo_if_needed()
        if "PLAIN" not in server.esmtp_features.get("auth", "").upper().split():
            raise self._fault("not-delivered.letters", variable=self.mail.password_env)
        given = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        answer = Answer(*server.docmd("AUTH", f"PLAIN {given}"))
        if answer.code not in (235, 503):  # 503: we are logged in already
            raise smtplib.SMTPAuthenticationError(answer.code, answer.text)

    def _password(self) -> str:
        mail = self.mail
        password = os.environ.get(mail.password_env, "")
        if mail.user is not None and not password:
            raise SalesopsError(
                problem(
                    "not-delivered.no-password", file=FILE_NAME, user=mail.user, variable=mail.password_env
                )
            )
        return password

    def _unreachable(self, error: Exception) -> SalesopsError:
        """What went wrong before a mail was handed over, and what to do about it."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return self._fault("not-delivered.certificate", why=error.verify_message)
        if isinstance(error, smtplib.SMTPNotSupportedError) and self.mail.security == "starttls":
            return self._fault("not-delivered.no-starttls")
        if isinstance(error, smtplib.SMTPAuthenticationError):
            answer, variable = self._masked(error), self.mail.password_env
            return self._fault(
                "not-delivered.password", user=self.mail.user, answer=answer, variable=variable
            )
        return self._fault("not-delivered", answer=self._masked(error))

    def _fault(self, key: str, **values: Any) -> SalesopsError:
        mail = self.mail
        return SalesopsError(problem(key, file=FILE_NAME, server=mail.server, port=mail.port, **values))

    def _masked(self, words: Exception | Answer) -> str:
        """What a server or the connection said, without the password: some repeat what they were given."""
        if isinstance(words, smtplib.SMTPResponseException):
            text = words.smtp_error
            words = Answer(words.smtp_code, text if isinstance(text, bytes) else text.encode())
        password = os.environ.get(self.mail.password_env, "")
        given = [password, f"\0{self.mail.user}\0{password}"]
        coded = [base64.b64encode(text.encode()).decode() for text in given] if password else []
        return masked(str(words), secrets=[password, " ".join(password.split()), *coded])


def trust(mail: Mail, folder: Path) -> ssl.SSLContext:
    """Certificates are checked, and that they are the server's own; ``tls: unverified`` checks nothing.

    Without `ca_file` the system's authorities are trusted, or those SSL_CERT_FILE names. Raises
    `SalesopsError` where `ca_file`, from the workbook's folder, holds none.
    """
    if mail.tls == "unverified":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if mail.ca_file is None:
        return ssl.create_default_context()
    path = folder / mail.ca_file
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # among them ssl.SSLError: no certificate in it
        raise SalesopsError(
            problem(
                "not-delivered.no-ca-file"
                if isinstance(error, FileNotFoundError)
                else "not-delivered.bad-ca-file",
                file=FILE_NAME,
                ca_file=mail.ca_file,
            )
        ) from error


def _ends(message: EmailMessage) -> tuple[str, str]:
    """The sender's and the receiver's plain addresses."""
    return parseaddr(message["From"])[1], str(message["To"])


def _beyond_ascii(message: EmailMessage) -> bool:
    return not "".join(_ends(message)).isascii()


def _content(message: EmailMessage) -> bytes:
    """What follows DATA: lines in CRLF, a leading dot doubled, the last line a dot (RFC 5321, 4.5.2)."""
    policy = SMTPUTF8 if _beyond_ascii(message) else SMTP.clone(cte_type="7bit")
    lines = message.as_bytes(policy=policy).removesuffix(b"\r\n").split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b"\r\n.\r\n"
