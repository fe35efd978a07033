//go:build linux

// Command growth measures how the time and the memory of commands grow with the
// number of values and with the size of files, and draws it:
//
//	growth -dir /dev/shm -keys keys.svg -files files.svg ./flask-vault
//
// Each point is the median of several runs: CPU time (user and system) and peak
// memory as the operating system accounts for them. It needs twice the largest
// file of space in -dir.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	dir := flag.String("dir", os.TempDir(), "where the vaults and files go")
	keys := flag.String("keys", "", "SVG to write, growth with the number of values")
	files := flag.String("files", "", "SVG to write, growth with the size of files")
	rounds := flag.Int("n", 3, "runs of each command")
	most := flag.Int("mib", 4096, "size of the largest file, MiB")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: growth [-dir DIR] [-keys SVG] [-files SVG] FLASK-VAULT")
		os.Exit(2)
	}
	program, err := filepath.Abs(flag.Arg(0))
	if err == nil {
		err = run(&bench{program: program, rounds: *rounds}, *dir, *keys, *files, *most)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "growth:", err)
		os.Exit(1)
	}
}

func run(b *bench, dir, keys, files string, most int) error {
	work, err := os.MkdirTemp(dir, "growth")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if keys != "" {
		lines, err := b.keys(work, []int{10, 100, 1_000, 10_000, 100_000})
		if err != nil {
			return err
		}
		fmt.Print(table("values", lines))
		if err := os.WriteFile(keys, chart("values in the vault", lines), 0o644); err != nil { //nolint:gosec // a drawing
			return err
		}
	}
	if files != "" {
		var sizes []int
		for mib := 1; mib <= most; mib *= 4 {
			sizes = append(sizes, mib)
		}
		lines, err := b.files(work, sizes)
		if err != nil {
			return err
		}
		fmt.Print(table("MiB", lines))
		return os.WriteFile(files, chart("size of the file, MiB", lines), 0o644) //nolint:gosec // a drawing
	}
	return nil
}

type bench struct {
	program string
	rounds  int
}

// keys measures the commands that read or change a vault of so many values.
func (b *bench) keys(work string, counts []int) ([]line, error) {
	names := []string{"get", "list", "set", "export", "import"}
	lines := newLines(names)
	for _, n := range counts {
		dir := filepath.Join(work, fmt.Sprint(n))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "service%d.key%d: \"%06d-a-secret-of-thirty-bytes\"\n", i/10, i%10, i)
		}
		if err := os.WriteFile(filepath.Join(dir, "plain.yml"), []byte(text.String()), 0o600); err != nil {
			return nil, err
		}
		if _, err := b.once(dir, "init", "-q"); err != nil {
			return nil, err
		}
		empty, err := os.ReadFile(filepath.Join(dir, "credentials.yml.enc"))
		if err != nil {
			return nil, err
		}
		if _, err := b.once(dir, "import", "-q", "plain.yml"); err != nil {
			return nil, err
		}
		for i, name := range names {
			args := map[string][]string{
				"get":    {"get", "service0.key7"},
				"list":   {"list"},
				"set":    {"set", "-q", "service0.key7", "--generate"},
				"export": {"export", "--format", "json"},
				"import": {"import", "-q", "plain.yml"},
			}[name]
			p, err := b.median(func() (point, error) {
				if name == "import" { // into an empty vault each time
					if err := os.WriteFile(filepath.Join(dir, "credentials.yml.enc"), empty, 0o600); err != nil {
						return point{}, err
					}
				}
				return b.once(dir, args...)
			})
			if err != nil {
				return nil, err
			}
			p.x = float64(n)
			lines[i].points = append(lines[i].points, p)
		}
	}
	return lines, nil
}

// files measures whole files.
func (b *bench) files(work string, sizes []int) ([]line, error) {
	names := []string{"encrypt", "decrypt to a file", "decrypt to a pipe"}
	lines := newLines(names)
	if _, err := b.once(work, "init", "-q"); err != nil {
		return nil, err
	}
	plain := filepath.Join(work, "plain")
	for _, mib := range sizes {
		if err := grow(plain, int64(mib)<<20); err != nil {
			return nil, err
		}
		for i, args := range [][]string{
			{"encrypt", "-q", "plain", "-o", "sealed.enc"},
			{"decrypt", "-q", "sealed.enc", "-o", "back"},
			{"decrypt", "-q", "sealed.enc"},
		} {
			p, err := b.median(func() (point, error) {
				if args[0] == "encrypt" {
					_ = os.Remove(filepath.Join(work, "sealed.enc"))
				}
				defer os.Remove(filepath.Join(work, "back"))
				return b.once(work, args...)
			})
			if err != nil {
				return nil, err
			}
			p.x = float64(mib)
			lines[i].points = append(lines[i].points, p)
		}
		_ = os.Remove(filepath.Join(work, "sealed.enc"))
	}
	return lines, nil
}

// grow makes a file of so many bytes that are not all alike.
func grow(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * i >> 7)
	}
	for at := int64(0); at < size && err == nil; at += int64(len(block)) {
		_, err = f.Write(block)
	}
	return errors.Join(err, f.Close())
}

func (b *bench) median(run func() (point, error)) (point, error) {
	var all []point
	for range b.rounds {
		p, err := run()
		if err != nil {
			return point{}, err
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(x, y point) int { return int(1e6 * (x.cpu - y.cpu)) })
	return all[len(all)/2], nil
}

// once runs the program in dir, its output thrown away through a pipe.
func (b *bench) once(dir string, args ...string) (point, error) {
	cmd := exec.Command(b.program, args...) //nolint:gosec // the program under test
	cmd.Dir = dir
	var message strings.Builder
	cmd.Stderr = &message
	out, err := cmd.StdoutPipe()
	if err != nil {
		return point{}, err
	}
	if err := cmd.Start(); err != nil {
		return point{}, err
	}
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		return point{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, message.String())
	}
	s := cmd.ProcessState
	usage := s.SysUsage().(*syscall.Rusage)
	return point{cpu: (s.UserTime() + s.SystemTime()).Seconds(), mib: float64(usage.Maxrss) / 1024}, nil
}
