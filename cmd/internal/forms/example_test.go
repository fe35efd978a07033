package forms_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/cmd/internal/forms"
)

func ExampleEach() {
	kinds := map[string]forms.Kind{}
	forms.Each("p@ssw0rd", nil, func(text string, kind forms.Kind) { kinds[text] = kind })
	fmt.Println(kinds["p%40ssw0rd"])
	fmt.Println(kinds["cEBzc3cwcmQ="])
	// Output:
	// URL-escaped
	// base64
}

func ExampleWeak() {
	fmt.Println(forms.Weak("localhost"))
	fmt.Println(forms.Weak("hunter22") == "")
	// Output:
	// it is a common word or number
	// true
}
