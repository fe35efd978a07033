package yaml_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/format/yaml"
)

func Example() {
	doc, err := yaml.Format{}.Parse([]byte(`# the database
db.password: 0123 # rotated monthly
mail:
  host: smtp.example.com
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	value, _ := doc.Get("db.password")
	fmt.Println(value.Kind(), value.Reveal())

	_ = doc.Set("db.password", "yes")
	_ = doc.Set("mail.user", "app")
	fmt.Println(doc.Names())
	fmt.Printf("%s", doc.Bytes())
	// Output:
	// int 0123
	// [db.password mail.host mail.user]
	// # the database
	// db.password: "yes" # rotated monthly
	// mail:
	//   host: smtp.example.com
	//   user: app
}

func ExampleFormat_Parse_error() {
	_, err := yaml.Format{}.Parse([]byte("db.user: app\ndb.password: @home\n"))
	fmt.Println(err)
	// Output: line 2, column 14: a value cannot start with this character; put it in quotes
}
