"""The functions that a Flask app calls."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, Optional, Union

from . import _client
from ._client import close
from .errors import VaultError, VaultTypeError

__all__ = ["aes_gcm_decrypt", "aes_gcm_encrypt", "close", "get_secret"]


def get_secret(key: str) -> Any:
    """The value of a key of the vault, None if there is none.

    It has the type that YAML gives it: ``0123`` is the number 83, as with
    Flask-Vault. A path such as ``db.password`` is the key that is spelled so
    first, then ``password`` in the mapping ``db``.
    """
    if not isinstance(key, str):
        raise VaultTypeError(f"a key of the vault is a str, not {type(key).__name__}", 2)
    return _client.current().get(key)


def aes_gcm_encrypt(data: Union[str, bytes], associated_data: Optional[bytes] = None) -> bytes:
    """A token of the data, which is safe in URLs and cookies. Text is taken as UTF-8.

    The associated data is not in the token: opening it needs the same again.
    """
    answer = _client.current().process.ask("seal", data=_base64(_bytes(data)), aad=_base64(_associated(associated_data)))
    token: str = answer["token"]
    return token.encode("ascii")


def aes_gcm_decrypt(data: Union[str, bytes], associated_data: Optional[bytes] = None) -> bytes:
    """The data of a token."""
    raw = _bytes(data)
    if len(raw) > _MOST * 4 // 3:
        raise VaultError("the token is too long", 2, "flask vault decrypt FILE decrypts a file of any size")
    token = raw.decode("utf-8", "replace")
    answer = _client.current().process.ask("open", token=token, aad=_base64(_associated(associated_data)))
    return b64decode(answer["data"])


def _bytes(data: Union[str, bytes]) -> bytes:
    if isinstance(data, str):
        return data.encode("utf-8")
    if isinstance(data, bytes):
        return data
    raise VaultTypeError(f"str or bytes are needed, not {type(data).__name__}", 2)


def _associated(data: Optional[bytes]) -> bytes:
    if data is None or isinstance(data, bytes):
        return data or b""
    raise VaultTypeError(f"associated data has to be bytes, not {type(data).__name__}", 2)


# The program reads lines of at most 64 MiB; base64 takes a third more.
_MOST = 47 << 20


def _base64(data: bytes) -> str:
    if len(data) > _MOST:
        raise VaultError(f"at most {_MOST >> 20} MiB are possible", 2, "flask vault encrypt FILE encrypts a file of any size")
    return b64encode(data).decode("ascii")
