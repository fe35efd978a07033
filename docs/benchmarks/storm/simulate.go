package main

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// setup is a server that was restarted, and the clients that it had. All of them
// connect again.
type setup struct {
	Clients  int
	Workers  int                                           // handshakes that the server works on at a time: its cores
	Cost     time.Duration                                 // of a handshake, of one core
	Patience time.Duration                                 // after which a client gives an attempt up
	Wait     func(attempt int, r *rand.Rand) time.Duration // before an attempt, the first is 0
}

// sample is the state at one moment.
type sample struct {
	At        time.Duration
	Connected int
	Waiting   int // attempts that the server has not begun with, those that were given up too
}

// outcome is how a storm went by.
type outcome struct {
	Samples  []sample
	Attempts int           // that reached the server
	Wasted   int           // handshakes that the server did for clients that had given up
	Done     time.Duration // when all were connected, or the end if they were not
	All      bool
}

// event is something that happens to a client: it calls, or its patience ends,
// or a worker finishes with it.
type event struct {
	at     time.Duration
	kind   kind
	client int
	try    int
}

type kind uint8

const (
	calls kind = iota
	givesUp
	finished
)

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// simulate lets the clients of s connect, for at most the time end. The server
// takes attempts in the order in which they come, and cannot see that a client has
// given up: it finds that out when the work is done.
func simulate(s setup, end, every time.Duration, seed uint64) outcome {
	r := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // a simulation that can be repeated
	var (
		out   outcome
		queue []event // attempts that the server has not begun with, from head on
		head  int
		busy  int
		todo  events
		state = make([]int, s.Clients) // the attempt that a client waits for, or -1 if it is connected
	)
	connected := 0
	for c := range s.Clients {
		todo = append(todo, event{at: s.Wait(0, r), kind: calls, client: c})
	}
	heap.Init(&todo)
	next := time.Duration(0)
	start := func(now time.Duration) {
		for busy < s.Workers && head < len(queue) {
			e := queue[head]
			head++
			busy++
			heap.Push(&todo, event{at: now + s.Cost, kind: finished, client: e.client, try: e.try})
		}
	}
	again := func(now time.Duration, c int) {
		state[c]++
		heap.Push(&todo, event{at: now + s.Wait(state[c], r), kind: calls, client: c, try: state[c]})
	}
	for len(todo) > 0 && connected < s.Clients {
		e := heap.Pop(&todo).(event)
		for ; next <= e.at && next <= end; next += every {
			out.Samples = append(out.Samples, sample{next, connected, len(queue) - head})
		}
		if e.at > end {
			break
		}
		switch e.kind {
		case calls:
			out.Attempts++
			queue = append(queue, e)
			heap.Push(&todo, event{at: e.at + s.Patience, kind: givesUp, client: e.client, try: e.try})
			start(e.at)
		case givesUp:
			if state[e.client] == e.try {
				again(e.at, e.client)
			}
		case finished:
			busy--
			if state[e.client] == e.try {
				state[e.client] = -1
				connected++
			} else {
				out.Wasted++
			}
			start(e.at)
		}
		out.Done = e.at
	}
	out.All = connected == s.Clients
	if !out.All {
		out.Done = end
	}
	out.Samples = append(out.Samples, sample{out.Done, connected, len(queue) - head})
	return out
}
