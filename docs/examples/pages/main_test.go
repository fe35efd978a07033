package main

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/keysource"
)

func post(t *testing.T, address, text string) (status int, body string) {
	t.Helper()
	r, err := http.DefaultClient.PostForm(address, url.Values{"text": {text}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(content)
}

func TestPages(t *testing.T) {
	vault, err := backend.NewCipher(keysource.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler(vault))
	defer server.Close()
	result := regexp.MustCompile(`(?s)<pre>(.*)</pre>`)
	const typed = "grüße <script>& \x00"
	status, body := post(t, server.URL+"/encrypt", typed)
	if status != http.StatusOK || strings.Contains(body, "script") {
		t.Fatal(status, body)
	}
	token := html.UnescapeString(result.FindStringSubmatch(body)[1])
	status, body = post(t, server.URL+"/decrypt", token)
	if got := result.FindStringSubmatch(body); status != http.StatusOK || strings.ReplaceAll(html.UnescapeString(got[1]), "\ufffd", "\x00") != typed {
		t.Errorf("%d %q", status, body)
	}
	other, err := vault.Seal([]byte(typed), []byte("another purpose"))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "not a token", token[:len(token)-4], string(other)} {
		if status, body := post(t, server.URL+"/decrypt", bad); status != http.StatusBadRequest || strings.Contains(body, "script") {
			t.Errorf("%q: %d %q", bad, status, body)
		}
	}
}
