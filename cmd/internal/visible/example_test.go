package visible_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/cmd/internal/visible"
)

func ExampleText() {
	fmt.Println(visible.Text("a colour: \x1b[31m, a byte: \xff"))
	// Output: a colour: \x1b[31m, a byte: \xff
}
