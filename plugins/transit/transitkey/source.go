package transitkey

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/internal/service"
	"github.com/flask-vault/flask-vault/plugins/internal/wrapped"
)

const (
	defaultFile  = "master.key.transit"
	defaultMount = "transit"

	maxText  = 4096 // bytes of a wrapped key, or of a token
	prefix   = "vault:v"
	nameable = "._-"
)

// Settings are the names of the settings of [New].
func Settings() []string {
	return []string{"key", "app", "environment", "mount", "file", wrapped.Directory}
}

// Environment names the variables that the source needs.
func Environment() []string {
	return []string{"BAO_ADDR", "VAULT_ADDR", "BAO_TOKEN", "VAULT_TOKEN", "BAO_NAMESPACE", "VAULT_NAMESPACE", "BAO_CACERT", "VAULT_CACERT", "HOME", "USERPROFILE"}
}

// source is a wrapped key and the transit key that opens it.
type source struct {
	file       wrapped.File
	mount, key string
	context    string
}

// New makes the source from its settings. The server is not asked yet.
func New(s keysource.Settings) (keysource.Source, error) {
	if err := s.Only(Settings()...); err != nil {
		return nil, err
	}
	for _, name := range []string{"key", "app", "environment"} {
		if err := service.CheckWord(name, s[name], nameable); err != nil {
			return nil, err
		}
	}
	mount := strings.Trim(cmp.Or(s["mount"], defaultMount), "/")
	if err := service.CheckWord("mount", mount, nameable+"/"); err != nil {
		return nil, err
	}
	file, err := wrapped.At(s, "file", defaultFile)
	if err != nil {
		return nil, err
	}
	return source{file, mount, s["key"], "flask-vault:" + s["app"] + ":" + s["environment"]}, nil
}

// Name is "transit" and the name of the transit key.
func (s source) Name() string { return "transit " + s.mount + "/" + s.key }

// Load has the server open the wrapped key.
func (s source) Load(ctx context.Context) (keysource.Key, error) {
	if err := ctx.Err(); err != nil {
		return keysource.Key{}, err
	}
	text, err := s.file.Read(maxText)
	if err != nil {
		return keysource.Key{}, err
	}
	ciphertext := strings.TrimSpace(string(text))
	if !strings.HasPrefix(ciphertext, prefix) {
		return keysource.Key{}, fmt.Errorf("%s does not hold what transit wraps", s.file.Name())
	}
	e, err := newEngine(s.mount)
	if err != nil {
		return keysource.Key{}, err
	}
	plain, err := e.decrypt(ctx, s.key, ciphertext, s.context)
	defer clear(plain)
	if err != nil {
		return keysource.Key{}, err
	}
	return keysource.ParseKey(plain)
}

// Save has the server wrap the key, and writes that once it is clear that it
// opens again, and with this context alone.
func (s source) Save(ctx context.Context, k keysource.Key) error {
	if k.IsZero() {
		return fmt.Errorf("%w: there is no key to save", keysource.ErrBadKey)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	e, err := newEngine(s.mount)
	if err != nil {
		return err
	}
	ciphertext, err := e.encrypt(ctx, s.key, []byte(k.Text()), s.context)
	if err != nil {
		return err
	}
	back, err := e.decrypt(ctx, s.key, ciphertext, s.context)
	defer clear(back)
	if err != nil {
		return err
	}
	if string(back) != k.Text() {
		return fmt.Errorf("%s opened what it wrapped to something else; nothing is written", e.address)
	}
	// A key that is not derived ignores the context, without a word.
	switch other, err := e.decrypt(ctx, s.key, ciphertext, s.context+":another"); {
	case err == nil:
		clear(other)
		return plugins.Errorf(plugins.BadSettings, "the transit key %s is not derived, so nothing would bind the master key to its environment; make another: bao write -f %s/keys/NAME derived=true", s.key, s.mount)
	case !isRefusal(err):
		return err
	}
	return s.file.Write([]byte(ciphertext + "\n"))
}

// engine is a transit engine at a server, with the user's token.
type engine struct {
	client  *http.Client
	address string
	mount   string
	header  http.Header
}

func newEngine(mount string) (*engine, error) {
	variable, address := either("ADDR")
	if address == "" {
		return nil, plugins.Errorf(plugins.Unavailable, "neither BAO_ADDR nor VAULT_ADDR is set, and a project cannot name the server")
	}
	u, err := service.Address(variable, address)
	if err != nil {
		return nil, err
	}
	token, err := token()
	if err != nil {
		return nil, err
	}
	_, ca := either("CACERT")
	client, err := service.Client(ca)
	if err != nil {
		return nil, err
	}
	header := http.Header{"X-Vault-Token": {token}, "X-Vault-Request": {"true"}, "Content-Type": {"application/json"}}
	if _, namespace := either("NAMESPACE"); namespace != "" {
		header.Set("X-Vault-Namespace", namespace)
	}
	return &engine{client, strings.TrimRight(u.String(), "/"), mount, header}, nil
}

// either is the variable of OpenBao, or that of Vault, and its value.
func either(name string) (variable, value string) {
	if v := os.Getenv("BAO_" + name); v != "" {
		return "BAO_" + name, v
	}
	return "VAULT_" + name, os.Getenv("VAULT_" + name)
}

// token is the user's, from a variable or from where "bao login" keeps it.
func token() (string, error) {
	_, t := either("TOKEN")
	home := os.Getenv("HOME")
	if runtime.GOOS == "windows" {
		home = os.Getenv("USERPROFILE")
	}
	if t == "" && home != "" {
		if text, err := durable.ReadFile(filepath.Join(home, ".vault-token"), maxText); err == nil {
			t = strings.TrimSpace(string(text))
		}
	}
	switch {
	case t == "":
		return "", plugins.Errorf(plugins.Denied, "there is no token: neither in BAO_TOKEN or VAULT_TOKEN nor in ~/.vault-token; bao login makes one")
	case strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", plugins.Errorf(plugins.Denied, "the token has characters that no token has")
	}
	return t, nil
}

func (e *engine) encrypt(ctx context.Context, key string, plain []byte, context string) (string, error) {
	var reply struct {
		Data struct {
			Ciphertext string `json:"ciphertext"`
		} `json:"data"`
	}
	err := e.post(ctx, "encrypt", key, map[string]string{
		"plaintext": base64.StdEncoding.EncodeToString(plain), "context": base64.StdEncoding.EncodeToString([]byte(context)),
	}, &reply)
	c := reply.Data.Ciphertext
	if err == nil && (!strings.HasPrefix(c, prefix) || len(c) > maxText-1 || strings.ContainsAny(c, " \r\n")) {
		err = fmt.Errorf("%s answered with no ciphertext", e.address)
	}
	return c, err
}

func (e *engine) decrypt(ctx context.Context, key, ciphertext, context string) ([]byte, error) {
	var reply struct {
		Data struct {
			Plaintext []byte `json:"plaintext"` // base64, as encoding/json has it
		} `json:"data"`
	}
	err := e.post(ctx, "decrypt", key, map[string]string{
		"ciphertext": ciphertext, "context": base64.StdEncoding.EncodeToString([]byte(context)),
	}, &reply)
	return reply.Data.Plaintext, err
}

// refusal is an answer with the status 400.
type refusal struct{ error }

func isRefusal(err error) bool {
	_, ok := err.(refusal) //nolint:errorlint // it is never wrapped
	return ok
}

// post never passes on what the server says: it could say what we sent.
func (e *engine) post(ctx context.Context, operation, key string, request map[string]string, reply any) error {
	u, err := service.Address("the address", e.address)
	if err != nil {
		return err
	}
	u = u.JoinPath("v1", e.mount, operation, key)
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	defer clear(body)
	status, err := service.Post(ctx, e.client, u, e.header.Clone(), body, reply, nil)
	what := fmt.Sprintf("%s/%s/%s at %s", e.mount, operation, key, u.Host)
	switch {
	case err != nil:
		return err
	case status == http.StatusOK:
		return nil
	case status == http.StatusBadRequest && operation == "decrypt":
		return refusal{fmt.Errorf("%s refuses the wrapped key: it was wrapped by another transit key or for another app or environment, or it was changed", what)}
	case status == http.StatusBadRequest:
		return fmt.Errorf("%s refuses to wrap: is there such a transit key?", what)
	case status == http.StatusForbidden:
		return plugins.Errorf(plugins.Denied, "the token may not use %s (or is no longer valid: bao login)", what)
	case status == http.StatusNotFound:
		return plugins.Errorf(plugins.BadSettings, "there is no %s: is the engine mounted there?", what)
	case status == http.StatusServiceUnavailable:
		return plugins.Errorf(plugins.Locked, "%s is sealed or starting", u.Host)
	case status/100 == 3:
		return plugins.Errorf(plugins.Unavailable, "%s is a standby that sends to another server; give the address of that one, or of the whole cluster", u.Host)
	}
	return plugins.Errorf(plugins.Unavailable, "%s answered with the status %d", what, status)
}
