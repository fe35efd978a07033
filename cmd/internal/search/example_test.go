package search_test

import (
	"fmt"
	"strings"

	"github.com/flask-vault/flask-vault/cmd/internal/search"
)

func ExampleReader() {
	names := []string{"db.password", "smtp.password"}
	r := search.New([]string{"hunter22", "swordfish"}).NewReader()
	_, err := r.Find(strings.NewReader("host: localhost\npassword: swordfish\n"), func(p search.Place) bool {
		fmt.Printf("line %d: %s\n", p.Line, names[p.Pattern])
		return true
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: line 2: smtp.password
}
