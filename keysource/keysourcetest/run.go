package keysourcetest

import (
	"context"
	"testing"

	"github.com/flask-vault/flask-vault/keysource/keysourcetest/suite"
)

// Harness says how to reach the source under test and the place that it reads.
type Harness = suite.Harness

// Result is what one check found.
type Result = suite.Result

// Run checks the source in the subtests of t. What the source cannot do is
// logged and not checked.
func Run(t *testing.T, h Harness) {
	t.Helper()
	h.Scratch = true
	for _, r := range suite.Check(t.Context(), h) {
		t.Run(r.Name, func(t *testing.T) {
			switch {
			case r.Err != nil:
				t.Error(r.Err)
			case r.Skipped != "":
				t.Log("not checked:", r.Skipped)
			}
		})
	}
}

// Check checks the source and returns a result for each rule; see [suite.Check].
func Check(ctx context.Context, h Harness) []Result { return suite.Check(ctx, h) }
