package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/flask-vault/flask-vault/backend/aws"
)

func ExampleFinder() {
	env := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "hunter2"}
	f := &aws.Finder{Getenv: func(name string) string { return env[name] }} // in earnest: os.Getenv
	c, err := f.Get(context.Background())
	fmt.Println(c, err)
	// Output: access key AKIDEXAMPLE <nil>
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
