module github.com/flask-vault/flask-vault

go 1.26.0
