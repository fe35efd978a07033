package docs

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/keysource"
)

// TestLenientTable tries every input of lenient.json, and compares what comes
// of it with the table of docs/format.md.
func TestLenientTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "backend/testdata/flask-vault/lenient.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Key   string  `json:"key_b64"`
		AAD   *string `json:"associated_data_b64"`
		Token string
		Why   string
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	table := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| (.+) \| (accepted|refused) \|`).FindAllStringSubmatch(documents(t)["docs/format.md"], -1) {
		table[m[1]] = m[2]
	}
	tried := map[string]bool{}
	for _, v := range vectors {
		tried[v.Why] = true
		got := "accepted"
		if err := open(v.Key, v.Token, v.AAD); err != nil {
			got = "refused"
		}
		if table[v.Why] != got {
			t.Errorf("%s: %s, the table says %q", v.Why, got, table[v.Why])
		}
	}
	if len(tried) != len(table) {
		t.Errorf("the table has %d kinds of input, lenient.json %d", len(table), len(tried))
	}
}

func open(key, token string, aad *string) error {
	k, err := keysource.ParseKey([]byte(key))
	if err != nil {
		return err
	}
	c, err := backend.NewCipher(k)
	if err != nil {
		return err
	}
	var data []byte
	if aad != nil {
		if data, err = base64.StdEncoding.DecodeString(*aad); err != nil {
			return err
		}
	}
	_, err = c.Open([]byte(token), data)
	return err
}

// TestSmallVectors opens the vectors that docs/format.md shows.
func TestSmallVectors(t *testing.T) {
	text := documents(t)["docs/format.md"]
	value := func(row string) string {
		m := regexp.MustCompile(`(?m)^\| ` + row + " \\| `(.*)` \\|$").FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no row %s", row)
		}
		return m[1]
	}
	k, err := keysource.ParseKey([]byte(value("key file")))
	if err != nil || k.ID() != value("key id") {
		t.Fatalf("id %s, %v", k.ID(), err)
	}
	c, err := backend.NewCipher(k)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Open([]byte(value("envelope")), nil); string(got) != "hello\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	empty := strings.TrimSpace(value("empty plaintext with the associated data `user 7`"))
	if got, err := c.Open([]byte(empty), []byte("user 7")); len(got) != 0 || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
