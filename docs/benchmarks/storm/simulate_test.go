package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestSimulate holds the simulation to what can be worked out by hand.
func TestSimulate(t *testing.T) {
	at := func(every time.Duration) func(int, *rand.Rand) time.Duration {
		return func(attempt int, _ *rand.Rand) time.Duration { return every * time.Duration(min(attempt, 1)) }
	}
	s := setup{Clients: 1000, Workers: 2, Cost: time.Millisecond, Patience: time.Second, Wait: at(time.Second)}
	// 1,000 handshakes of 1 ms on two cores take half a second, within the patience.
	out := simulate(s, time.Minute, time.Second, 1)
	if !out.All || out.Done != 500*time.Millisecond || out.Attempts != 1000 || out.Wasted != 0 {
		t.Errorf("enough patience: all %v after %v, %d attempts, %d wasted", out.All, out.Done, out.Attempts, out.Wasted)
	}
	// With a patience of 100 ms the first 200 are served, and 800 handshakes are
	// for nobody before the next wave comes.
	s.Patience = 100 * time.Millisecond
	out = simulate(s, 900*time.Millisecond, 100*time.Millisecond, 1)
	if out.All || out.Wasted != 800 || out.Samples[len(out.Samples)-1].Connected < 199 || out.Samples[len(out.Samples)-1].Connected > 200 {
		t.Errorf("little patience: %d wasted, the end is %+v", out.Wasted, out.Samples[len(out.Samples)-1])
	}
	// Spread over two seconds nobody waits for long.
	s.Wait = func(_ int, r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(2 * time.Second))) }
	out = simulate(s, time.Minute, time.Second, 1)
	if !out.All || out.Wasted != 0 || out.Done > 2100*time.Millisecond {
		t.Errorf("spread: all %v after %v, %d wasted", out.All, out.Done, out.Wasted)
	}
}

// TestHandshake: real handshakes work, and cost what a machine can do.
func TestHandshake(t *testing.T) {
	cost, err := handshake()
	if err != nil || cost <= 0 || cost > time.Second {
		t.Errorf("%v, %v", cost, err)
	}
}
