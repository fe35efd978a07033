"""A page with a form that decrypts what is sent to it."""

from flask import Flask, render_template_string, request

from flask_vault.cli import vault_cli
from flask_vault.utils import aes_gcm_decrypt

app = Flask(__name__)
app.cli.add_command(vault_cli)

PAGE = """<!doctype html>
<title>decrypt</title>
<form method="post"><textarea name="data"></textarea><button>decrypt</button></form>
{% if result is not none %}<output>{{ result }}</output>{% endif %}
"""


@app.route("/decrypt", methods=["GET", "POST"])
def decrypt():
    result = None
    if request.method == "POST":
        result = aes_gcm_decrypt(request.form["data"]).decode()
    return render_template_string(PAGE, result=result)
