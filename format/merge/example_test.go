package merge_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/format/merge"
	"github.com/flask-vault/flask-vault/format/yaml"
)

func Example() {
	base := []byte("db.user: shop\ndb.password: hunter2\n")
	ours := []byte("db.user: shop\ndb.password: hunter3 # changed in May\n")
	theirs := []byte("db.user: shop\ndb.password: hunter4\n# for the orders\nsmtp.pin: 0123\n")

	r, err := merge.Three(yaml.Format{}, base, ours, theirs, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	decided := map[string]merge.Side{}
	for _, c := range r.Conflicts {
		fmt.Println(c.Key, "is in conflict")
		decided[c.Key] = merge.Ours
	}
	r, err = merge.Three(yaml.Format{}, base, ours, theirs, decided)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", r.Text)
	// Output:
	// db.password is in conflict
	// db.user: shop
	// db.password: hunter3 # changed in May
	// # for the orders
	// smtp.pin: 0123
}
