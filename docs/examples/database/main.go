// Command database connects to PostgreSQL with db.username, db.password and
// db.name of the vault. It is a module of its own for the driver's sake.
package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log"
	"time"

	"github.com/lib/pq"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/watch"
)

// settings are what a connection needs of the vault.
type settings struct {
	DB struct {
		Username string         `vault:"username,required"`
		Password backend.Secret `vault:"password,required"`
		Name     string         `vault:"name,required"`
		Host     string         `vault:"host"`
	} `vault:"db"`
}

// connector asks the vault for each new connection, so that a password that is
// changed in the vault is the one that the next connection has.
type connector struct {
	vault interface{ Decode(dst any) error }
}

// Connect makes a connection for the pool of database/sql.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	var s settings
	s.DB.Host = "localhost" // where the vault has none
	if err := c.vault.Decode(&s); err != nil {
		return nil, err
	}
	p, err := pq.NewConnectorConfig(pq.Config{
		Host: s.DB.Host, Database: s.DB.Name,
		User: s.DB.Username, Password: s.DB.Password.Reveal(),
		Port: 5432, SSLMode: pq.SSLModePrefer,
	})
	if err != nil {
		return nil, err
	}
	return p.Connect(ctx)
}

// Driver is the driver that the connections are of.
func (connector) Driver() driver.Driver { return &pq.Driver{} }

func open(ctx context.Context) (*sql.DB, error) {
	vault, err := config.Open(ctx, config.Overrides{})
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector{vault: vault})
	db.SetConnMaxLifetime(time.Hour)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	go watch.Watch(ctx, backend.Layers{vault}, func(_ []string, err error) {
		if err != nil {
			log.Printf("the password of before stays in force: %v", err)
		}
	})
	return db, nil
}

func main() {
	ctx := context.Background()
	db, err := open(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	var who string
	if err := db.QueryRowContext(ctx, "select current_user || ' in ' || current_database()").Scan(&who); err != nil {
		log.Fatal(err)
	}
	fmt.Println(who)
}
