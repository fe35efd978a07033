package location_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/location"
)

func TestCheckURL(t *testing.T) {
	for url, want := range map[string]string{
		"etcd://a:2379,b:2379/shop": "",
		"etcd://me@a/shop":          "",
		"etcd+http://localhost/x":   "",
		"s3://bucket/a/b.yml.enc":   "",
		"https://host/x.yml.enc":    "",
		"etcd://me:hunter2@a/shop":  "must not hold a password",
		"https://u:hunter2@h/x":     "must not hold a password",
		"ftp://host/x":              "no store is reached by ftp://",
		"etcd://":                   "not a URL",
		"credentials.yml.enc":       "not a URL",
		"https://h/a https://g/a":   "",
		"https://h/a b":             "each has to begin",
		"https://h/a https://u:p@g": "must not hold a password",
		"s3://b/a b":                "do not belong",
		"https://h/\x1b[2J":         "do not belong",
	} {
		err := location.CheckURL(url)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error quotes the password: %v", url, err)
		}
	}
}

func TestThePasswordIsNotPrinted(t *testing.T) {
	l := location.Location{URL: "etcd://h/x"}.WithPassword("hunter2")
	if got, err := l.Password(); got != "hunter2" || err != nil || !l.HasPassword() {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{fmt.Sprint(l), fmt.Sprintf("%+v %#v", l, l), fmt.Sprintf("%+v", &l)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestPasswordFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	l := location.Location{PasswordFile: path}
	write("hunter2\n", 0o600)
	if got, err := l.Password(); got != "hunter2" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	write("\n", 0o600)
	if _, err := l.Password(); err == nil {
		t.Error("an empty file is taken")
	}
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: Windows has no permission bits")
	}
	write("hunter2", 0o644)
	if _, err := l.Password(); err == nil || !strings.Contains(err.Error(), "chmod 600") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a file that others can read: %v", err)
	}
}

func TestOlder(t *testing.T) {
	etcd, s3 := location.Location{URL: "etcd://h/x"}, location.Location{URL: "s3://b/x"}
	for _, tc := range []struct {
		a, b string
		want bool
	}{{"9", "10", true}, {"10", "9", false}, {"10", "10", false}, {"x", "10", false}, {"", "10", false}, {"010", "11", false}} {
		if got := etcd.Older(tc.a, tc.b); got != tc.want {
			t.Errorf("%q older than %q: %v", tc.a, tc.b, got)
		}
		if s3.Older(tc.a, tc.b) {
			t.Error("an ETag is compared")
		}
	}
}

func TestIDHasTheEndpointInForce(t *testing.T) {
	for _, tc := range []struct{ url, endpoint, s3, all, want string }{
		{"s3://b/x", "", "", "", "s3://b/x"},
		{"s3://b/x", "", "", "https://one", "s3://b/x at https://one"},
		{"s3://b/x", "", "https://two", "https://one", "s3://b/x at https://two"},
		{"s3://b/x", "https://three", "https://two", "https://one", "s3://b/x at https://three"},
		{"s3://b/x?region=r&endpoint=https://four", "", "https://two", "https://one", "s3://b/x?region=r&endpoint=https://four"},
		{"s3://b/x?region=r", "", "", "https://one", "s3://b/x?region=r at https://one"},
		{"etcd://h/x", "", "https://two", "https://one", "etcd://h/x"},
	} {
		t.Setenv("AWS_ENDPOINT_URL_S3", tc.s3)
		t.Setenv("AWS_ENDPOINT_URL", tc.all)
		if got := (location.Location{URL: tc.url, Endpoint: tc.endpoint}).ID(); got != tc.want {
			t.Errorf("%+v: %s", tc, got)
		}
	}
}

func TestServers(t *testing.T) {
	for url, want := range map[string][]string{
		"etcd://me@one:1,two/shop/x":       {"etcd://me@one:1/shop/x", "etcd://me@two/shop/x"},
		"etcd+http://one,two,three/x":      {"etcd+http://one/x", "etcd+http://two/x", "etcd+http://three/x"},
		"etcd://one/x":                     nil,
		"https://one/x  https://two/y?s=1": {"https://one/x", "https://two/y?s=1"},
		"https://one/x":                    nil,
		"s3://bucket/x":                    nil,
		"":                                 nil,
	} {
		var got []string
		for _, s := range (location.Location{URL: url, User: "me"}).Servers() {
			got = append(got, s.URL)
			if s.User != "me" {
				t.Errorf("%s: the settings are lost", url)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", url, got)
		}
	}
}

func TestReadOnly(t *testing.T) {
	for url, want := range map[string]bool{"https://h/x": true, "https://h/x https://i/x": true, "http://localhost/x": true, "etcd+http://h/x": false, "s3://b/x": false, "": false} {
		if got := (location.Location{URL: url}).ReadOnly(); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}

func Example() {
	l := location.Location{URL: "etcd://etcd1:2379/shop", User: "shop", PasswordEnv: "SHOP_ETCD_PASSWORD"}
	fmt.Println(l.ID(), l.Settings())
	// Output: etcd://etcd1:2379/shop [{user shop} {password_env SHOP_ETCD_PASSWORD}]
}
