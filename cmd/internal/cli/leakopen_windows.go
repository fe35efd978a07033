package cli

import "os"

func openQuick(path string) (*os.File, error) { return os.Open(path) }
