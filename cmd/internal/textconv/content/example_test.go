package content_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/cmd/internal/textconv/content"
)

func ExampleText() {
	fmt.Printf("%s", content.Text([]byte("title: \x1b]0;\n")))
	fmt.Printf("%s", content.Text([]byte{0, 1, 2}))
	// Output:
	// title: \x1b]0;
	// (binary content: 3 bytes, SHA-256 ae4b3280…)
}
