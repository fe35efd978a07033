package merge

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/dotenv"
	"github.com/flask-vault/flask-vault/format/json"
	"github.com/flask-vault/flask-vault/format/toml"
	"github.com/flask-vault/flask-vault/format/yaml"
)

// FuzzThree merges any three texts. A clean result reads, has no value of neither
// side, and lacks none that both have; what is in conflict can be decided.
func FuzzThree(f *testing.F) {
	for _, seed := range []struct {
		n                  uint8
		base, ours, theirs string
	}{
		{0, "a: 1\n", "a: 1\nb: &x 2 # c\n", "# d\na: {x: 1}\n"},
		{0, "a: &x {k: 1}\nb: *x\n", "a: &x {k: 2}\nb: *x\nc: 1\n", "a: &x {k: 1}\nb:\n  <<: *x\n  l: |\n    t\n"},
		{0, "---\n? a\n: 1\n", "---\n? a\n: 2\na: 3\n", "--- {a: 1, b: [1]}\n"},
		{0, "a: 1\na.b: 2\n", "a: {b: 3}\na.b: 2\n", "a: 1\na.b: 4\n"},
		{1, "a = 1\n[t]\nb = 1\n", "a.b = 1\n[[t]]\nb = 1\n", "a = {b = 1, c.d = 2}\n[t.u]\n"},
		{2, `{"a": 1}`, `{"a": {"b": 1}, "a": 2}`, `{}`},
		{3, "A=1\n", "export A='1'\nA=2 # c\n", "\ufeffA\nB=`x`\n"},
	} {
		f.Add(seed.n, []byte(seed.base), []byte(seed.ours), []byte(seed.theirs))
	}
	for i, w := range writers {
		texts := rapid.Custom(func(t *rapid.T) [3]string {
			var n names
			base := n.document(t, w.flat)
			return [3]string{w.text(base), w.text(applied(base, n.edits(t, base, nil, w.flat))), w.text(applied(base, n.edits(t, base, nil, w.flat)))}
		})
		for seed := range 5 {
			three := texts.Example(seed)
			f.Add(uint8(i), []byte(three[0]), []byte(three[1]), []byte(three[2]))
		}
	}
	formats := []format.Format{yaml.Format{}, toml.Format{}, json.Format{}, dotenv.Format{}}
	f.Fuzz(func(t *testing.T, n uint8, base, ours, theirs []byte) {
		if len(base)+len(ours)+len(theirs) > 1<<12 {
			return // too long to be fast
		}
		checkThree(t, formats[int(n)%len(formats)], base, ours, theirs)
	})
}

func checkThree(t *testing.T, f format.Format, base, ours, theirs []byte) {
	r, err := Three(f, base, ours, theirs, nil)
	_ = Marked(f, base, ours, theirs, nil)
	for _, side := range []Side{Ours, Theirs} {
		if err != nil || len(r.Conflicts) == 0 {
			break
		}
		decided := map[string]Side{}
		for _, c := range r.Conflicts {
			decided[c.Key] = side
		}
		d, err := Three(f, base, ours, theirs, decided)
		var whole *WholeError
		if err != nil && !errors.As(err, &whole) || len(d.Conflicts) > 0 {
			t.Fatalf("after all is decided: %v, %d conflicts", err, len(d.Conflicts))
		}
	}
	if err != nil || len(r.Conflicts) > 0 {
		return
	}
	got, err := f.Parse(r.Text)
	o, err1 := f.Parse(ours)
	th, err2 := f.Parse(theirs)
	if err1 != nil || err2 != nil {
		return // one side changed nothing, so nobody looked at the texts
	}
	if err != nil {
		t.Fatalf("the result does not parse: %v", err)
	}
	for _, name := range got.Names() {
		v, _ := got.Get(name)
		x, err1 := o.Get(name)
		y, err2 := th.Get(name)
		if !(err1 == nil && v.Equal(x)) && !(err2 == nil && v.Equal(y)) {
			t.Fatalf("%q has a value of neither side:\n%s", name, r.Text)
		}
	}
	for _, name := range o.Names() {
		x, err := th.Get(name)
		if err != nil || x.Kind() == format.Mapping || x.Kind() == format.Null || !strings.Contains("\n"+strings.Join(th.Names(), "\n")+"\n", "\n"+name+"\n") {
			continue
		}
		if _, err := got.Get(name); err != nil {
			t.Fatalf("%q is lost:\n%s", name, r.Text)
		}
	}
}
