"""The commands ``flask vault …``: each is the program's own, word for word."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any, List

import click

from . import _binary
from .errors import VaultError

__all__ = ["vault_cli"]


class _VaultGroup(click.Group):
    """Hands all words to the program, but for commands that an app has added."""

    def parse_args(self, ctx: click.Context, args: List[str]) -> List[str]:
        if args and args[0] in self.commands:
            return super().parse_args(ctx, args)
        ctx.meta[__name__] = list(args)
        return []

    def invoke(self, ctx: click.Context) -> Any:
        words = ctx.meta.get(__name__)
        if words is None:
            return super().invoke(ctx)
        try:
            program = _binary.find()
        except VaultError as error:
            click.echo(f"flask-vault: {error.message}", err=True)
            click.echo(f"hint: {error.hint}", err=True)
            ctx.exit(error.code)
        ctx.exit(_run(program, words))


def _run(program: str, words: List[str]) -> int:
    # The name makes the program speak of "flask vault" in what it tells.
    argv = ["flask", "vault", *words]
    if sys.stdout is not sys.__stdout__ or sys.stderr is not sys.__stderr__:
        return _run_captured(program, argv)  # in a test of the app
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        return subprocess.run(argv, executable=program).returncode
    # The program takes our place: terminal, signals and exit code are its own.
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)  # Python ignores them
    os.execv(program, argv)


def _run_captured(program: str, argv: List[str]) -> int:
    done = subprocess.run(argv, executable=program, input=sys.stdin.read().encode(), capture_output=True)
    click.get_binary_stream("stdout").write(done.stdout)
    click.get_binary_stream("stderr").write(done.stderr)
    return done.returncode


vault_cli = _VaultGroup("vault", help="Secrets in an encrypted file in git, the key outside of it.")
