package variables_test

import (
	"fmt"

	"github.com/flask-vault/flask-vault/cmd/internal/variables"
)

func ExampleName() {
	fmt.Println(variables.Name("", "db.password"))
	fmt.Println(variables.Name("SHOP_", "smtp-host"))
	fmt.Println(variables.Name("", "2fa.seed"))
	// Output:
	// DB_PASSWORD
	// SHOP_SMTP_HOST
	// _2FA_SEED
}
