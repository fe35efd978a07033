"""A database connection whose user, password and name are in the vault."""

import psycopg2
from flask import Flask

from flask_vault.cli import vault_cli
from flask_vault.utils import get_secret

app = Flask(__name__)
app.cli.add_command(vault_cli)


def connect():
    """A connection with what the vault says now. Without db.host it is a server on this machine."""
    return psycopg2.connect(
        user=get_secret("db.username"),
        password=get_secret("db.password"),
        dbname=get_secret("db.name"),
        host=get_secret("db.host"),
    )


@app.route("/")
def index():
    connection = connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("select current_user, 6 * 7")
            user, answer = cursor.fetchone()
    finally:
        connection.close()
    return f"{user}: {answer}"
