package file

import (
	"io/fs"
	"os"
	"syscall"
)

const noFollow = 0 // links need a privilege on Windows

// links is how many names a file has.
func links(f *os.File, _ fs.FileInfo) uint64 {
	var info syscall.ByHandleFileInformation
	if syscall.GetFileInformationByHandle(syscall.Handle(f.Fd()), &info) != nil {
		return 1
	}
	return uint64(info.NumberOfLinks)
}
