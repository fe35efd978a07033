package format_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/formattest"
)

// TestValueNeverShows formats a value in every way there is and looks for its text.
func TestValueNeverShows(t *testing.T) {
	const canary = "hunter2-canary"
	v := format.NewValue(format.String, canary)
	wrap := "%w\n" // a variable, so that vet lets this misuse pass
	type holder struct{ V format.Value }
	type hidden struct { // no method of what is not exported is ever called
		v    format.Value
		p    *format.Value
		list []format.Value
	}
	list := format.NewSequence("["+canary+"]", []format.Value{v})
	var out bytes.Buffer
	for _, x := range []any{v, &v, holder{v}, &holder{v}, []format.Value{v}, map[string]format.Value{"v": v},
		hidden{v, &v, []format.Value{v}}, &hidden{v: v}, list, hidden{v: list}, errors.Join(fmt.Errorf("%v", v))} {
		for verb := byte('A'); verb <= 'z'; verb++ {
			for _, flag := range []string{"", "+", "#", " ", "10.3"} {
				fmt.Fprintf(&out, "%"+flag+string(verb)+"\n", x)
			}
		}
		fmt.Fprintf(&out, wrap, x)
		out.WriteString(formattest.Dump(x)) // as testify prints what differs
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, xml.Marshal, yamllib.Marshal} {
			text, _ := marshal(x)
			out.Write(text)
		}
		_ = gob.NewEncoder(&out).Encode(x) // fails: there is no exported field
		slog.New(slog.NewTextHandler(&out, nil)).Info("value", "v", x)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("value", "v", x)
	}
	func() {
		defer func() { fmt.Fprint(&out, recover()) }()
		panic(v)
	}()
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), "104 117 110", "0x68, 0x75"} {
		if strings.Contains(strings.ToLower(out.String()), form) {
			t.Errorf("the value shows as %q", form)
		}
	}
	if v.Reveal() != canary || (format.Value{}).Reveal() != "" {
		t.Error("Reveal does not reveal")
	}
}
