"""HTTPS: with a certificate of the user's, or one that the studio signs itself.

Phones give their camera to pages only over HTTPS, and over a network a password must not be read on its way.
"""

import ipaddress
import shutil
import ssl
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from streamstyle.errors import SinkError, UsageError
from streamstyle.media.libav import reason
from streamstyle.media.places import quoted

_DAYS, _RENEW_DAYS = 365, 14
_SECONDS = 60
_OURS = "CN = streamstyle studio"
_REMEDY = "install openssl, or name a certificate of your own with --certificate and --key (the program mkcert makes one)"


def context_of(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """What HTTPS needs, from the files of a certificate.

    Args:
        certificate: PEM.
        key: PEM; None where the certificate's file holds it, too.

    Raises:
        UsageError: They cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password: OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        files = quoted(certificate) if key is None else f"{quoted(certificate)} with {quoted(key)}"
        raise UsageError(
            f"--certificate: {files} cannot be used ({reason(error)}); wanted PEM files without a password"
        ) from error
    return context


def self_signed(folder: Path, names: Sequence[str]) -> ssl.SSLContext:
    """What HTTPS needs, with a certificate that is kept in a folder, and made anew when it ends or another name is wanted.

    Args:
        folder: Where it is kept.
        names: By which the studio is called: names and numbers.

    Raises:
        UsageError: The program openssl, which signs it, is not there.
        SinkError: It cannot be made or kept.
    """
    certificate, settings = folder / "certificate.pem", folder / "certificate.conf"
    wanted = _settings(names)
    try:
        known = settings.read_text(encoding="utf-8") if settings.exists() else ""
        fresh = certificate.exists() and time.time() - certificate.stat().st_mtime < (_DAYS - _RENEW_DAYS) * 24 * 3600
        if not fresh or known != wanted:
            if (certificate.exists() or known) and _OURS not in known:
                raise SinkError(
                    f"{quoted(certificate)} was not made by the studio and stays; use it with --certificate, or name "
                    "another folder with --data"
                )
            settings.write_text(wanted, encoding="utf-8")
            _sign(certificate, settings)
    except OSError as error:
        raise SinkError(f"the certificate cannot be kept in {quoted(folder)}: {reason(error)}") from error
    return context_of(certificate)


def _sign(certificate: Path, settings: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise UsageError(f"--https: there is no program openssl to sign a certificate; {_REMEDY}")
    new = certificate.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)  # it holds the key, too
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", str(_DAYS)]
    command += ["-config", str(settings), "-keyout", str(new), "-out", str(certificate.with_suffix(".public"))]
    try:
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        raise SinkError(f"--https: openssl cannot sign a certificate ({type(error).__name__}); {_REMEDY}") from error
    with new.open("ab") as file:
        file.write(certificate.with_suffix(".public").read_bytes())
    certificate.with_suffix(".public").unlink()
    new.replace(certificate)


def _settings(names: Sequence[str]) -> str:
    listed = ", ".join(f"{'IP' if _is_number(name) else 'DNS'}:{name}" for name in dict.fromkeys(names))
    return (
        "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = extensions\n"
        f"[name]\n{_OURS}\n"
        f"[extensions]\nsubjectAltName = {listed}\nbasicConstraints = critical, CA:FALSE\n"
        "extendedKeyUsage = serverAuth\n"
    )


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
