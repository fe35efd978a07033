// Command storm simulates what happens when a server of a store comes back and all
// clients that it had connect again, with and without chance in their waits:
//
//	storm -svg storm.svg
//
// With -cost 0 a handshake costs what real ones cost here: mutual TLS 1.3 with keys on
// P-256 over the loopback. A server that answers a request over each, too, needs
// about twice that.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

func main() {
	clients := flag.Int("clients", 33_000, "clients that connect again")
	workers := flag.Int("cores", 2, "cores of the server")
	svg := flag.String("svg", "", "SVG to write")
	cost := flag.Duration("cost", 800*time.Microsecond, "processor time of a handshake and the first request; 0 measures handshakes")
	flag.Parse()
	if err := run(*clients, *workers, *cost, *svg); err != nil {
		fmt.Fprintln(os.Stderr, "storm:", err)
		os.Exit(1)
	}
}

// strategy is how clients wait before an attempt.
type strategy struct {
	name string
	wait func(attempt int, r *rand.Rand) time.Duration
}

const (
	first   = time.Second      // the shortest wait
	longest = 30 * time.Second // the longest

	patience = 5 * time.Second // as programs have it when they connect
)

// doubled is how long an attempt waits at most.
func doubled(attempt int) time.Duration { return min(first<<min(attempt, 10), longest) }

var strategies = []strategy{ //nolint:gochecknoglobals // a table
	{"1 s, always", func(attempt int, _ *rand.Rand) time.Duration {
		if attempt == 0 {
			return 0
		}
		return first
	}},
	{"1, 2, 4 … 30 s", func(attempt int, _ *rand.Rand) time.Duration {
		if attempt == 0 {
			return 0
		}
		return doubled(attempt - 1)
	}},
	{"by chance, up to 1, 2, 4 … 30 s", func(attempt int, r *rand.Rand) time.Duration {
		return time.Duration(r.Int64N(int64(doubled(attempt))))
	}},
	{"by chance, up to 10, 20, 30 s", func(attempt int, r *rand.Rand) time.Duration {
		return time.Duration(r.Int64N(int64(min(10*time.Second*time.Duration(attempt+1), longest))))
	}},
}

func run(clients, workers int, cost time.Duration, svg string) error {
	if cost == 0 {
		var err error
		if cost, err = handshake(); err != nil {
			return err
		}
	}
	const end = 2 * time.Minute
	fmt.Printf("%d clients, %d cores, %d µs of one core for a handshake: %.1f s at best\n\n", clients, workers, cost.Microseconds(),
		(cost * time.Duration(clients) / time.Duration(workers)).Seconds())
	fmt.Println("| clients wait | all are back after | attempts for each client | handshakes for nobody |")
	fmt.Println("|---|---|---|---|")
	var lines []line
	for _, st := range strategies {
		out := simulate(setup{
			Clients: clients, Workers: workers, Cost: cost, Patience: patience, Wait: st.wait,
		}, end, 250*time.Millisecond, 1)
		back := fmt.Sprintf("%.0f s", out.Done.Seconds())
		if !out.All {
			last := out.Samples[len(out.Samples)-1]
			back = fmt.Sprintf("never: %.0f %% after %.0f s", 100*float64(last.Connected)/float64(clients), end.Seconds())
		}
		fmt.Printf("| %s | %s | %.1f | %d |\n", st.name, back, float64(out.Attempts)/float64(clients), out.Wasted)
		lines = append(lines, line{st.name, out.Samples})
	}
	if svg == "" {
		return nil
	}
	return os.WriteFile(svg, chart(lines, clients, 60*time.Second), 0o644) //nolint:gosec // a drawing
}
