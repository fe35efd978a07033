// Command pair times commands against each other as whole processes, in turn, so
// that a machine that is busy for a while slows all of them alike:
//
//	pair -n 30 'empty=./empty' 'get=flask-vault get db.password'
//
// It prints the median wall and CPU time (user and system, children included) of
// each, in milliseconds, and the median of the ratios to the first in the same
// round. A command is split at spaces and run without a shell.
//
// With -before COMMAND that one is run before each of them, and not timed. With
// -memory a column has the most memory that a command took at any time; it is
// at least what pair itself takes, and 0 where the system does not tell. With
// -faults a column has the median of the minor page faults: pages of memory that
// it touched for the first time, a measure that does not depend on how busy
// the machine is.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

type command struct {
	name      string
	args      []string
	wall, cpu []float64 // milliseconds, one a round
	faults    []float64 // minor page faults, one a round
	peak      float64   // MiB, of all rounds
}

func main() {
	n := flag.Int("n", 30, "rounds")
	before := flag.String("before", "", "a `command` to run before each, untimed")
	memory := flag.Bool("memory", false, "print the peak of memory")
	faults := flag.Bool("faults", false, "print the minor page faults")
	flag.Parse()
	var commands []*command
	for _, arg := range flag.Args() {
		name, line, ok := strings.Cut(arg, "=")
		if !ok || strings.TrimSpace(line) == "" {
			fmt.Fprintf(os.Stderr, "pair: %q is not NAME=COMMAND\n", arg)
			os.Exit(2)
		}
		commands = append(commands, &command{name: name, args: strings.Fields(line)})
	}
	if len(commands) == 0 || *n < 1 {
		fmt.Fprintln(os.Stderr, "usage: pair [-n ROUNDS] NAME=COMMAND...")
		os.Exit(2)
	}
	for round := range *n + 1 {
		for _, c := range commands {
			if *before != "" {
				if _, err := run(strings.Fields(*before)); err != nil {
					fmt.Fprintf(os.Stderr, "pair: %s: %v\n", *before, err)
					os.Exit(1)
				}
			}
			m, err := run(c.args)
			if err != nil {
				fmt.Fprintf(os.Stderr, "pair: %s: %v\n", c.name, err)
				os.Exit(1)
			}
			if round > 0 { // the first one warms up
				c.wall, c.cpu, c.peak = append(c.wall, m.wall), append(c.cpu, m.cpu), max(c.peak, m.peak)
				c.faults = append(c.faults, m.faults)
			}
		}
	}
	report(commands, *memory, *faults)
}

// measured is one run of a command, in the units of command.
type measured struct{ wall, cpu, peak, faults float64 }

func run(args []string) (measured, error) {
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec // running what it is given is its purpose
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return measured{}, fmt.Errorf("%w\n%s", err, out)
	}
	wall := float64(time.Since(start).Microseconds()) / 1000
	s := cmd.ProcessState
	cpu := float64((s.UserTime() + s.SystemTime()).Microseconds()) / 1000
	peak, faults := memoryOf(s)
	return measured{wall, cpu, peak, faults}, nil
}

func report(commands []*command, memory, faults bool) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\twall ms\tCPU ms\twall / %[1]s\tCPU / %[1]s", commands[0].name)
	if memory {
		fmt.Fprint(w, "\tpeak MiB")
	}
	if faults {
		fmt.Fprint(w, "\tfaults")
	}
	fmt.Fprintln(w)
	for _, c := range commands {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.2f\t%.2f", c.name, median(c.wall), median(c.cpu), ratio(c.wall, commands[0].wall), ratio(c.cpu, commands[0].cpu))
		if memory {
			fmt.Fprintf(w, "\t%.0f", c.peak)
		}
		if faults {
			fmt.Fprintf(w, "\t%.0f", median(c.faults))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
}

func ratio(a, b []float64) float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / max(b[i], 0.001)
	}
	return median(r)
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
