package redact_test

import (
	"fmt"
	"os"

	"github.com/flask-vault/flask-vault/cmd/internal/redact"
)

func ExampleCompile() {
	w := redact.Compile([]string{"hunter22", "true"}).NewWriter(os.Stdout)
	fmt.Fprint(w, "password=hun")
	fmt.Fprint(w, "ter22 verbose=true\n")
	fmt.Fprint(w, "Authorization: Basic c2hvcDpodW50ZXIyMg==\n")
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// password=[redacted] verbose=true
	// Authorization: Basic c2hvcDp[redacted]
}
