"""An app of Flask-Vault 1.0, with the vault and the key as it left them, moves over."""

import base64
import json

import pytest

from conftest import CHECKOUT, copy_vector
from flask_vault import VaultError
from flask_vault.utils import aes_gcm_decrypt, aes_gcm_encrypt, get_secret

VECTORS = CHECKOUT / "backend" / "testdata" / "flask-vault"


def test_an_app_of_flask_vault_moves(empty):
    copy_vector(VECTORS / "vaults" / "web-app-k32", empty.path)
    key = empty.path / "master.key"
    tokens = [t for t in json.loads((VECTORS / "tokens.json").read_text("utf-8")) if t["key_b64"] == key.read_text().strip()]
    key.chmod(0o644)  # as flask vault init of 1.0 leaves it
    with pytest.raises(VaultError, match="0644") as caught:
        get_secret("db.password")
    assert "chmod 600" in caught.value.hint

    key.chmod(0o600)
    before = get_secret("db.password")
    assert before
    cryptography = pytest.importorskip("cryptography.hazmat.primitives.ciphers.aead")
    nonce = b"0123456789ab"
    raw = base64.urlsafe_b64decode(key.read_bytes())
    old = base64.urlsafe_b64encode(nonce + cryptography.AESGCM(raw).encrypt(nonce, b"of before", b""))
    assert aes_gcm_decrypt(old) == b"of before"
    with pytest.raises(VaultError, match="not a 128-bit key") as caught:
        aes_gcm_encrypt("x")
    assert "rekey" in caught.value.hint

    empty.run("rekey", "--no-input")
    assert get_secret("db.password") == before
    assert aes_gcm_decrypt(aes_gcm_encrypt("hello")) == b"hello"
    assert aes_gcm_decrypt(old) == b"of before"
    for token in tokens:
        if not token.get("aad_b64"):
            aes_gcm_decrypt(token["token"])
