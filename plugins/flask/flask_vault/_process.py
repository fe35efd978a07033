"""The child process that answers, over its pipes."""

from __future__ import annotations

import json
import math
import os
import select
import subprocess
import threading
from time import monotonic
from typing import Any, Dict, Optional

from . import _binary
from .errors import VaultError, from_answer

PROTOCOL = 1

# How often a question is asked of a new child until it is given up.
_TRIES = 4

# How long, in seconds, the child may leave a pipe as it is: FLASK_VAULT_TIMEOUT.
_TIMEOUT = 30.0


class Ended(Exception):
    """The child ended before it answered."""


class TimedOut(Ended):
    """The child is there, and does not answer."""


def timeout() -> float:
    """How long to wait for the child, in seconds."""
    text = os.environ.get("FLASK_VAULT_TIMEOUT", "")
    if not text:
        return _TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise VaultError("FLASK_VAULT_TIMEOUT is not a number of seconds above 0", 2, "unset it for 30 seconds")
    return min(seconds, 1e6)


class _End:
    """Our end of a pipe to the child.

    A program that closes all descriptors, as daemons do, closes this one, and its
    number may then be that of a file of the program's own. Neither is that file
    read or written, nor closed.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        info = os.fstat(fd)
        self._identity = info.st_dev, info.st_ino, info.st_mode

    def fd(self) -> int:
        info = os.fstat(self._fd)
        if (info.st_dev, info.st_ino, info.st_mode) != self._identity:
            raise OSError("the descriptor is another file's")
        return self._fd

    def close(self) -> None:
        try:
            os.close(self.fd())
        except OSError:
            pass
        self._identity = -1, -1, -1


class Process:
    """One ``flask-vault serve --stdio``, and the questions to it, one at a time.

    A child that has ended is replaced when it is asked the next time. Every
    question can be asked twice without harm, so none is lost.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Optional["subprocess.Popen[bytes]"] = None
        self._in: Optional[_End] = None  # the child's standard input
        self._out: Optional[_End] = None
        self._seconds = _TIMEOUT
        self._last_id = 0

    @property
    def pid(self) -> Optional[int]:
        """The process id of the child, None before the first question."""
        child = self._child
        return child.pid if child else None

    def ask(self, op: str, **arguments: Any) -> Dict[str, Any]:
        """The answer to a question, or its error as a VaultError."""
        with self._lock:
            timed_out = False
            for tries_left in range(_TRIES - 1, -1, -1):
                fresh = self._child is None
                try:
                    return self._ask(op, arguments)
                except TimedOut:
                    if timed_out or fresh:
                        raise VaultError(
                            f"flask-vault serve --stdio does not answer within {self._seconds:g} seconds, and was ended",
                            1,
                            "flask-vault doctor; where a key source asks a person, set FLASK_VAULT_TIMEOUT to more seconds",
                        ) from None
                    timed_out = True
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
        self._close_pipes()
        if child:
            child.returncode = 0  # nobody here has to wait for it

    def _ask(self, op: str, arguments: Dict[str, Any]) -> Dict[str, Any]:
        try:
            if self._child is None:
                self._start()
                self._exchange("hello", {"protocol": PROTOCOL})
            return self._exchange(op, arguments)
        except VaultError:
            raise
        except TimedOut:
            self._drop(kill=True)
            raise
        except BaseException:
            # Whatever it was, an interrupt as well: an answer may still be on its way.
            self._drop()
            raise

    def _start(self) -> None:
        self._seconds = timeout()
        program = _binary.find()
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        self._in, self._out = _End(ours_in), _End(ours_out)
        try:
            if os.name != "nt":
                os.set_blocking(ours_in, False)
            self._child = subprocess.Popen(
                [program, "serve", "--stdio"],
                stdin=theirs_in,
                stdout=theirs_out,
                start_new_session=True,  # Ctrl-C at the terminal is for the app
            )
        except OSError as error:
            raise VaultError(f"{program} cannot be started: {error.strerror}", 1) from None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
            if self._child is None:
                self._close_pipes()

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
        try:
            answer: Dict[str, Any] = json.loads(line)
            error = answer.get("error")
            if error:
                error = error["code"], error["message"], error.get("hint", "")
        except (ValueError, AttributeError, KeyError, TypeError):
            raise Ended("answers something that is not its protocol: is this program flask-vault?") from None
        if answer.get("id") != self._last_id and not (error and answer.get("id") == 0):
            raise Ended("answered another question")
        if error:
            raise from_answer(*error)
        return answer

    def _write(self, data: bytes) -> None:
        assert self._in is not None
        fd = self._in.fd()
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:
                self._wait(fd, write=True)

    def _read_line(self) -> bytes:
        assert self._out is not None
        fd = self._out.fd()
        parts = []
        while True:
            self._wait(fd)
            data = os.read(fd, 1 << 16)
            if not data:
                return b""
            parts.append(data)
            if data.endswith(b"\n"):  # there is one answer at a time
                return b"".join(parts)

    def _wait(self, fd: int, write: bool = False) -> None:
        """Waits until the child reads or writes."""
        if os.name == "nt":
            return  # a pipe cannot be waited for there: reading it waits, without a limit
        until = monotonic() + self._seconds
        while not _ready(fd, write, max(0.0, until - monotonic())):
            if monotonic() >= until:
                raise TimedOut("does not answer")

    def _how_it_ended(self) -> str:
        assert self._child is not None
        try:
            code = self._child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return "does not answer any more"
        return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"

    def _drop(self, kill: bool = False) -> None:
        child, self._child = self._child, None
        self._close_pipes()  # which ends it
        if child is None:
            return
        if kill:  # it may be stopped
            child.kill()
        try:
            child.wait(timeout=5 if kill else 0.5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _close_pipes(self) -> None:
        for end in (self._in, self._out):
            if end:
                end.close()
        self._in = self._out = None


def _ready(fd: int, write: bool, seconds: float) -> bool:
    """Whether a pipe is ready within so many seconds."""
    if not hasattr(select, "poll"):  # where eventlet has patched it away
        return any(select.select([] if write else [fd], [fd] if write else [], [], seconds))
    poll = select.poll()
    poll.register(fd, select.POLLOUT if write else select.POLLIN)
    return bool(poll.poll(seconds * 1000))
