package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is what [Contend] counted.
type Report struct {
	Acknowledged int // saves
	Lost         int // of them: must be 0
	Ghosts       int // refused saves that are there all the same: must be 0
	Conflicts    int // saves that were refused since another came first
	Uncertain    int // saves with backend.ErrUncertain
	Landed       int // of them
	Failures     int // loads and saves that failed otherwise, as while servers are down

	Took          time.Duration // of the writers
	LongestGap    time.Duration // between two acknowledgements
	P50, P99, Max time.Duration // from an acknowledgement to a watcher; 0 where the watcher was first

	Errors map[string]int // texts of the failures, ten of them at most, and how often each
}

func (r *Report) delays(all []time.Duration) {
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	r.P50, r.P99, r.Max = all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
}

// String is the report in a few lines.
func (r Report) String() string {
	var b strings.Builder
	ms := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	fmt.Fprintf(&b, "acknowledged %d in %v, lost %d, from refused saves %d, conflicts %d, uncertain %d (of which %d landed), other failures %d\n",
		r.Acknowledged, ms(r.Took), r.Lost, r.Ghosts, r.Conflicts, r.Uncertain, r.Landed, r.Failures)
	fmt.Fprintf(&b, "longest gap between acknowledgements %v; seen by watchers after p50 %v, p99 %v, at most %v", ms(r.LongestGap), ms(r.P50), ms(r.P99), ms(r.Max))
	for text, n := range r.Errors {
		fmt.Fprintf(&b, "\n%d times: %s", n, text)
	}
	return b.String()
}
