"""A database connection whose user, password and name are in the vault."""

import sqlite3

from flask import Flask

from flask_vault.cli import vault_cli
from flask_vault.utils import get_secret

app = Flask(__name__)
app.cli.add_command(vault_cli)


def connect():
    """A connection, as the driver of a server takes its three words. SQLite needs one of them."""
    options = {
        "user": get_secret("db.username"),
        "password": get_secret("db.password"),
        "database": get_secret("db.name"),
    }
    if not all(options.values()):
        raise RuntimeError("the vault has no db.username, db.password or db.name")
    return sqlite3.connect(options["database"]), options["user"]


@app.route("/")
def index():
    connection, user = connect()
    answer = connection.execute("select 6 * 7").fetchone()[0]
    connection.close()
    return f"{user}: {answer}"
