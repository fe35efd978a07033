package cli

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/flask-vault/flask-vault/backend/config"
)

// seenFile is a file as it was before it was read.
type seenFile struct {
	path        string
	credentials bool // holds values, so the program looks at it, too
	info        os.FileInfo
}

func (f seenFile) changed() bool {
	info, err := os.Stat(f.path)
	if err != nil || f.info == nil {
		return err == nil || f.info != nil
	}
	return !os.SameFile(info, f.info) || info.Size() != f.info.Size() || info.Mode() != f.info.Mode() || !info.ModTime().Equal(f.info.ModTime())
}

// look notes all files that decide what is answered, as they are now.
func look(c *config.Config) []seenFile {
	var files []seenFile
	add := func(path string, credentials bool) {
		info, err := os.Stat(path)
		if err != nil {
			info = nil
		}
		files = append(files, seenFile{path, credentials, info})
	}
	if c.File != "" {
		add(c.File, false)
	} else {
		add(filepath.Join(c.Root, config.FileName), false)
	}
	add(c.Journal(), false)
	done := map[string]bool{}
	for at := c; at != nil && !done[at.Environment]; {
		done[at.Environment] = true
		add(at.Path(), true)
		add(at.LocalPath(), exists(at.LocalPath()))
		add(at.PreviousPath(), false)
		chain, _ := at.Sources() // what is wrong with them, opening says
		for _, source := range chain {
			if file, ok := source.(interface{ Path() string }); ok {
				add(file.Path(), false)
			}
		}
		if at.Base == "" {
			break
		}
		at, _ = at.In(at.Base)
	}
	return files
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func changed(files []seenFile) bool {
	return slices.ContainsFunc(files, seenFile.changed)
}
