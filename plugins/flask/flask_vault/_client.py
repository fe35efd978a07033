"""A vault as a Python process sees it: all values in memory, which follow the files."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from time import monotonic
from typing import Any, Dict, List, Optional, Tuple

from . import _values
from ._process import Process

_log = logging.getLogger("flask_vault")

# How long, in seconds, until the program is asked whether anything changed that a
# look at the credentials files does not show: the configuration, a local file.
_ASK_AFTER = 0.5

# How many values that are not in the snapshot, mappings and missing ones, are kept.
_EXTRAS = 10_000

_State = Tuple[int, int, int]


class _Snapshot:
    """All values of one version. Only ``extra`` and ``ask_at`` change."""

    __slots__ = ("version", "values", "extra", "files", "ask_at")

    def __init__(self, version: str, values: Dict[str, Any], files: List[Tuple[str, Optional[_State]]]) -> None:
        self.version = version
        self.values = values
        self.extra: Dict[str, Any] = {}
        self.files = files
        self.ask_at = monotonic() + _ASK_AFTER

    def is_fresh(self) -> bool:
        return monotonic() < self.ask_at and self.is_unchanged()

    def is_unchanged(self) -> bool:
        """Whether the files are those that the values are of."""
        try:
            for path, state in self.files:
                info = os.stat(path)
                if (info.st_mtime_ns, info.st_size, info.st_ino) != state:
                    return False
        except OSError:
            return all(_state(path) == state for path, state in self.files)
        return True


def _state(path: str) -> Optional[_State]:
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino


class Client:
    """The vault of one working directory."""

    def __init__(self) -> None:
        self.process = Process()
        self._snapshot: Optional[_Snapshot] = None
        self._lock = threading.Lock()
        self._said = ""

    def get(self, key: str) -> Any:
        """The value at a key, None if there is none."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.is_fresh():
            snapshot = self._refresh(snapshot)
        try:
            return _values.own(snapshot.values[key])
        except KeyError:
            return self._extra(snapshot, key)

    def after_fork(self) -> None:
        """Makes a copy in a child process independent of the parent."""
        self.process.forget()
        self._lock = threading.Lock()

    def _extra(self, snapshot: _Snapshot, key: str) -> Any:
        """A value that the snapshot does not list: a mapping, or none at all."""
        try:
            return _values.own(snapshot.extra[key])
        except KeyError:
            pass
        answer = self.process.ask("get", key=key)
        value = _values.decode_secret(answer["value"])
        if answer["version"] == snapshot.version:
            if len(snapshot.extra) >= _EXTRAS:
                snapshot.extra = {}
            snapshot.extra[key] = _values.own(value)
        else:
            snapshot.ask_at = 0.0
        return value

    def _refresh(self, old: Optional[_Snapshot]) -> _Snapshot:
        # While one thread asks, the others go on with what there is, if it is of the
        # files as they are.
        if not self._lock.acquire(blocking=False):
            if old is not None and old.ask_at and old.is_unchanged():
                return old
            self._lock.acquire()
        try:
            current = self._snapshot
            if current is not None and current.is_fresh():
                return current
            self._snapshot = current = self._ask(current)
            return current
        finally:
            self._lock.release()

    def _ask(self, old: Optional[_Snapshot]) -> _Snapshot:
        """A snapshot, and the files as they were before it was made."""
        paths = [path for path, _ in old.files] if old else []
        version, values = (old.version, old.values) if old else ("", {})
        while True:
            files = [(path, _state(path)) for path in paths]
            answer = self.process.ask("snapshot", have=version)
            self._note(answer.get("stale"))
            if "values" in answer:
                values = {key: _values.decode_secret(value) for key, value in answer["values"].items()}
            version, known, paths = answer["version"], paths, answer["files"]
            if paths == known:  # else a change in between would go unseen: once more
                break
        if old is not None and old.version == version:
            old.files, old.ask_at = files, monotonic() + _ASK_AFTER
            return old
        return _Snapshot(version, values, files)

    def _note(self, stale: Optional[Dict[str, Any]]) -> None:
        """Tells once that a change could not be taken up."""
        text = f"{stale['message']} (hint: {stale.get('hint', '')})" if stale else ""
        if text and text != self._said:
            _log.error("the vault's last change cannot be read, the values of before stay in use: %s", text)
        self._said = text


_clients: Dict[str, Client] = {}
_clients_lock = threading.Lock()


def current() -> Client:
    """The client of the working directory, as Flask-Vault goes by that."""
    try:
        return _clients[os.getcwd()]
    except (KeyError, OSError):
        return _make()


def _make() -> Client:
    try:
        where = os.getcwd()
    except OSError:  # it was removed
        where = ""
    with _clients_lock:
        if where not in _clients:
            for other in _clients.values():  # whoever changes directory rarely comes back
                other.process.close()
            _clients[where] = Client()
        return _clients[where]


def close() -> None:
    """Ends all child processes and forgets all values."""
    with _clients_lock:
        for client in _clients.values():
            client.process.close()
        _clients.clear()


def _after_fork() -> None:
    global _clients_lock
    _clients_lock = threading.Lock()
    for client in _clients.values():
        client.after_fork()


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
