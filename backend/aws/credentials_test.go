package aws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/backend/aws"
)

func ExampleFinder() {
	env := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hunter2"}
	f := &aws.Finder{Getenv: func(name string) string { return env[name] }} // in earnest: os.Getenv
	c, err := f.Get(context.Background())
	fmt.Println(c, err)
	// Output: access key AKIDEXAMPLE <nil>
}

// TestNobodyWaitsLongerThanTheyMay for credentials that somebody else is waiting for.
func TestNobodyWaitsLongerThanTheyMay(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:x"}
	asked, end := make(chan struct{}, 1), make(chan struct{})
	f := &aws.Finder{
		Getenv: func(name string) string { return env[name] }, Region: func() (string, error) { return "eu-central-1", nil }, Timeout: time.Minute,
		Do: func(r *http.Request) (*http.Response, error) {
			asked <- struct{}{}
			select {
			case <-end:
			case <-r.Context().Done():
			}
			return nil, errors.New("no answer")
		},
	}
	first := make(chan error)
	go func() {
		_, err := f.Get(t.Context())
		first <- err
	}()
	<-asked
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	second := make(chan error, 1)
	go func() {
		_, err := f.Get(ctx)
		_ = f.Last()
		second <- err
	}()
	select {
	case err := <-second:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits on")
	}
	close(end)
	if err := <-first; err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("the one that asked: %v", err)
	}
}

func TestCredentialsDoNotPrint(t *testing.T) {
	c := aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "hunter2", SessionToken: "hunter2"}
	j, err := json.Marshal(c) //nolint:gosec // that is the question
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s %v %s", c, c, c, c, &c, j); strings.Contains(text, "hunter2") || !strings.Contains(text, "AKID") {
		t.Error(text)
	}
}
