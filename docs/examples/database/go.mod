module github.com/flask-vault/flask-vault/docs/examples/database

go 1.26.0

require (
	github.com/flask-vault/flask-vault v0.0.0
	github.com/lib/pq v1.12.3
)

require (
	github.com/emmansun/base64 v0.7.0 // indirect
	github.com/fsnotify/fsnotify v1.9.0 // indirect
	github.com/gofrs/flock v0.13.2 // indirect
	github.com/pelletier/go-toml/v2 v2.4.3 // indirect
	go.yaml.in/yaml/v4 v4.0.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/flask-vault/flask-vault => ../../..
