package crash_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/cmd/internal/crash"
)

func Example() {
	run := func() (code int) {
		defer crash.Report(os.Stdout, "flask-vault", &code)
		return 0
	}
	fmt.Println(run())
	// Output: 0
}

func TestReport(t *testing.T) {
	const secret = "hunter2-in-memory"
	sequence := []string{secret}
	for name, panics := range map[string]func(){
		"value":   func() { panic(secret) },
		"error":   func() { panic(errors.New(secret)) },
		"runtime": func() { _ = sequence[len(sequence)] },
		"nil map": func() { var m map[string]string; m[secret] = "" }, //nolint:govet,staticcheck // it is to panic
		"nil":     func() { panic(nil) },                              //nolint:govet // Go makes an error of it
		"again": func() {
			defer func() { panic(secret + " again") }()
			panic(secret)
		},
	} {
		var out strings.Builder
		cleaned := false
		code := func() (code int) {
			defer crash.Report(&out, "flask-vault", &code)
			defer func() { cleaned = true }()
			panics()
			return 0
		}()
		want := regexp.MustCompile(`^flask-vault: stopped by a mistake in the program, at cmd/internal/crash_test\.TestReport\.func\d+(\.\d+)*:\d+\nhint: .*\n$`)
		if code != crash.ExitCode || !cleaned || !want.MatchString(out.String()) {
			t.Errorf("%s: exit code %d, cleaned %v, %q", name, code, cleaned, &out)
		}
	}
}
