package host_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// marked are the processes that have the mark of a test in their environment.
func marked(want string) (pids []int, names []string) {
	envs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range envs {
		env, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"="+want+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		name, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		pids = append(pids, pid)
		names = append(names, strings.ReplaceAll(string(name), "\x00", " "))
	}
	return pids, names
}

// zombies are our own children that nobody has waited for.
func zombies() (found []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, ok := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); ok && fields[0] == "Z" && fields[1] == strconv.Itoa(os.Getpid()) {
			found = append(found, path)
		}
	}
	return found
}

// nothingLeft fails the test if a process, a zombie or a file is left.
func (f *fixture) nothingLeft() {
	f.t.Helper()
	// A process that was killed may take a moment to be gone.
	gone := await(leeway, "", func() bool { pids, _ := marked(f.mark); return len(pids) == 0 })
	if pids, names := marked(f.mark); gone != nil && len(pids) > 0 {
		f.t.Errorf("processes are left: %q", names)
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if z := zombies(); len(z) > 0 {
		f.t.Errorf("zombies are left: %v", z)
	}
	for _, pattern := range []string{f.temp + "/*", f.store.Dir() + "/.*"} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			f.t.Errorf("files are left: %v", left)
		}
	}
}

// await waits until ok is true, for what another process does.
func await(most time.Duration, what string, ok func() bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(most)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			return fmt.Errorf("%s: not within %v", what, most)
		}
	}
	return nil
}
