"""get_secret and the tokens, as an app uses them."""

import os
import subprocess
import time

import pytest

from conftest import CHECKOUT
from flask_vault import VaultError, _client
from flask_vault.errors import InvalidTag
from flask_vault.utils import aes_gcm_decrypt, aes_gcm_encrypt, get_secret


def until(condition):
    """Waits for what may take until the program is asked again."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_values(vault):
    vault.write("pin: 0123\nopens: 22:22\ncountry: NO\ndb:\n  user: shop\n  ports: [1, 2]\na.b: flat\na: {b: nested}\nnothing:\n")
    assert get_secret("pin") == 83
    assert get_secret("opens") == 1342
    assert get_secret("country") is False
    assert get_secret("db") == {"user": "shop", "ports": [1, 2]}
    assert get_secret("db.user") == "shop"
    assert get_secret("a.b") == "flat"
    assert get_secret("nothing") is None
    assert get_secret("missing") is None


def test_a_caller_may_change_what_it_got(vault):
    vault.write("list: [1]\ndb: {a: 1}\n")
    for _ in range(2):
        get_secret("list").append(2)
        get_secret("db")["a"] = 2
        assert get_secret("list") == [1]
        assert get_secret("db") == {"a": 1}


def test_other_formats(empty):
    (empty.path / "flask-vault.yaml").write_text("version: 1\ncredentials: credentials.json.enc\n")
    empty.run("init", "-q")
    empty.write('{"n": 18446744073709551616, "f": 1.50, "l": [1, {"a": null}], "s": "x", "b": true}')
    assert get_secret("n") == 1 << 64
    assert repr(get_secret("f")) == "1.5"
    assert get_secret("l") == [1, {"a": None}]
    assert (get_secret("s"), get_secret("b")) == ("x", True)


def test_toml_is_as_tomllib_has_it(empty):
    """An app of today's Flask-Vault: a table is a dict."""
    (empty.path / "flask-vault.yaml").write_text("version: 1\ncredentials: credentials.toml.enc\n")
    empty.run("init", "-q")
    text = """
since = 2024-06-28
at = 2024-06-28T10:20:30.25+02:00
here = 2024-06-28T10:20:30
utc = 2024-06-28T10:20:30Z
opens = 22:22:00
n = 0x1F
f = 1.50
l = [1, [true, {a = "x"}]]
[db]
username = "shop"
password = "correct horse"
ports = [1, 2]
[db.pool]
max = 8
[[host]]
name = "a"
[[host]]
name = "b"
"""
    empty.write(text)
    assert get_secret("db").get("username") == "shop"
    assert get_secret("db.password") == "correct horse"
    get_secret("db")["username"] = "changed"
    assert get_secret("db")["username"] == "shop"
    try:
        import tomllib
    except ImportError:  # before Python 3.11
        return
    for key, want in tomllib.loads(text).items():
        got = get_secret(key)
        assert (type(got), got) == (type(want), want)


def test_no_vault_is_no_value(empty):
    assert get_secret("db.password") is None
    empty.run("init", "-q")
    empty.set("db.password", "made later")
    until(lambda: get_secret("db.password") == "made later")


def test_no_key(vault):
    (vault.path / "master.key").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        get_secret("db.password")
    assert isinstance(caught.value, VaultError)
    assert caught.value.code == 4
    assert "FLASK_VAULT_MASTER_KEY" in caught.value.hint


def test_exposed_key(vault):
    os.chmod(vault.path / "master.key", 0o644)
    with pytest.raises(VaultError) as caught:
        get_secret("db.password")
    assert caught.value.code == 10


def test_changes_are_seen_at_once(vault):
    for i in range(10):
        vault.set("db.password", f"number {i}")
        assert get_secret("db.password") == f"number {i}"


def test_changes_in_place_are_seen(vault):
    """Flask-Vault writes into the file that is there."""
    path = vault.path / "credentials.yml.enc"
    vault.set("db.password", "aaaaaaaa")
    first = path.read_bytes()
    vault.set("db.password", "bbbbbbbb")
    second = path.read_bytes()
    assert len(first) == len(second)
    for i in range(8):
        path.write_bytes((first, second)[i % 2])
        until(lambda: get_secret("db.password") == ("aaaaaaaa", "bbbbbbbb")[i % 2])


def test_a_broken_change_keeps_the_values(vault, caplog):
    path = vault.path / "credentials.yml.enc"
    assert get_secret("db.password") == "correct horse"
    good = path.read_bytes()
    path.write_bytes(b"<<<<<<< ours")
    for _ in range(3):
        assert get_secret("db.password") == "correct horse"
    assert [r.levelname for r in caplog.records if r.name == "flask_vault"] == ["ERROR"]
    assert "correct horse" not in caplog.text
    path.write_bytes(good)
    vault.set("db.password", "mended")
    assert get_secret("db.password") == "mended"


def test_a_document_that_does_not_parse_keeps_the_values(vault):
    path = vault.path / "credentials.yml.enc"
    assert get_secret("db.password") == "correct horse"
    path.write_bytes(aes_gcm_encrypt("db.password: @broken\n"))
    assert get_secret("db.password") == "correct horse"
    path.write_bytes(aes_gcm_encrypt("db.password: mended\n"))
    assert get_secret("db.password") == "mended"


def test_local_file_and_environments(vault, monkeypatch):
    (vault.path / "flask-vault.yaml").write_text("version: 1\nenvironments:\n  staging:\n    base: default\n    keysource: [file]\n")
    vault.run("init", "-q", "--env", "staging")
    vault.run("set", "--env", "staging", "db.password", "-", input=b"of staging")
    assert get_secret("db.password") == "correct horse"
    monkeypatch.setenv("FLASK_VAULT_ENV", "staging")
    _client.close()  # the environment is that of the process's first question
    assert get_secret("db.password") == "of staging"
    assert get_secret("db.username") == "shop"
    monkeypatch.setenv("FLASK_VAULT_ENV", "stagin")
    _client.close()
    with pytest.raises(VaultError) as caught:
        get_secret("db.password")
    assert caught.value.code == 2
    assert 'did you mean "staging"?' in str(caught.value)


def test_key_from_a_variable(vault, monkeypatch):
    monkeypatch.setenv("FLASK_VAULT_MASTER_KEY", vault.key().decode())
    (vault.path / "master.key").unlink()
    assert get_secret("db.password") == "correct horse"
    assert aes_gcm_decrypt(aes_gcm_encrypt("x")) == b"x"


def test_key_from_a_plugin(vault, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    vault.run("plugin", "install", str(CHECKOUT / "plugins" / "examples" / "shell" / "plugin.sh"), "--name", "shell")
    key = vault.path / "elsewhere"
    (vault.path / "master.key").rename(key)
    (vault.path / "flask-vault.yaml").write_text(f"version: 1\nkeysource:\n  - shell: {{file: {key}}}\n")
    assert get_secret("db.password") == "correct horse"
    assert aes_gcm_decrypt(aes_gcm_encrypt("x")) == b"x"


def test_rekey(vault):
    token = aes_gcm_encrypt("from before")
    assert get_secret("db.password") == "correct horse"
    old = vault.key()
    vault.run("rekey")
    assert vault.key() != old
    assert get_secret("db.password") == "correct horse"
    assert aes_gcm_decrypt(token) == b"from before"
    after = aes_gcm_encrypt("x")
    assert vault.run("decrypt", "-", input=after).stdout == b"x"


def test_tokens(vault):
    for data in ("text", "ž", b"", b"\x00\xff" * 5000, "x" * (3 << 20)):
        raw = data.encode() if isinstance(data, str) else data
        token = aes_gcm_encrypt(data)
        assert isinstance(token, bytes)
        assert aes_gcm_decrypt(token) == raw == aes_gcm_decrypt(token.decode())
    token = aes_gcm_encrypt("x", b"session")
    assert aes_gcm_decrypt(token, b"session") == b"x"
    with pytest.raises(InvalidTag):
        aes_gcm_decrypt(token)
    assert aes_gcm_decrypt(aes_gcm_encrypt("x", b""), None) == b"x"
    with pytest.raises(ValueError):
        aes_gcm_decrypt("!!")
    for wrong in (1, None, bytearray(b"x")):
        with pytest.raises(TypeError):
            aes_gcm_encrypt(wrong)
    with pytest.raises(TypeError):
        aes_gcm_encrypt("x", "text")


def test_token_of_a_key_without_vault(empty):
    empty.run("init", "-q")
    (empty.path / "credentials.yml.enc").unlink()
    assert aes_gcm_decrypt(aes_gcm_encrypt("x")) == b"x"


def test_too_large_a_token(vault):
    with pytest.raises(VaultError) as caught:
        aes_gcm_encrypt(b"x" * (50 << 20))
    assert caught.value.code == 2
    assert aes_gcm_decrypt(aes_gcm_encrypt("x")) == b"x"


def test_another_directory_is_another_vault(vault, tmp_path, monkeypatch):
    assert get_secret("db.password") == "correct horse"
    below = tmp_path / "other"
    below.mkdir()
    subprocess.run([vault.program, "init", "-q"], cwd=below, check=True)
    monkeypatch.chdir(below)
    assert get_secret("db.password") is None
    monkeypatch.chdir(tmp_path)
    assert get_secret("db.password") == "correct horse"


def test_the_program_is_missing(vault, monkeypatch, tmp_path):
    monkeypatch.setenv("FLASK_VAULT_BIN", str(tmp_path / "nothing"))
    with pytest.raises(VaultError, match="FLASK_VAULT_BIN"):
        get_secret("db.password")
    monkeypatch.delenv("FLASK_VAULT_BIN")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VaultError, match="not found in PATH.*go install"):
        get_secret("db.password")
