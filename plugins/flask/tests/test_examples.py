"""The example apps of Flask-Vault: a page that encrypts, one that decrypts, a database."""

import html
import re
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

    def output(page):
        return html.unescape(re.search("<output>(.*)</output>", page.text, re.S).group(1))

    for app, path in ((encrypt.app, "/encrypt"), (decrypt.app, "/decrypt")):
        page = app.test_client().get(path)
        assert page.status_code == 200 and "<form" in page.text and "<output>" not in page.text
    text = "<b>hello</b> & grüß"
    token = output(encrypt.app.test_client().post("/encrypt", data={"data": text}))
    assert output(decrypt.app.test_client().post("/decrypt", data={"data": token})) == text
    assert vault.run("decrypt", "-", input=token.encode()).stdout == text.encode()


def test_database(vault):
    import database

    assert database.app.test_client().get("/").data == b"shop: 42"
    done = database.app.test_cli_runner().invoke(args=["vault", "get", "db.name"])
    assert done.output == ":memory:\n"
