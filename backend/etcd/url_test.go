package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/etcd"
)

func TestURLs(t *testing.T) {
	for url, name := range map[string]string{
		"etcd://node1:2379,node2:2379,node3:2379/shop/production": "etcd://node1:2379,node2:2379,node3:2379/shop/production",
		"etcd://node1/a":                         "etcd://node1/a",
		"etcd://[::1]:2379,[fe80::1]/a/b":        "etcd://[::1]:2379,[fe80::1]/a/b",
		"etcd+http://localhost,127.0.0.1:1/a":    "etcd+http://localhost,127.0.0.1:1/a",
		"etcd://node1/with%20space%3f/key%25":    "etcd://node1/with%20space%3f/key%25",
		"etcd://h/" + strings.Repeat("k", 400):   "etcd://h/" + strings.Repeat("k", 88) + "..." + strings.Repeat("k", 97),
		"etcd://" + longHosts(30) + "/shop/live": "etcd://server-number-0.example:2379,.../shop/live",
	} {
		s, err := etcd.Open(url, etcd.Options{})
		if err != nil || s.Name() != name {
			t.Errorf("%s: %v, or another name", url, err)
			if err == nil {
				t.Errorf("the name is %s", s.Name())
			}
		}
	}
	for url, want := range map[string]string{
		"":                     "begins with etcd://",
		"https://node1/a":      "begins with etcd://",
		"etcd:/node1/a":        "begins with etcd://",
		"etcd://node1":         "names no key",
		"etcd://node1/":        "names no key",
		"etcd:///a":            "HOST:PORT",
		"etcd://node1,/a":      "HOST:PORT",
		"etcd://node1:x/a":     "HOST:PORT",
		"etcd://node1:0/a":     "HOST:PORT",
		"etcd://node1:70000/a": "HOST:PORT",
		"etcd://::1/a":         "HOST:PORT",
		"etcd://no de/a":       "HOST:PORT",
		"etcd://node1/a/":      "no / at the end",
		"etcd://node1/a%0a":    "no control characters",
		"etcd://node1/a%zz":    "hexadecimal",
		"etcd://node1/" + strings.Repeat("k", 600): "at most 512 bytes",
		"etcd://node1/a?ca=b":                      "no ? or #",
		"etcd://node1/a#b":                         "no ? or #",
		"etcd://app:hunter2@node1/a":               "holds no password",
		"etcd://@node1/a":                          "the user",
		"etcd://app@node1/a":                       "without a password",
		"etcd+http://node1/a":                      "on this machine alone",
		"etcd+http://127.0.0.1,10.0.0.1/":          "names no key",
		"etcd+http://127.0.0.1,10.0.0.1/a":         "on this machine alone",
	} {
		_, err := etcd.Open(url, etcd.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func longHosts(n int) string {
	var hosts []string
	for i := range n {
		hosts = append(hosts, fmt.Sprintf("server-number-%d.example:2379", i))
	}
	return strings.Join(hosts, ",")
}

func TestFilesThatAreNotWhatTheyShouldBe(t *testing.T) {
	dir := t.TempDir()
	ca, err := newAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.issue("client", 2, "")
	if err != nil {
		t.Fatal(err)
	}
	other, err := ca.issue("other", 3, "")
	if err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none")
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		options etcd.Options
		want    string
	}{
		"authority is missing": {etcd.Options{CAFile: none}, none},
		"authority is none":    {etcd.Options{CAFile: empty}, "holds no certificate in PEM"},
		"key is not given":     {etcd.Options{CertFile: client.cert}, "needs its key"},
		"key is missing":       {etcd.Options{CertFile: client.cert, KeyFile: none}, none},
		"key is another's":     {etcd.Options{CertFile: client.cert, KeyFile: other.key}, "client certificate"},
		"key is none":          {etcd.Options{CertFile: client.cert, KeyFile: empty}, "client certificate"},
		"password":             {etcd.Options{User: "app"}, "without a password"},
	} {
		_, err := etcd.Open("etcd://node1/a", test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want an error with %q", what, err, test.want)
		}
	}
}

// TestNothingShows formats a store that has a password and a token in all ways.
func TestNothingShows(t *testing.T) {
	s, err := etcd.Open("etcd://127.0.0.1:1/a", etcd.Options{User: "app", Password: func(context.Context) (string, error) {
		return "hunter2", errors.New("the source is closed")
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "the source is closed") {
		t.Errorf("the error of the password's source: %v", err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, s); strings.Contains(text, "hunter2") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}
