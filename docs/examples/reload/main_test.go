package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/docs/examples/internal/vaulttest"
)

const text = "shop.name: Shop %d\nshop.token: hunter2-%[1]d\n"

// TestNoRequestIsDropped has clients ask all the while the vault changes. Each is
// answered, with a name of the vault, and never with an older one than before.
func TestNoRequestIsDropped(t *testing.T) {
	dir := t.TempDir()
	vaulttest.Make(t, dir, fmt.Sprintf(text, 0))
	t.Chdir(dir)

	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, l) }()
	ask := func(client *http.Client) (shop int, err error) {
		r, err := client.Get("http://" + address)
		if err != nil {
			return 0, err
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("%s %w", r.Status, err)
		}
		var named int
		_, err1 := fmt.Sscanf(r.Header.Get("Shop"), "Shop %d", &named)
		_, err2 := fmt.Sscanf(string(body), "welcome to Shop %d", &shop)
		if err1 != nil || err2 != nil || named != shop {
			return 0, fmt.Errorf("it answers %q and %q", r.Header.Get("Shop"), body)
		}
		return shop, nil
	}
	deadline := time.Now().Add(30 * time.Second)
	wait := func(want int) {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for {
			shop, err := ask(client)
			if err == nil && shop == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("shop %d, %v; want %d", shop, err, want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	wait(0)

	var clients sync.WaitGroup
	var asked atomic.Int64
	done := make(chan struct{})
	for range 4 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for last := 0; ; asked.Add(1) {
				shop, err := ask(client)
				if err != nil || shop < last {
					t.Errorf("%v: shop %d after %d", err, shop, last)
					return
				}
				last = shop
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := 1; i <= 20; i++ {
		vaulttest.Save(t, dir, fmt.Sprintf(text, i))
	}
	wait(20)
	vaulttest.Save(t, dir, "shop.name: Shop 21\n") // incomplete: what was stays
	vaulttest.Save(t, dir, fmt.Sprintf(text, 22))
	wait(22)
	close(done)
	clients.Wait()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if asked.Load() < 20 {
		t.Errorf("only %d requests were made", asked.Load())
	}
	t.Logf("%d requests over 22 changes", asked.Load())
}
