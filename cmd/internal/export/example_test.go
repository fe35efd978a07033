package export_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/cmd/internal/export"
	"github.com/flask-vault/flask-vault/format"
)

func ExampleTarget_Write() {
	entries := []export.Entry{
		{Key: "db.password", Name: "DB_PASSWORD", Value: format.NewValue(format.String, "it's #1")},
		{Key: "db.port", Name: "DB_PORT", Value: format.NewValue(format.Int, "05432")},
	}
	for _, name := range []string{"shell", "dotenv", "systemd"} {
		target, _ := export.ByName(name)
		text, err := target.Write(entries, export.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("# %s\n%s", name, text)
	}
	// Output:
	// # shell
	// export DB_PASSWORD='it'\''s #1'
	// export DB_PORT='05432'
	// # dotenv
	// DB_PASSWORD="it's #1"
	// DB_PORT=05432
	// # systemd
	// DB_PASSWORD="it's #1"
	// DB_PORT="05432"
}
