package https_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/https"
)

func Example() {
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		_, _ = w.Write([]byte("sealed"))
	}))
	defer relay.Close()

	store, err := https.Open(relay.URL+"/credentials.yml.enc", https.Options{})
	if err != nil {
		panic(err)
	}
	defer store.Close()

	ctx := context.Background()
	snap, err := store.Load(ctx, "")
	fmt.Printf("%s %v\n", snap.Blob, err)
	_, err = store.Load(ctx, snap.Version)
	fmt.Println(errors.Is(err, backend.ErrNotModified))
	_, err = store.Save(ctx, []byte("sealed again"), snap.Version)
	fmt.Println(err)
	// Output:
	// sealed <nil>
	// true
	// an https:// vault is for reading alone: save to the store behind it
}
