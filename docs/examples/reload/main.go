// Command reload is a web server that takes up changed secrets without a restart.
package main

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/watch"
)

// settings are what the server needs of the vault, all of one moment.
type settings struct {
	Shop  string         `vault:"shop.name,required"`
	Token backend.Secret `vault:"shop.token,required"`
}

type server struct {
	layers  backend.Layers
	current atomic.Pointer[settings]
}

// load takes settings that are complete, and else keeps those of before.
func (s *server) load() error {
	var now settings
	if err := s.layers.Decode(&now); err != nil {
		return err
	}
	s.current.Store(&now)
	return nil
}

// changed is called after each change of the vault.
func (s *server) changed(names []string, err error) {
	if err == nil && len(names) > 0 {
		err = s.load()
	}
	if err != nil {
		log.Printf("the secrets of before stay in force: %v", err)
		return
	}
	log.Printf("changed: %v", names)
}

// ServeHTTP answers with one set of settings from beginning to end.
func (s *server) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	now := s.current.Load()
	w.Header().Set("Shop", now.Shop)
	_, _ = w.Write([]byte("welcome to " + now.Shop + "\n"))
}

func run(ctx context.Context, l net.Listener) error {
	c, err := config.Resolve(config.Overrides{})
	if err != nil {
		return err
	}
	layers, err := c.OpenLayers(ctx)
	if err != nil {
		return err
	}
	s := &server{layers: layers}
	if err := s.load(); err != nil {
		return err
	}
	go watch.Watch(ctx, layers, s.changed)
	h := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		<-ctx.Done()
		_ = h.Shutdown(context.WithoutCancel(ctx)) // requests under way are answered
	}()
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-idle
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	l, err := net.Listen("tcp", "localhost:8000")
	if err == nil {
		err = run(ctx, l)
	}
	if err != nil {
		stop()
		log.Fatal(err)
	}
}
