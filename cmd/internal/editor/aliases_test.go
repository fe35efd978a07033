package editor

import "github.com/flask-vault/flask-vault/cmd/internal/private"

const (
	sessionPrefix = private.Prefix
	sharedMemory  = private.SharedMemory
)
