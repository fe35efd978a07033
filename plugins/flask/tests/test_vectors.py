"""What real vaults and tokens of Flask-Vault give, compared with what it gave itself."""

import base64
import json
import math
import os

import pytest

from conftest import CHECKOUT, copy_vector
from flask_vault import VaultError
from flask_vault.utils import aes_gcm_decrypt, get_secret

VECTORS = CHECKOUT / "backend" / "testdata" / "flask-vault"


def same(got, want):
    if isinstance(want, float) and math.isnan(want):
        return isinstance(got, float) and math.isnan(got)
    return type(got) is type(want) and got == want


@pytest.mark.parametrize("name", sorted(p.name for p in (VECTORS / "vaults").iterdir()))
def test_vault(empty, name):
    copy_vector(VECTORS / "vaults" / name, empty.path)
    expected = json.loads((VECTORS / "vaults" / name / "expected.json").read_text("utf-8"))
    assert expected
    for key, want in expected.items():
        got = get_secret(key)
        assert type(got).__name__ == want["type"], key
        if "value" in want:
            assert same(got, want["value"]), key
        else:
            assert repr(got) == want["repr"], key


@pytest.mark.parametrize("name", sorted(p.name for p in (VECTORS / "broken").iterdir()))
def test_broken_vault(empty, name):
    """A document that is not read is read for no key: Flask-Vault has it so, too, but for
    binary-not-utf8, where it fails for that one key alone. docs/flask.md says so."""
    copy_vector(VECTORS / "broken" / name, empty.path)
    for key in json.loads((VECTORS / "broken" / name / "expected.json").read_text("utf-8")):
        with pytest.raises(VaultError) as caught:
            get_secret(key)
        assert caught.value.code == 7


def by_key(name):
    tokens = {}
    for token in json.loads((VECTORS / name).read_text("utf-8")):
        tokens.setdefault(token["key_b64"], []).append(token)
    return tokens


def use_key(empty, key):
    path = empty.path / "new.key"
    path.write_text(key)
    os.chmod(path, 0o600)
    path.replace(empty.path / "master.key")


def associated(token):
    data = token["associated_data_b64"]
    return None if data is None else base64.b64decode(data)


def test_tokens_open(empty):
    opened = 0
    for key, tokens in by_key("tokens.json").items():
        use_key(empty, key)
        for token in tokens:
            for form in (token["token"], token["token"].encode()):
                assert aes_gcm_decrypt(form, associated(token)) == base64.b64decode(token["plaintext_b64"])
            opened += 1
    assert opened == 87


def test_bad_tokens_do_not(empty):
    from cryptography.exceptions import InvalidTag

    refused = 0
    for key, tokens in by_key("bad.json").items():
        try:
            use_key(empty, key)
        except OSError:
            continue
        for token in tokens:
            with pytest.raises((ValueError, InvalidTag, FileNotFoundError)) as caught:
                aes_gcm_decrypt(token["token"], associated(token))
            assert isinstance(caught.value, VaultError)
            refused += 1
    assert refused == 390
