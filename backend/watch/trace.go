package watch

import (
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many symbolic links are followed for one file, as by Linux.
const maxLinks = 40

// trace follows paths through symbolic links, as Kubernetes has them: master.key
// leads to ..data/master.key, and ..data to a directory that is another one at every
// change. It returns the directories in which a change can change what the paths
// lead to, and the paths in them on the way. Of a file in a directory that is not
// there, it is the nearest one that is.
func trace(files []string) (dirs, names map[string]bool) {
	dirs, names = map[string]bool{}, map[string]bool{}
	for _, file := range files {
		if !filepath.IsAbs(file) {
			here, err := os.Getwd()
			if err != nil {
				continue
			}
			file = here + separator + file // not cleaned: link/.. is not the directory that link is in
		}
		follow(file, dirs, names)
	}
	return dirs, names
}

const separator = string(filepath.Separator)

func follow(path string, dirs, names map[string]bool) {
	at, rest := split(path) // at is a directory, and no link leads to it
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == ".." {
			at = filepath.Dir(at)
			continue
		}
		here := filepath.Join(at, name)
		info, err := os.Lstat(here)
		link := err == nil && info.Mode()&os.ModeSymlink != 0
		if link || err != nil || len(rest) == 0 {
			dirs[at], names[here] = true, true
		}
		if err != nil {
			return
		}
		if !link {
			at = here
			continue
		}
		target, err := os.Readlink(here)
		if links++; err != nil || links > maxLinks {
			return
		}
		if !filepath.IsAbs(target) {
			target = at + separator + target
		}
		top, steps := split(target)
		at, rest = top, append(steps, rest...)
	}
}

// split is the root that an absolute path begins with, and the steps from there.
func split(path string) (root string, steps []string) {
	root = filepath.VolumeName(path) + separator
	for _, step := range strings.Split(filepath.FromSlash(path[len(root):]), separator) {
		if step != "" && step != "." {
			steps = append(steps, step)
		}
	}
	return root, steps
}
