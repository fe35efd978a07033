package keysourcev1_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	keysourcev1 "github.com/flask-vault/flask-vault/plugins/proto/keysource/v1"
)

var update = flag.Bool("update", false, "add what is new to the golden file")

const golden = "testdata/contract.golden"

// TestContractKeepsItsPromises compares what is on the wire with what was
// promised: a line of the golden file never goes away. New lines are added with
// -update, which removes none.
func TestContractKeepsItsPromises(t *testing.T) {
	promised, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	now := contract()
	for _, line := range strings.Split(strings.TrimSpace(string(promised)), "\n") {
		if line != "" && !slices.Contains(now, line) {
			t.Errorf("the contract broke its promise: %s", line)
		}
	}
	text := strings.Join(now, "\n") + "\n"
	switch {
	case t.Failed():
	case *update:
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	case text != string(promised):
		t.Error("the contract has something new; write it down with: go test ./plugins/proto/... -update")
	}
}

// contract is one line for each thing that a program in another language or of
// another year depends on.
func contract() (lines []string) {
	file := keysourcev1.File_keysource_proto
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	add("package %s", file.Package())
	for i := range file.Services().Len() {
		s := file.Services().Get(i)
		for j := range s.Methods().Len() {
			m := s.Methods().Get(j)
			add("rpc %s(%s, streams %v) returns (%s, streams %v)", m.FullName(), m.Input().FullName(), m.IsStreamingClient(), m.Output().FullName(), m.IsStreamingServer())
		}
	}
	for i := range file.Messages().Len() {
		m := file.Messages().Get(i)
		add("message %s", m.FullName())
		for j := range m.Fields().Len() {
			f := m.Fields().Get(j)
			add("field %s = %d %s %s %s", f.FullName(), f.Number(), f.Cardinality(), kind(f), oneof(f))
		}
	}
	for i := range file.Enums().Len() {
		e := file.Enums().Get(i)
		for j := range e.Values().Len() {
			v := e.Values().Get(j)
			add("value %s.%s = %d", e.FullName(), v.Name(), v.Number())
		}
	}
	return lines
}

func kind(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsMap():
		return fmt.Sprintf("map of %s to %s", f.MapKey().Kind(), f.MapValue().Kind())
	case f.Message() != nil:
		return string(f.Message().FullName())
	case f.Enum() != nil:
		return string(f.Enum().FullName())
	}
	return f.Kind().String()
}

func oneof(f protoreflect.FieldDescriptor) string {
	if o := f.ContainingOneof(); o != nil {
		return "in " + string(o.Name())
	}
	return "alone"
}

// Each message keeps its low numbers for itself.
func TestNumbersAreReserved(t *testing.T) {
	messages := keysourcev1.File_keysource_proto.Messages()
	for i := range messages.Len() {
		m := messages.Get(i)
		for n := protoreflect.FieldNumber(1); n <= 15; n++ {
			if m.Fields().ByNumber(n) == nil && !m.ReservedRanges().Has(n) {
				t.Errorf("%s: the number %d is neither used nor reserved", m.Name(), n)
			}
		}
	}
}

func Example() {
	reply := &keysourcev1.LoadResponse{Result: &keysourcev1.LoadResponse_Key{Key: make([]byte, 16)}}
	fmt.Println(len(reply.GetKey()), reply.GetError() == nil)
	// Output: 16 true
}
