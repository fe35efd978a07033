//go:build !linux

package durable

import (
	"errors"
	"os"
)

// openUnnamed is for systems whose files can be without a name and get one later.
func openUnnamed(string) (*os.File, error) { return nil, errors.ErrUnsupported }

func linkUnnamed(*os.File, string) error { return errors.ErrUnsupported }
