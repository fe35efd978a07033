// Command watchers measures what programs that watch one vault cost its server:
//
//	watchers -n 500 etcd     # an etcd server on this machine, watches
//	watchers -n 500 relay    # a web server, asked again and again with an ETag
//
// All watchers are in this process, and the server is another one whose memory and
// processor time are read from /proc. Connections are without TLS, which adds about 50 KiB
// of memory each on the server and costs most when they are made.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
	"github.com/flask-vault/flask-vault/backend/https"
)

func main() {
	n := flag.Int("n", 500, "watchers")
	size := flag.Int("bytes", 4096, "bytes of the document")
	rounds := flag.Int("rounds", 10, "changes, or looks of each watcher")
	serve := flag.String("serve", "", "be the relay of this file")
	flag.Parse()
	var err error
	switch {
	case *serve != "":
		err = relay(*serve)
	case flag.Arg(0) == "etcd":
		err = measureEtcd(*n, *size, *rounds)
	case flag.Arg(0) == "relay":
		err = measureRelay(*n, *size, *rounds)
	default:
		err = fmt.Errorf("usage: watchers [-n WATCHERS] [-bytes SIZE] [-rounds ROUNDS] etcd|relay")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "watchers:", err)
		os.Exit(1)
	}
}

func measureEtcd(n, size, rounds int) error {
	dir, err := os.MkdirTemp("", "watchers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	client, peer := freeAddress(), freeAddress()
	server := exec.Command("etcd", "--data-dir", filepath.Join(dir, "data"), "--log-level", "error", "--listen-client-urls", "http://"+client, "--advertise-client-urls", "http://"+client,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "default=http://"+peer)
	if err := server.Start(); err != nil {
		return err
	}
	defer stop(server)
	url := "etcd+http://" + client + "/watchers"
	writer, err := etcd.Open(url, etcd.Options{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	var version backend.Version
	for version == "" {
		version, err = writer.Save(ctx, document(size), "")
		if err != nil && ctx.Err() != nil {
			return err
		}
	}
	before := usage(server.Process.Pid)
	var delivered atomic.Int64
	for range n {
		s, err := etcd.Open(url, etcd.Options{})
		if err != nil {
			return err
		}
		wg.Go(func() {
			defer s.Close()
			_ = s.Watch(ctx, version, func(backend.Snapshot) { delivered.Add(1) })
		})
	}
	// A change that all have seen says that all watch.
	for delivered.Load() < int64(n) {
		if version, err = writer.Save(ctx, document(size), version); err != nil {
			return err
		}
		time.Sleep(2 * time.Second)
	}
	time.Sleep(3 * time.Second)
	began, seen := usage(server.Process.Pid), delivered.Load()
	for range rounds {
		if version, err = writer.Save(ctx, document(size), version); err != nil {
			return err
		}
		for seen += int64(n); delivered.Load() < seen; time.Sleep(time.Millisecond) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	ended := usage(server.Process.Pid)
	fmt.Printf("| etcd | %d | %d | %.0f KiB | %.0f µs |\n", n, size, (began.kib-before.kib)/float64(n), 1e6*(ended.cpu-began.cpu)/float64(rounds*n))
	return nil
}

func measureRelay(n, size, rounds int) error {
	dir, err := os.MkdirTemp("", "watchers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "document")
	if err := os.WriteFile(file, document(size), 0o600); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	server := exec.Command(program, "-serve", file)
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer stop(server)
	address := make([]byte, 100)
	got, err := out.Read(address)
	if err != nil {
		return err
	}
	url := "http://" + strings.TrimSpace(string(address[:got])) + "/document"
	stores, versions := make([]*https.Store, n), make([]backend.Version, n)
	before := usage(server.Process.Pid)
	each := func(look func(i int) error) error {
		var failed atomic.Pointer[error]
		var wg sync.WaitGroup
		work := make(chan int)
		for range 64 {
			wg.Go(func() {
				for i := range work {
					if err := look(i); err != nil {
						failed.Store(&err)
					}
				}
			})
		}
		for i := range n {
			work <- i
		}
		close(work)
		wg.Wait()
		if err := failed.Load(); err != nil {
			return *err
		}
		return nil
	}
	err = each(func(i int) error {
		var err error
		if stores[i], err = https.Open(url, https.Options{}); err != nil {
			return err
		}
		snap, err := stores[i].Load(context.Background(), "")
		versions[i] = snap.Version
		return err
	})
	if err != nil {
		return err
	}
	began := usage(server.Process.Pid)
	for range rounds {
		err := each(func(i int) error {
			if _, err := stores[i].Load(context.Background(), versions[i]); err != backend.ErrNotModified { //nolint:errorlint // it is that very value
				return fmt.Errorf("nothing changed, and the relay says: %w", err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	ended := usage(server.Process.Pid)
	fmt.Printf("| relay | %d | %d | %.0f KiB | %.0f µs |\n", n, size, (began.kib-before.kib)/float64(n), 1e6*(ended.cpu-began.cpu)/float64(rounds*n))
	return nil
}

// relay serves a file, with an ETag, on a port of its own, which it prints.
func relay(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	begun := time.Now()
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // it is for this machine, for a minute
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", begun, bytes.NewReader(text))
	}))
}

func document(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

func stop(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0"
	}
	defer l.Close()
	return l.Addr().String()
}

// used is what a process has used: seconds of processor time, and memory in KiB now.
type used struct{ cpu, kib float64 }

func usage(pid int) used {
	const ticks = 100 // a second, on all Linux systems that Go runs on
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return used{}
	}
	number := func(i int) float64 { v, _ := strconv.ParseFloat(fields[i], 64); return v }
	return used{(number(11) + number(12)) / ticks, number(21) * float64(os.Getpagesize()) / 1024}
}
