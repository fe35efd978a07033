package s3_test

import (
	"context"
	"fmt"

	"github.com/flask-vault/flask-vault/backend/aws"
	"github.com/flask-vault/flask-vault/backend/s3"
	"github.com/flask-vault/flask-vault/backend/s3/s3test"
)

func Example() {
	server := s3test.New(false) // in earnest: Amazon's, or your own
	defer server.Close()

	store, err := s3.Open("s3://bucket/credentials.yml.enc?region=eu-central-1&endpoint="+server.URL(), s3.Options{
		Credentials: func(context.Context) (aws.Credentials, error) { // in earnest: leave it out
			return aws.Credentials{AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey}, nil
		},
	})
	if err != nil {
		panic(err)
	}
	defer store.Close()

	ctx := context.Background()
	version, err := store.Save(ctx, []byte("sealed"), "") // creates
	fmt.Println(err)
	_, err = store.Save(ctx, []byte("sealed again"), version)
	fmt.Println(err)
	_, err = store.Save(ctx, []byte("by somebody who has the old version"), version)
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// somebody else saved it meanwhile
}
