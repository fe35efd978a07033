"""Secrets of a Flask app, read by the program flask-vault.

``flask_vault.utils`` has the functions, ``flask_vault.cli`` the commands, and
``flask_vault.errors`` what they raise.
"""

from .errors import VaultError

__all__ = ["VaultError"]
