package export

import (
	"testing"
	"unicode/utf8"

	"github.com/flask-vault/flask-vault/format"
	formatdotenv "github.com/flask-vault/flask-vault/format/dotenv"
	formatjson "github.com/flask-vault/flask-vault/format/json"
	formatyaml "github.com/flask-vault/flask-vault/format/yaml"
)

// TestOurFormats reads with the formats that import reads with.
func TestOurFormats(t *testing.T) {
	for target, f := range map[string]format.Format{"dotenv": formatdotenv.Format{}, "json": formatjson.Format{}, "yaml": formatyaml.Format{}} {
		carries := utf8.ValidString
		if target == "dotenv" {
			carries = dotenvCarries
		}
		roundTrip(t, target, carries, func(t *testing.T, text []byte) map[string]string {
			doc, err := f.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, name := range doc.Names() {
				value, err := doc.Get(name)
				if err != nil || value.Kind() != format.String {
					t.Errorf("%s: %v, %v", name, value.Kind(), err)
				}
				got[name] = value.Reveal()
			}
			return got
		})
	}
}
