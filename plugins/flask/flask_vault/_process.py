"""The child process that answers, over its pipes."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from typing import Any, Dict, Optional

from . import _binary
from .errors import VaultError, from_answer

PROTOCOL = 1

# How often a question is asked of a new child until it is given up.
_TRIES = 4


class Ended(Exception):
    """The child ended before it answered."""


class Process:
    """One ``flask-vault serve --stdio``, and the questions to it, one at a time.

    A child that has ended is replaced when it is asked the next time. Every
    question can be asked twice without harm, so none is lost.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Optional["subprocess.Popen[bytes]"] = None
        self._last_id = 0

    @property
    def pid(self) -> Optional[int]:
        """The process id of the child, None before the first question."""
        child = self._child
        return child.pid if child else None

    def ask(self, op: str, **arguments: Any) -> Dict[str, Any]:
        """The answer to a question, or its error as a VaultError."""
        with self._lock:
            for tries_left in range(_TRIES - 1, -1, -1):
                try:
                    return self._ask(op, arguments)
                except Ended as error:
                    if not tries_left:
                        raise VaultError(f"flask-vault serve --stdio {error}", 1) from None
            raise AssertionError("unreachable")

    def close(self) -> None:
        """Ends the child."""
        with self._lock:
            self._drop()

    def forget(self) -> None:
        """Lets go of the child without ending it: after a fork it is the parent's."""
        child, self._child, self._lock = self._child, None, threading.Lock()
        if child:
            self._close_pipes(child)
            child.returncode = 0  # nobody here has to wait for it

    def _ask(self, op: str, arguments: Dict[str, Any]) -> Dict[str, Any]:
        try:
            if self._child is None:
                self._start()
                self._exchange("hello", {"protocol": PROTOCOL})
            return self._exchange(op, arguments)
        except VaultError:
            raise
        except BaseException:
            # Whatever it was, an interrupt as well: an answer may still be on its way.
            self._drop()
            raise

    def _start(self) -> None:
        program = _binary.find()
        try:
            self._child = subprocess.Popen(
                [program, "serve", "--stdio"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # Ctrl-C at the terminal is for the app
            )
        except OSError as error:
            raise VaultError(f"{program} cannot be started: {error.strerror}", 1) from None

    def _exchange(self, op: str, arguments: Dict[str, Any]) -> Dict[str, Any]:
        self._last_id += 1
        question = {"id": self._last_id, "op": op, **arguments}
        try:
            self._write(json.dumps(question).encode() + b"\n")
            line = self._read_line()
        except OSError:
            line = b""
        if not line:
            raise Ended(self._how_it_ended())
        answer: Dict[str, Any] = json.loads(line)
        error = answer.get("error")
        if answer.get("id") != self._last_id and not (error and answer.get("id") == 0):
            raise Ended("answered another question")
        if error:
            raise from_answer(error["code"], error["message"], error.get("hint", ""))
        return answer

    def _write(self, data: bytes) -> None:
        assert self._child is not None and self._child.stdin is not None
        fd = self._child.stdin.fileno()
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]

    def _read_line(self) -> bytes:
        assert self._child is not None and self._child.stdout is not None
        fd = self._child.stdout.fileno()
        data = os.read(fd, 1 << 16)
        if data.endswith(b"\n"):  # there is one answer at a time
            return data
        parts = [data]
        while data and not data.endswith(b"\n"):
            data = os.read(fd, 1 << 16)
            parts.append(data)
        return b"".join(parts) if data else b""

    def _how_it_ended(self) -> str:
        assert self._child is not None
        try:
            code = self._child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "does not answer any more"
        return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        self._close_pipes(child)  # which ends it
        try:
            child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    @staticmethod
    def _close_pipes(child: "subprocess.Popen[bytes]") -> None:
        for pipe in (child.stdin, child.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    pass
