package watch_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/watch"
)

func Example() {
	dir, _ := os.MkdirTemp("", "watch")
	defer os.RemoveAll(dir)
	t := &testing.T{} // makes and changes the vault
	makeVault(t, dir, "db.password: hunter2\n")

	c, _ := config.Resolve(config.Overrides{Dir: dir})
	layers, _ := c.OpenLayers(context.Background())
	ctx, stop := context.WithCancel(context.Background())
	changed := make(chan []string)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watch.Watch(ctx, layers, func(names []string, err error) { changed <- names })
	}()

	save(t, dir, "db.password: correct horse\n")
	fmt.Println(<-changed, layers.MustGet("db.password").Reveal())
	stop()
	<-ended
	// Output: [db.password] correct horse
}
