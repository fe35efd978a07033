package host_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/host"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// A host that is killed cannot clean up, and yet nothing of it is left.
func TestKilledHostLeavesNothing(t *testing.T) {
	for way, path := range map[string]string{"in process": "", "pluginhost": pluginHost(t)} {
		t.Run(way, func(t *testing.T) {
			f := newFixture(t)
			f.installSelf("as-hang-call")
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, "load-for-ever", f.store.Dir(), path)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil || line != "hanging\n" {
				t.Fatalf("the plugin said %q, %v", line, err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			// The fixture looks for processes, sockets and directories.
			if err := await(leeway, "plugin and host are gone", func() bool {
				pids, _ := marked(f.mark)
				left, _ := filepath.Glob(f.temp + "/*")
				return len(pids) == 0 && len(left) == 0
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

// A child that leaves the plugin's session cannot be killed with it, but it
// cannot hold up the host either.
func TestAChildThatEscapesDoesNotHoldUpTheHost(t *testing.T) {
	f := newFixture(t)
	f.installSelf("as-escapes")
	start := time.Now()
	if k, err := f.load("as-escapes", nil); err != nil || k.Text() != fixedKey {
		t.Errorf("got %v, %v", k, err)
	}
	if took := time.Since(start); took > leeway {
		t.Errorf("it took %v", took)
	}
	pids, _ := marked(f.mark)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// TestSwapLoop replaces the executable in a loop while it is started: by
// renaming another over it and by writing into it. Whatever happens, what was
// not checked does not run. FLASK_VAULT_SWAPS sets the number of starts.
func TestSwapLoop(t *testing.T) {
	starts := 200
	if n, err := strconv.Atoi(os.Getenv("FLASK_VAULT_SWAPS")); err == nil {
		starts = n
	}
	f := newFixture(t)
	const good = "echo '{\"key\":\"" + fixedKey + "\"}'\n"
	f.installScript("swapped", good)
	r, err := f.store.Get("swapped")
	if err != nil {
		t.Fatal(err)
	}
	ran := filepath.Join(t.TempDir(), "ran")
	path := filepath.Join(f.store.Dir(), r.File)
	goodText, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// As long as the good one, so that neither size nor a cut read tells them apart.
	bad := []byte("#!/bin/sh\n>" + ran + "\n")
	for len(bad) < len(goodText) {
		bad = append(bad, '\n')
	}
	stop, done := make(chan struct{}), sync.WaitGroup{}
	done.Go(func() {
		temp := filepath.Join(filepath.Dir(ran), "new")
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			text := goodText
			if i%2 == 0 {
				text = bad
			}
			if i%3 == 0 { // in place
				if w, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
					_, _ = w.WriteAt(text, 0)
					_ = w.Truncate(int64(len(text)))
					_ = w.Close()
				}
				continue
			}
			if os.WriteFile(temp, text, 0o700) == nil {
				_ = os.Rename(temp, path)
			}
		}
	})
	src, err := host.New("swapped", nil, f.o)
	if err != nil {
		t.Fatal(err)
	}
	keys, refused := 0, 0
	for range starts {
		k, err := src.Load(t.Context())
		var e *external.Error
		switch {
		case err == nil && k.Text() == fixedKey:
			keys++
		case errors.As(err, &e) && e.Code == external.Untrusted:
			refused++
		default:
			t.Errorf("got %v, %v", k, err)
		}
	}
	close(stop)
	done.Wait()
	if _, err := os.Stat(ran); err == nil {
		t.Error("an executable ran that was not checked")
	}
	if keys == 0 || refused == 0 {
		t.Errorf("%d keys and %d refusals: the race was not met", keys, refused)
	}
	t.Logf("%d starts: %d keys, %d refusals", starts, keys, refused)
}

// flask-vault-pluginhost takes a program from its caller only if nobody can
// change it any more.
func TestPluginHostRefusesAProgramThatIsNotSealed(t *testing.T) {
	f := newFixture(t)
	f.installSelf("as-good")
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	for _, files := range [][]*os.File{{self}, nil} {
		cmd := exec.Command(pluginHost(t))
		cmd.Env = append(os.Environ(), trust.EnvDir+"="+f.store.Dir())
		cmd.Stdin = strings.NewReader(`{"op":"load","contract":1,"plugin":"as-good","checked":true}` + "\n")
		cmd.ExtraFiles = files
		out, err := cmd.Output()
		if err != nil || !strings.HasPrefix(string(out), `{"error":{`) {
			t.Errorf("got %s, %v", out, err)
		}
	}
}
