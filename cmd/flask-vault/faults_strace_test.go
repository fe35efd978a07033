//go:build faults && linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// calls are the calls of the system at which faults are injected, by the word
// for what they do. Each is injected on its own, since strace counts each name.
var calls = []string{
	"openat", "write", "pwrite64", "fsync", "fdatasync", "renameat", "renameat2", "rename",
	"linkat", "link", "unlinkat", "unlink", "close", "mkdirat", "fchmod", "ftruncate",
}

// call is one call in a trace.
type call struct {
	name     string
	site     string // the name, its files, and which of several such calls in the trace it is
	ordinal  int    // which of several such calls it is, from 1
	path     string // a file of it, if its name is the same every time
	nth      int    // of the calls of this name in its thread, from 1: what strace counts
	ours     bool   // on a file of the world, and not of the program's start
	injected bool   // with an error, or the one at which it was killed
}

// writes says whether the call itself decides what is on the disk.
func (c call) writes() bool {
	return slices.Contains([]string{"write", "pwrite64", "fsync", "fdatasync", "renameat", "renameat2", "linkat"}, c.name)
}

var (
	traced  = regexp.MustCompile(`^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$`)
	files   = regexp.MustCompile(`"([^"]+)"|[( ]\d+<(/[^>]*)>`) // of the arguments: names, and open files
	changes = regexp.MustCompile(`/\.flask-vault-[0-9a-f]+\.tmp|/flask-vault-edit-\d+-\d+|/\.merge_file_\w+|/(?:proc|task|fd)/\d+|/#\d+`)
)

// readTrace reads the output of strace -f -y. Sites name the directories of roots
// by their word, and random names by *. work is the working directory.
func readTrace(t *testing.T, path string, work string, roots map[string]string) []call {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var all []call
	count := map[string]int{} // by thread and name
	seen := map[string]int{}  // by site
	open := map[string]int{}  // the unfinished call of a thread
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		m := traced.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		thread, name, rest := m[1], m[2], m[3]
		injected := strings.HasSuffix(line, "(INJECTED)")
		if strings.Contains(line, " resumed>") {
			if i, ok := open[thread]; ok {
				all[i].injected = all[i].injected || injected
				delete(open, thread)
			}
			continue
		}
		site, path := name, ""
		// What a call gives back is not part of it: a call that fails gives back nothing.
		arguments, _, _ := strings.Cut("("+rest, ") = ")
		for _, m := range files.FindAllStringSubmatch(arguments, -1) {
			f := m[1] + m[2]
			if !filepath.IsAbs(f) {
				f = filepath.Join(work, f)
			}
			for dir, word := range roots {
				f = strings.Replace(f, dir, word, 1)
			}
			if fixed := changes.ReplaceAllString(f, "/*"); fixed == f {
				path = f
			}
			site += " " + changes.ReplaceAllString(f, "/*")
		}
		count[thread+name]++
		seen[site]++
		c := call{name: name, site: fmt.Sprintf("%s #%d", site, seen[site]), ordinal: seen[site], path: path, nth: count[thread+name], injected: injected}
		for _, word := range roots {
			c.ours = c.ours || strings.Contains(site, word)
		}
		all = append(all, c)
		if strings.HasSuffix(line, "<unfinished ...>") {
			open[thread] = len(all) - 1
		}
	}
	return all
}

// hitBy are the calls that the fault hit: those with an error injected, or, if
// it kills, the calls of that name and number that never returned.
func hitBy(t *testing.T, path string, all []call, f fault) []call {
	t.Helper()
	var hit []call
	if f.kills() {
		text, err := os.ReadFile(path)
		must(t, err)
		if !strings.Contains(string(text), "+++ killed by SIGKILL +++") {
			return nil
		}
	}
	for _, c := range all {
		// What is killed at its nth call has no call after it.
		if c.injected || f.kills() && c.name == f.call && c.nth == f.nth {
			hit = append(hit, c)
		}
	}
	return hit
}

// fault is what happens at one call.
type fault struct {
	call string
	what string // SIGKILL, or the name of an error
	nth  int
	path string // if set, only calls on this file count
}

func (f fault) kills() bool { return f.what == "SIGKILL" }

// naming says whether a program that ends so may have been between giving a file a
// temporary name and giving it its own.
func (f fault) naming() bool {
	return f.kills() && slices.Contains([]string{"linkat", "close", "renameat", "renameat2"}, f.call)
}

func (f fault) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s at %s %d %s", f.what, f.call, f.nth, f.path))
}

// strace is the command line that has strace start a program, which comes after it.
// With no fault it only traces.
func strace(output string, f *fault) []string {
	// With -b, an editor or git that it starts goes its own way, and its calls do
	// not count.
	line := []string{"strace", "-f", "-b", "execve", "-qq", "-y", "-s", "0", "-o", output, "-e", "trace=" + strings.Join(calls, ",")}
	if f == nil {
		return line
	}
	how := "error=" + f.what
	if f.kills() {
		how = "signal=KILL"
	}
	if f.path != "" {
		line = append(line, "-P", f.path)
	}
	return append(line, "-e", fmt.Sprintf("inject=%s:%s:when=%d", f.call, how, f.nth))
}
