package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/flask-vault/flask-vault/backend/etcd"
)

// Open dials nothing, so a program starts while the cluster is down.
func ExampleOpen() {
	store, err := etcd.Open("etcd://shop@node1,node2,node3/shop/production", etcd.Options{
		Password: func(context.Context) (string, error) {
			if p := os.Getenv("SHOP_ETCD_PASSWORD"); p != "" {
				return p, nil
			}
			return "", errors.New("SHOP_ETCD_PASSWORD is not set")
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Name())

	_, err = etcd.Open("etcd://shop:password@node1/shop/production", etcd.Options{})
	fmt.Println(err)
	// Output:
	// etcd://node1,node2,node3/shop/production
	// an etcd URL holds no password, since it ends up in files and messages: give the user alone, and the password as an option
}
