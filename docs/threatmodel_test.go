package docs

import "testing"

// TestThreatModelIsProved wants a test for every defence that threat-model.md claims.
func TestThreatModelIsProved(t *testing.T) {
	rows := table(documents(t)["docs/threat-model.md"], "## What is defended")
	if len(rows) < 25 {
		t.Fatalf("%d threats", len(rows))
	}
	for _, cells := range rows {
		if len(cells) != 3 || cells[1] == "" {
			t.Errorf("%q: it has no defence", cells)
			continue
		}
		checkProof(t, cells[0], cells[2])
	}
}

// TestChecklistIsProved wants the same for every question of the checklist.
func TestChecklistIsProved(t *testing.T) {
	rows := table(documents(t)["docs/threat-model.md"], "## Checklist")
	if len(rows) != 47 {
		t.Fatalf("%d questions", len(rows))
	}
	for _, cells := range rows {
		if len(cells) != 3 || cells[1] == "" {
			t.Errorf("%q: it has no question", cells)
			continue
		}
		checkProof(t, cells[1], cells[2])
	}
}
