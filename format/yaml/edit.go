package yaml

import "github.com/flask-vault/flask-vault/format"

func (d *document) Set(path, value string) error {
	return &format.PathError{Path: path, Msg: "YAML cannot be changed yet"}
}

func (d *document) Unset(path string) error {
	return &format.PathError{Path: path, Msg: "YAML cannot be changed yet"}
}
