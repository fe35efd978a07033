package service_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/plugins/internal/service"
)

func ExampleAddress() {
	for _, text := range []string{"https://vault.example.com:8200", "http://127.0.0.1:8200", "http://vault.example.com"} {
		_, err := service.Address("VAULT_ADDR", text)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// <nil>
	// VAULT_ADDR has to begin with https:// (http:// is for 127.0.0.1, ::1 and localhost alone)
}

func TestAddress(t *testing.T) {
	for _, text := range []string{"", "vault.example.com", "https://", "https://user:pass@host", "ftp://host", "http://localhost.example.com", "http://127.0.0.1.example.com", "https://host?x", "http://10.0.0.1", "::"} {
		if _, err := service.Address("X", text); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

func TestCheckWord(t *testing.T) {
	for _, value := range []string{"", "a/b", "a b", "..", "a..b", "ä", "a\n", strings.Repeat("a", 257)} {
		if service.CheckWord("key", value, ".-") == nil {
			t.Errorf("%q was taken", value)
		}
	}
}

// A token does not follow a redirection, and an answer without end is not read.
func TestAnswersThatLeadAstray(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirection was followed") }))
	defer other.Close()
	answers := map[string]func(w http.ResponseWriter, r *http.Request){
		"/redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
		"/long":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) },
		"/html":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>s3cret") },
		"/empty": func(http.ResponseWriter, *http.Request) {},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answers[r.URL.Path](w, r) }))
	defer s.Close()
	c, err := service.Client("")
	if err != nil {
		t.Fatal(err)
	}
	for path := range answers {
		u, _ := url.Parse(s.URL + path)
		status, err := service.Post(t.Context(), c, u, http.Header{}, nil, &struct{}{}, nil)
		if path == "/redirect" {
			if status != http.StatusTemporaryRedirect || err != nil {
				t.Errorf("%s gives %d, %v", path, status, err)
			}
		} else if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s gives %d, %v", path, status, err)
		}
	}
	if _, err := service.Client(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("certificates that are not there")
	}
	if _, err := service.Client("ca.pem"); err == nil || !strings.Contains(err.Error(), "absolute path, not ca.pem") {
		t.Errorf("a relative path: %v", err)
	}
}
