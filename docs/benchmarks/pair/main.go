// Command pair times commands against each other as whole processes, in turn, so
// that a machine that is busy for a while slows all of them alike:
//
//	pair -n 30 'empty=./empty' 'get=flask-vault get db.password'
//
// It prints the median wall and CPU time (user and system, children included) of
// each, in milliseconds, and the median of the ratios to the first in the same
// round. A command is split at spaces and run without a shell.
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
}

func main() {
	n := flag.Int("n", 30, "rounds")
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
			wall, cpu, err := run(c.args)
			if err != nil {
				fmt.Fprintf(os.Stderr, "pair: %s: %v\n", c.name, err)
				os.Exit(1)
			}
			if round > 0 { // the first one warms up
				c.wall, c.cpu = append(c.wall, wall), append(c.cpu, cpu)
			}
		}
	}
	report(commands)
}

func run(args []string) (wall, cpu float64, err error) {
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec // running what it is given is its purpose
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("%w\n%s", err, out)
	}
	wall = float64(time.Since(start).Microseconds()) / 1000
	s := cmd.ProcessState
	return wall, float64((s.UserTime() + s.SystemTime()).Microseconds()) / 1000, nil
}

func report(commands []*command) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\twall ms\tCPU ms\twall / %[1]s\tCPU / %[1]s\n", commands[0].name)
	for _, c := range commands {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.2f\t%.2f\n", c.name, median(c.wall), median(c.cpu), ratio(c.wall, commands[0].wall), ratio(c.cpu, commands[0].cpu))
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
