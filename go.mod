module github.com/flask-vault/flask-vault

go 1.26.0

require go.yaml.in/yaml/v4 v4.0.0

require pgregory.net/rapid v1.3.0

require github.com/pelletier/go-toml/v2 v2.4.3
