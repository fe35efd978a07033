package kmskey

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/backend/aws"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/plugins"
	"github.com/flask-vault/flask-vault/plugins/internal/service"
	"github.com/flask-vault/flask-vault/plugins/internal/wrapped"
)

const (
	defaultFile = "master.key.awskms"
	maxText     = 16 << 10 // KMS gives at most 6144 bytes
)

// Settings are the names of the settings of [New].
func Settings() []string {
	return []string{"key", "app", "environment", "region", "file", wrapped.Directory}
}

// source is a wrapped key and the KMS key that opens it.
type source struct {
	file    wrapped.File
	key     string
	region  string
	context map[string]string
}

// New makes the source from its settings. KMS is not asked yet.
func New(s keysource.Settings) (keysource.Source, error) {
	if err := s.Only(Settings()...); err != nil {
		return nil, err
	}
	for name, also := range map[string]string{"key": "-_:/", "app": "._-", "environment": "._-"} {
		if err := service.CheckWord(name, s[name], also); err != nil {
			return nil, err
		}
	}
	region := cmp.Or(s["region"], regionOf(s["key"]), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	if region == "" {
		return nil, plugins.Errorf(plugins.BadSettings, "the region is not known: neither the setting region nor the ARN of the key nor AWS_REGION names it")
	}
	if err := service.CheckWord("region", region, "-"); err != nil { // it becomes a part of a host's name
		return nil, err
	}
	file, err := wrapped.At(s, "file", defaultFile)
	if err != nil {
		return nil, err
	}
	return source{file, s["key"], region, map[string]string{
		"flask-vault:app": s["app"], "flask-vault:environment": s["environment"],
	}}, nil
}

// regionOf is the region in an ARN, "" if it is none.
func regionOf(key string) string {
	if parts := strings.Split(key, ":"); len(parts) > 5 && parts[0] == "arn" {
		return parts[3]
	}
	return ""
}

// Name is "awskms" and the KMS key.
func (s source) Name() string { return "awskms " + s.key }

// Load has KMS open the wrapped key.
func (s source) Load(ctx context.Context) (keysource.Key, error) {
	if err := ctx.Err(); err != nil {
		return keysource.Key{}, err
	}
	text, err := s.file.Read(maxText)
	if err != nil {
		return keysource.Key{}, err
	}
	blob, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(blob) == 0 {
		return keysource.Key{}, fmt.Errorf("%s does not hold what KMS wraps", s.file.Name())
	}
	return s.open(ctx, blob)
}

func (s source) open(ctx context.Context, blob []byte) (keysource.Key, error) {
	var reply struct {
		Plaintext []byte
		KeyId     string //nolint:revive,staticcheck // as KMS spells it
	}
	// Naming the key keeps KMS from opening with any other that the user may use.
	err := s.ask(ctx, "Decrypt", map[string]any{"KeyId": s.key, "CiphertextBlob": blob, "EncryptionContext": s.context}, &reply)
	defer clear(reply.Plaintext)
	if err != nil {
		return keysource.Key{}, err
	}
	return keysource.ParseKey(reply.Plaintext)
}

// Save has KMS wrap the key, and writes that once it is clear that it opens again.
func (s source) Save(ctx context.Context, k keysource.Key) error {
	if k.IsZero() {
		return fmt.Errorf("%w: there is no key to save", keysource.ErrBadKey)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var reply struct{ CiphertextBlob []byte }
	err := s.ask(ctx, "Encrypt", map[string]any{"KeyId": s.key, "Plaintext": []byte(k.Text()), "EncryptionContext": s.context}, &reply)
	if err != nil {
		return err
	}
	if back, err := s.open(ctx, reply.CiphertextBlob); err != nil {
		return err
	} else if !back.Equal(k) {
		return fmt.Errorf("KMS opened what it wrapped to something else; nothing is written")
	}
	return s.file.Write([]byte(base64.StdEncoding.EncodeToString(reply.CiphertextBlob) + "\n"))
}

// ask makes one request. Nothing that the service says is passed on but the name
// of its error: a text could hold what we sent.
func (s source) ask(ctx context.Context, operation string, request map[string]any, reply any) error {
	u, err := s.endpoint()
	if err != nil {
		return err
	}
	c, err := s.credentials(ctx)
	if err != nil {
		return err
	}
	client, err := service.Client(os.Getenv("AWS_CA_BUNDLE"))
	if err != nil {
		return err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	defer clear(body)
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"TrentService." + operation}}
	aws.Sign(&http.Request{Method: http.MethodPost, URL: u, Header: header}, aws.HashOf(body), c, aws.Scope{Region: s.region, Service: "kms"}, time.Now())
	var fault struct {
		Type string `json:"__type"`
	}
	status, err := service.Post(ctx, client, u, header, body, reply, func(_ int, body []byte) { _ = json.Unmarshal(body, &fault) })
	if err != nil || status == http.StatusOK {
		return err
	}
	return s.explain(status, fault.Type[strings.LastIndex(fault.Type, "#")+1:])
}

func (s source) endpoint() (*url.URL, error) {
	for _, variable := range []string{"AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL"} {
		if v := os.Getenv(variable); v != "" {
			u, err := service.Address(variable, v)
			if err == nil && strings.Trim(u.Path, "/") != "" {
				err = plugins.Errorf(plugins.BadSettings, "%s has a path, which KMS has not", variable)
			}
			if err == nil {
				u.Path = "/"
			}
			return u, err
		}
	}
	return &url.URL{Scheme: "https", Host: "kms." + s.region + "." + aws.Domain(s.region), Path: "/"}, nil
}

// explain says what a fault of KMS means here.
func (s source) explain(status int, fault string) error {
	switch fault {
	case "InvalidCiphertextException", "IncorrectKeyException":
		return fmt.Errorf("KMS refuses the wrapped key: it was wrapped by another KMS key or for another app or environment, or it was changed")
	case "AccessDeniedException":
		return plugins.Errorf(plugins.Denied, "these credentials may not use the KMS key %s with this app and environment", s.key)
	case "NotFoundException":
		return plugins.Errorf(plugins.BadSettings, "there is no KMS key %s in %s", s.key, s.region)
	case "DisabledException", "KMSInvalidStateException", "KeyUnavailableException":
		return plugins.Errorf(plugins.Locked, "the KMS key %s is disabled or about to be deleted", s.key)
	case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "IncompleteSignatureException", "InvalidClientTokenId", "MissingAuthenticationTokenException":
		return plugins.Errorf(plugins.Denied, "AWS does not accept the credentials (or the clock of this machine is wrong)")
	}
	return plugins.Errorf(plugins.Unavailable, "KMS in %s answered with the status %d %s", s.region, status, word(fault))
}

// word is the name of a fault if it looks like one.
func word(fault string) string {
	if service.CheckWord("", fault, "") != nil || len(fault) > 60 {
		return ""
	}
	return "(" + fault + ")"
}
