"""The example apps of Flask-Vault: a page that encrypts, one that decrypts, a database."""

import html
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from conftest import PACKAGE


@pytest.fixture(autouse=True)
def examples(monkeypatch):
    monkeypatch.syspath_prepend(str(PACKAGE / "examples"))
    yield
    for name in ("encrypt", "decrypt", "database"):
        sys.modules.pop(name, None)


def test_encrypt_and_decrypt(vault):
    import decrypt
    import encrypt

    def output(page):
        return html.unescape(re.search("<output>(.*)</output>", page.text, re.S).group(1))

    for app, path in ((encrypt.app, "/encrypt"), (decrypt.app, "/decrypt")):
        page = app.test_client().get(path)
        assert page.status_code == 200 and "<form" in page.text and "<output>" not in page.text
    text = "<b>hello</b> & grüß"
    token = output(encrypt.app.test_client().post("/encrypt", data={"data": text}))
    assert output(decrypt.app.test_client().post("/decrypt", data={"data": token})) == text
    assert vault.run("decrypt", "-", input=token.encode()).stdout == text.encode()


@pytest.fixture
def postgres():
    """A real PostgreSQL of Debian, reached by a socket alone: its directory and the password of admin."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        what = "PostgreSQL is not installed (Debian: apt-get install postgresql python3-psycopg2)"
        if os.environ.get("FLASK_VAULT_INTEROP") == "1":
            pytest.fail(what)
        pytest.skip("NOT TESTED: " + what)
    password = "admin's p@ss"
    as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as directory:  # a socket's path has 107 bytes at most
        data = Path(directory)
        (data / "password").write_text(password + "\n")
        os.chmod(data / "password", 0o644)
        os.chmod(data, 0o755)
        if as_nobody:
            shutil.chown(data, "nobody", "nogroup")
        options = {"cwd": directory, "env": {"LC_ALL": "C.UTF-8", "HOME": directory}, "stdout": subprocess.DEVNULL, **as_nobody}
        subprocess.run([binaries[-1] / "initdb", "-D", data / "data", "-U", "admin", "--no-sync", "--auth=scram-sha-256", "--pwfile", data / "password"], check=True, **options)
        command = [binaries[-1] / "postgres", "-D", data / "data", "-F", "-c", "listen_addresses=", "-c", f"unix_socket_directories={directory}"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, **options) as server:
            try:
                yield directory, password
            finally:
                server.send_signal(signal.SIGQUIT)  # at once: nothing here is kept


def test_database(vault, postgres):
    psycopg2 = pytest.importorskip("psycopg2") if os.environ.get("FLASK_VAULT_INTEROP") != "1" else __import__("psycopg2")
    import database

    directory, password = postgres
    for key, value in {"db.username": "admin", "db.password": password, "db.name": "postgres", "db.host": directory}.items():
        vault.set(key, value)
    database.app.testing = True  # so that its errors come here
    client = database.app.test_client()
    deadline = time.monotonic() + 60
    while True:
        try:
            assert client.get("/").data == b"admin: 42"
            break
        except psycopg2.OperationalError as e:
            assert "No such file" in str(e) or "starting up" in str(e), "it refuses what the vault says"
            assert time.monotonic() < deadline
            time.sleep(0.05)
    vault.set("db.password", "another")  # which the server does not know
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        client.get("/")
    done = database.app.test_cli_runner().invoke(args=["vault", "get", "db.name"])
    assert done.output == "postgres\n"
