//go:build faults && linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// asRoot skips, loudly, what needs mounts, where there are none to be had. With
// FLASK_VAULT_MOUNTS=1 that is a failure.
func asRoot(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k")
	if errors.Is(err, unix.EPERM) && os.Getenv("FLASK_VAULT_MOUNTS") == "" {
		fmt.Fprintf(os.Stderr, "NOT TESTED: %s needs root and the right to mount\n", t.Name())
		t.Skip("NOT TESTED: it needs root and the right to mount; FLASK_VAULT_MOUNTS=1 makes this a failure")
	}
	must(t, err)
	must(t, unix.Unmount(dir, 0))
}

// tmpfs mounts a file system in memory of a size such as 64k.
func tmpfs(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=755"))
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return dir
}

// TestFullDisk runs each command on a disk with room for 0, 1, 2, … more pages,
// until one is enough.
func TestFullDisk(t *testing.T) {
	asRoot(t)
	for _, c := range writers(fileSize(t)) {
		t.Run(c.name, func(t *testing.T) {
			template := newWorld(t, t.TempDir())
			c.setup(template)
			failed, full := 0, tmpfs(t, "4m")
			for pages := 0; ; pages = max(pages+1, pages*5/4) {
				if pages > 800 {
					t.Fatal("no room is enough")
				}
				s := &sweeping{t: t, c: &c, template: template, n: pages}
				w := template.copy(t, filepath.Join(full, "world"), filepath.Join(template.shm, fmt.Sprint(pages)))
				must(t, os.Mkdir(w.shm, 0o700))
				if c.driver {
					s.driver(w, static(t))
				}
				free := fill(t, full, pages)
				r := s.plain(w)
				must(t, os.Remove(filepath.Join(full, "filling")))
				if r.code == 0 && pages == 0 && c.name != "git merge in conflict" {
					t.Errorf("with %d free bytes it says that all is well", free)
				}
				got, err := s.examine(w, r, false)
				if err != nil {
					t.Errorf("%d pages: %v\nexit code %d\n%s", pages, err, r.code, r.stderr)
				}
				must(t, os.RemoveAll(w.root))
				if done := r.code == 0 || c.name == "git merge in conflict" && strings.Contains(r.stderr, "git resolve"); done || t.Failed() {
					t.Logf("%s: %d full disks survived, %d pages are enough (%v)", c.name, failed, pages, got)
					return
				}
				failed++
			}
		})
	}
}

// fill fills a file system but for some pages, and returns what is free.
func fill(t *testing.T, dir string, pages int) uint64 {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filling"))
	must(t, err)
	defer f.Close()
	page := make([]byte, os.Getpagesize())
	for n := int64(0); ; n++ {
		if _, err := f.Write(page); err != nil {
			must(t, f.Truncate(max(n-int64(pages), 0)*int64(len(page))))
			break
		}
	}
	var st unix.Statfs_t
	must(t, unix.Statfs(dir, &st))
	return st.Bavail * uint64(st.Bsize)
}

// plain runs the command without strace. The merge driver is set already.
func (s *sweeping) plain(w *world) result {
	line := append([]string{static(s.t)}, s.c.args(w)...)
	if s.c.driver {
		line[0] = "git"
	}
	var env []string
	if s.c.env != nil {
		env = s.c.env(w)
	}
	return w.do(s.c.stdin, env, line[0], line[1:]...)
}

// TestReadOnlyDirectory runs each command as somebody who may not write to the
// vault's directory, and on a file system that is mounted for reading alone.
func TestReadOnlyDirectory(t *testing.T) {
	asRoot(t) // to be somebody else
	for _, c := range writers(fileSize(t)) {
		t.Run(c.name, func(t *testing.T) {
			disk := tmpfs(t, "16m")
			must(t, os.Mkdir(filepath.Join(disk, "given"), 0o755))
			w := newWorld(t, disk)
			c.setup(w)
			s := &sweeping{t: t, c: &c, template: w}
			if c.driver {
				s.driver(w, static(t))
			}
			want := snapshot(t, w.root)

			must(t, unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
			r := s.plain(w)
			if r.code == 0 {
				t.Errorf("a disk that is mounted for reading alone: exit code 0\n%s", r.stderr)
			}
			must(t, unix.Mount("", disk, "", unix.MS_REMOUNT, ""))
			unchanged(t, want, snapshot(t, w.root))

			// The directories alone are closed; everything in them is open.
			must(t, filepath.WalkDir(disk, func(path string, d os.DirEntry, err error) error {
				if err != nil {
					return err
				}
				return os.Lchown(path, nobody, nobody)
			}))
			must(t, os.Chown(w.shm, nobody, nobody))
			must(t, os.Chmod(w.vault(), 0o555))
			want = snapshot(t, w.root)
			r = s.asNobody(w)
			if r.code == 0 {
				t.Errorf("a directory that may not be written to: exit code 0\n%s", r.stderr)
			}
			if entries, _ := os.ReadDir(w.shm); len(entries) > 0 {
				t.Errorf("%d directories are left in memory", len(entries))
			}
			unchanged(t, want, snapshot(t, w.root))
		})
	}
}

const nobody = 65534

// asNobody runs the command as a user whom modes hold back.
func (s *sweeping) asNobody(w *world) result {
	s.t.Helper()
	// The program lies where nobody may look.
	program := filepath.Join(filepath.Dir(w.root), "flask-vault")
	copied, err := os.ReadFile(static(s.t))
	must(s.t, err)
	must(s.t, os.WriteFile(program, copied, 0o755))
	must(s.t, os.Chmod(program, 0o755))
	for dir := filepath.Dir(w.root); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		must(s.t, os.Chmod(dir, 0o755))
	}
	line := append([]string{program}, s.c.args(w)...)
	if s.c.driver {
		s.driver(w, program)
		line[0] = "git"
	}
	var env []string
	if s.c.env != nil {
		env = s.c.env(w)
	}
	cmd, out, errs := w.start(s.t.Context(), s.c.stdin, env, line[0], line[1:]...)
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// snapshot is what lies in the vault, but for git's own files.
func snapshot(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(filepath.Join(root, "vault"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == ".git" {
			if d != nil && d.IsDir() {
				return filepath.SkipDir
			}
			return err
		}
		content := "a directory"
		if d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = string(text)
		}
		all[strings.TrimPrefix(path, root)] = content
		return nil
	}))
	return all
}

func unchanged(t *testing.T, want, got map[string]string) {
	t.Helper()
	var names []string
	for name := range want {
		names = append(names, name)
	}
	for name := range got {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if want[name] != got[name] {
			t.Errorf("%s is changed: it had %d bytes and has %d", name, len(want[name]), len(got[name]))
		}
	}
}
