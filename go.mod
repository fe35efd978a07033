module github.com/flask-vault/flask-vault

go 1.26.0

require (
	github.com/kballard/go-shellquote v0.0.0-20180428030007-95032a82bc51
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
)
