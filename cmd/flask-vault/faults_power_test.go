//go:build faults && linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A disk is a file system in a file, whose power can be cut.
type disk struct {
	t     *testing.T
	image string
	dir   string // where it is mounted
}

// newDisk makes an ext4 file system. Its image is in memory: what counts is what
// the kernel had sent to it before the cut.
func newDisk(t *testing.T) *disk {
	t.Helper()
	d := &disk{t: t, image: filepath.Join(inMemory(t), "image"), dir: t.TempDir()}
	must(t, os.WriteFile(d.image, nil, 0o600))
	must(t, os.Truncate(d.image, 96<<20))
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v\n%s", err, out)
	}
	d.mount()
	t.Cleanup(func() { _ = d.unmount() })
	return d
}

// mount mounts it without the help that ext4 gives to programs that rename
// what they did not flush.
func (d *disk) mount() {
	d.t.Helper()
	if out, err := exec.Command("mount", "-o", "loop,noauto_da_alloc", d.image, d.dir).CombinedOutput(); err != nil {
		d.t.Fatalf("mount: %v\n%s", err, out)
	}
}

// unmount waits for the last process that has a file of it open.
func (d *disk) unmount() error {
	var err error
	for range 500 {
		if err = unix.Unmount(d.dir, 0); err != unix.EBUSY { //nolint:errorlint // a number of the system
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// cut takes the power away: nothing more reaches the disk, not even what the
// journal of the file system has in memory.
func (d *disk) cut() {
	d.t.Helper()
	const shutdown, withoutLogFlush = 0x8004587d, uint32(2) // EXT4_IOC_SHUTDOWN
	f, err := os.Open(d.dir)
	must(d.t, err)
	defer f.Close()
	flag := withoutLogFlush
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&flag))); errno != 0 { //nolint:gosec // an ioctl takes an address
		d.t.Fatalf("EXT4_IOC_SHUTDOWN: %v", errno)
	}
}

// flush waits until all of it is on the disk.
func (d *disk) flush() {
	d.t.Helper()
	f, err := os.Open(d.dir)
	must(d.t, err)
	defer f.Close()
	must(d.t, unix.Syncfs(int(f.Fd())))
}

// TestPowerCutsAreReal loses what was written as many programs write it.
func TestPowerCutsAreReal(t *testing.T) {
	asRoot(t)
	d := newDisk(t)
	path := filepath.Join(d.dir, "file")
	must(t, os.WriteFile(path, []byte("old"), 0o600))
	d.flush()
	must(t, os.WriteFile(path+".tmp", []byte("new"), 0o600))
	must(t, os.Rename(path+".tmp", path))
	d.cut()
	must(t, d.unmount())
	d.mount()
	if text, err := os.ReadFile(path); err == nil && string(text) == "new" {
		t.Error("what was never flushed is there after the cut: it was none")
	}
}

// TestPowerCuts cuts the power at a random moment of each command, while others
// write and flush on the same disk.
func TestPowerCuts(t *testing.T) {
	asRoot(t)
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		t.Fatal("mkfs.ext4 is missing: apt-get install e2fsprogs")
	}
	cuts := 1
	if everything() {
		cuts = 25
	}
	all, acknowledged := 0, 0
	for _, c := range append(writers(fileSize(t)), mergeDriver()) {
		if c.driver {
			continue // git writes the work tree, without a flush; our part is the merge driver
		}
		t.Run(c.name, func(t *testing.T) {
			d := newDisk(t)
			template := newWorld(t, t.TempDir())
			c.setup(template)
			p := &power{disk: d, sweeping: &sweeping{t: t, c: &c, template: template}}
			p.measure()
			for range cuts {
				p.once()
			}
			t.Logf("%s: %d power cuts survived; %d had been acknowledged and are there, %d left the old content, %d the new one",
				c.name, p.cuts, p.acknowledged, p.tally.before, p.tally.after)
			all, acknowledged = all+p.cuts, acknowledged+p.acknowledged
		})
	}
	t.Logf("all: %d power cuts survived, %d of them after the command had said that all is well", all, acknowledged)
}

type power struct {
	*sweeping
	disk               *disk
	took               time.Duration
	cuts, acknowledged int
}

// world copies the template to the disk, and waits until it is there.
func (p *power) world() *world {
	p.n++
	shm := filepath.Join(p.template.shm, fmt.Sprint(p.n))
	must(p.t, os.Mkdir(shm, 0o700))
	w := p.template.copy(p.t, filepath.Join(p.disk.dir, "world"), shm)
	p.disk.flush()
	return w
}

// measure finds out how long the command takes on this disk.
func (p *power) measure() {
	w := p.world()
	begun := time.Now()
	if r := p.plain(w); r.code != 0 {
		p.t.Fatalf("without a cut: exit code %d\n%s", r.code, r.stderr)
	}
	p.took = time.Since(begun)
	must(p.t, os.RemoveAll(w.root))
}

// once cuts the power during the command, or just after it.
func (p *power) once() {
	p.t.Helper()
	w := p.world()
	other, stop := context.WithCancel(p.t.Context())
	busy := exec.CommandContext(other, "sh", "-c", `n=0; while :; do n=$((n+1)); echo $n >other.$((n%5)); sync other.$((n%5)); done`)
	busy.Dir = p.disk.dir
	busy.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	busy.Cancel = func() error { return syscall.Kill(-busy.Process.Pid, syscall.SIGKILL) }
	must(p.t, busy.Start())

	ctx, cancel := context.WithTimeout(p.t.Context(), hangs)
	defer cancel()
	var env []string
	if p.c.env != nil {
		env = p.c.env(w)
	}
	cmd, out, errs := w.start(ctx, p.c.stdin, env, static(p.t), p.c.args(w)...)
	must(p.t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	moment := time.NewTimer(time.Duration(rand.Int64N(int64(p.took) * 5 / 4)))
	defer moment.Stop()
	<-moment.C
	p.disk.cut()
	<-ended
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	stop()
	_ = busy.Wait()
	must(p.t, p.disk.unmount())
	p.disk.mount()

	r := result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
	// Half of the cuts are to come before the end, however busy the machine is.
	if r.code == 0 {
		p.acknowledged++
		p.took = p.took * 4 / 5
	} else {
		p.took = p.took * 5 / 4
	}
	p.cuts++
	must(p.t, filepath.WalkDir(w.vault(), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().IsRegular() && info.Size() == 0 && !strings.HasSuffix(path, ".lock") && !strings.HasSuffix(path, ".tmp") {
			p.t.Errorf("%s is empty", path)
		}
		return err
	}))
	got, err := p.examine(w, r, true)
	if err != nil {
		p.t.Errorf("cut number %d: %v\nexit code %d\n%s", p.cuts, err, r.code, r.stderr)
	}
	if got == after {
		p.tally.after++
	} else {
		p.tally.before++
	}
	must(p.t, os.RemoveAll(w.root))
}

// mergeDriver is what git calls in a merge, on its own.
func mergeDriver() writer {
	ours := strings.ReplaceAll(oldDocument, oldSecret, "base") + "ours.new: 1\n"
	return writer{
		name: "git merge-driver",
		setup: func(w *world) {
			branches(w, "clean")
			for name, version := range map[string]string{"base": "ours~1", "ours": "ours", "theirs": "theirs"} {
				r := w.do("", nil, "git", "show", version+":credentials.yml.enc")
				must(w.t, os.WriteFile(w.in(name), []byte(r.stdout), 0o600))
			}
		},
		args: func(*world) []string {
			return []string{"git", "merge-driver", "base", "ours", "theirs", "credentials.yml.enc"}
		},
		look: func(w *world) (state, error) { return lookAt(w, "ours", ours, mergedDocument) },
	}
}
