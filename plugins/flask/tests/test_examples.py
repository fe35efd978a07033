"""The example apps of Flask-Vault: a page that encrypts, one that decrypts, a database."""

import sys

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

    token = encrypt.app.test_client().post("/encrypt", data={"data": "hello"})
    assert token.status_code == 200
    assert token.data != b"hello"
    plain = decrypt.app.test_client().post("/decrypt", data={"data": token.data.decode()})
    assert plain.data == b"hello"
    assert vault.run("decrypt", "-", input=token.data).stdout == b"hello"


def test_database(vault):
    import database

    assert database.app.test_client().get("/").data == b"shop: 42"
    done = database.app.test_cli_runner().invoke(args=["vault", "get", "db.name"])
    assert done.output == ":memory:\n"
