package merge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/format/merge"
	"github.com/flask-vault/flask-vault/format/yaml"
)

// Ours writes in one line of braces what theirs has in lines: nothing fits together, and
// all that theirs changed is set in ours.
func TestManyKeysWrittenInTwoWays(t *testing.T) {
	const n = 4000
	block := func(value string) []byte {
		var b strings.Builder
		b.WriteString("kept: 1\n")
		for i := range n {
			fmt.Fprintf(&b, "key%d: %s%d\n", i, value, i)
		}
		return []byte(b.String())
	}
	var flow strings.Builder
	flow.WriteString("{kept: 2")
	for i := range n {
		fmt.Fprintf(&flow, ", key%d: old%d", i, i)
	}
	flow.WriteString("}\n")
	start := time.Now()
	r, err := merge.Three(yaml.Format{}, block("old"), []byte(flow.String()), block("new"), nil)
	if err != nil || len(r.Conflicts) > 0 {
		t.Fatalf("%d conflicts, %v", len(r.Conflicts), err)
	}
	doc, err := yaml.Format{}.Parse(r.Text)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"kept": "2", "key0": "new0", "key3999": "new3999"} {
		if v, err := doc.Get(path); err != nil || v.Reveal() != want {
			t.Errorf("%s is %q, want %q, %v", path, v.Reveal(), want, err)
		}
	}
	if took := time.Since(start); took > 10*time.Second { // one by one it takes minutes
		t.Errorf("it took %v", took)
	}
}
