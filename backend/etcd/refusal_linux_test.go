package etcd_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/etcd"
)

// TestRefusalsSayWhatToDo has a real cluster refuse.
func TestRefusalsSayWhatToDo(t *testing.T) {
	c := running(t)
	named, err := c.ca.issue("named", 10, "app")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	foreign, err := newAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := foreign.issue("stranger", 11, "")
	if err != nil {
		t.Fatal(err)
	}
	app := c.open(t, "app", "/app/refusals")
	version, err := app.Save(t.Context(), []byte("text"), "")
	if err != nil {
		t.Fatal(err)
	}
	login := func(o etcd.Options, user, password string) etcd.Options {
		o.User, o.Password = user, func(context.Context) (string, error) { return password, nil }
		return o
	}
	base := c.options("")
	withCert := func(p pair) etcd.Options {
		o := c.options("app")
		o.CertFile, o.KeyFile = p.cert, p.key
		return o
	}
	otherCA := c.options("app")
	otherCA.CAFile = foreign.file()
	for what, test := range map[string]struct {
		key     string
		options etcd.Options
		save    bool
		is      error
		want    []string
	}{
		"reading elsewhere": {"/other/doc", c.options("app"), false, etcd.ErrPermission,
			[]string{`the user "app" may not read`, "etcdctl role grant-permission ROLE read --prefix=true /other/doc"}},
		"writing elsewhere": {"/other/doc", c.options("app"), true, etcd.ErrPermission,
			[]string{`may not write`, "etcdctl role grant-permission ROLE readwrite --prefix=true /other/doc"}},
		"writing as a reader": {"/app/refusals", c.options("reader"), true, etcd.ErrPermission, []string{`the user "reader" may not write`}},
		"wrong password":      {"/app/refusals", login(base, "app", "hunter3"), false, etcd.ErrLogin, []string{`the user "app" or its password is wrong`}},
		"unknown user":        {"/app/refusals", login(base, "nobody", "hunter3"), true, etcd.ErrLogin, []string{`the user "nobody" or its password is wrong`}},
		"no user":             {"/app/refusals", base, false, etcd.ErrLogin, []string{"none is configured here"}},
		"Common Name":         {"/app/refusals", withCert(named), false, etcd.ErrLogin, []string{"Common Name", "empty subject"}},
		"foreign certificate": {"/app/refusals", withCert(stranger), true, backend.ErrUnreachable, []string{"refuses the client certificate"}},
		"no certificate":      {"/app/refusals", etcd.Options{CAFile: base.CAFile}, false, backend.ErrUnreachable, []string{"refuses the client certificate, or the want of one"}},
		"foreign server":      {"/app/refusals", otherCA, true, backend.ErrUnreachable, []string{"certificate signed by unknown authority"}},
	} {
		t.Run(what, func(t *testing.T) {
			s, err := etcd.Open("etcd://"+c.endpoints()+test.key, test.options)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if test.save {
				_, err = s.Save(t.Context(), []byte("mine"), version)
			} else {
				_, err = s.Load(t.Context(), "")
			}
			if !errors.Is(err, test.is) || errors.Is(err, backend.ErrUncertain) {
				t.Fatalf("it is not %v: %v", test.is, err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("it shows a password: %v", err)
			}
			if !errors.Is(test.is, backend.ErrUnreachable) {
				if err := s.Watch(t.Context(), "", func(backend.Snapshot) {}); !errors.Is(err, test.is) && !test.save {
					t.Errorf("a watch ends with %v", err)
				}
			}
		})
	}
	snap, err := app.Load(t.Context(), "")
	if err != nil || string(snap.Blob) != "text" || snap.Version != version {
		t.Errorf("after all that: %v, %q", err, snap.Blob)
	}
}

// TestCertificatesMayBeRenewed has a client whose certificate is replaced while it runs.
func TestCertificatesMayBeRenewed(t *testing.T) {
	c := running(t)
	dir := t.TempDir()
	o := c.options("app")
	move := func(p pair) {
		for from, to := range map[string]string{p.cert: "cert.pem", p.key: "key.pem"} {
			text, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, to), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	foreign, err := newAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	expired, err := foreign.issue("expired", 20, "") // which etcd refuses as well
	if err != nil {
		t.Fatal(err)
	}
	move(expired)
	o.CertFile, o.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	s, err := etcd.Open("etcd://"+c.endpoints()+"/app/renewed", o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Load(t.Context(), ""); !errors.Is(err, backend.ErrUnreachable) {
		t.Fatalf("the old certificate: %v", err)
	}
	move(c.client)
	if _, err := s.Load(t.Context(), ""); !errors.Is(err, backend.ErrNoVault) {
		t.Fatalf("the new certificate: %v", err)
	}
}

// TestTokensAreFetchedAgain restarts a server, which forgets the tokens it gave.
func TestTokensAreFetchedAgain(t *testing.T) {
	c := running(t)
	_, n, err := c.roles()
	if err != nil {
		t.Fatal(err)
	}
	logins := 0
	o := c.options("app")
	o.Password = func(context.Context) (string, error) { logins++; return passwords["app"], nil }
	s, err := etcd.Open("etcd://"+n.host()+"/app/tokens", o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var version backend.Version
	for range 3 {
		if version, err = s.Save(t.Context(), []byte("text"), version); err != nil {
			t.Fatal(err)
		}
	}
	if logins != 1 {
		t.Errorf("%d logins for three saves", logins)
	}
	n.signal(9)
	if err := n.start(); err != nil {
		t.Fatal(err)
	}
	if err := c.ready(); err != nil {
		t.Fatal(err)
	}
	if version, err = s.Save(t.Context(), []byte("after"), version); err != nil {
		t.Fatalf("a save with a token that the server has forgotten: %v", err)
	}
	if snap, err := s.Load(t.Context(), ""); err != nil || snap.Version != version {
		t.Errorf("load: %v, %q", err, snap.Version)
	}
	if logins != 2 {
		t.Errorf("%d logins, want one more after the restart", logins)
	}
}
