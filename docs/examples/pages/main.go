// Command pages is a web server with two pages: one encrypts what is typed in,
// the other decrypts what the first one gave.
package main

import (
	"context"
	"html/template"
	"log"
	"net/http"
	"time"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
)

// purpose is the associated data: a token of another part of the program, under
// the same key, does not open here.
var purpose = []byte("pages: what a visitor typed")

var page = template.Must(template.New("").Parse(`<!doctype html>
<title>{{.Title}}</title>
<form method="post"><textarea name="text"></textarea><button>{{.Title}}</button></form>
<pre>{{.Result}}</pre>
`))

type content struct{ Title, Result string }

// encrypt is the page that makes tokens.
func encrypt(vault *backend.Cipher) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := content{Title: "Encrypt"}
		if r.Method == http.MethodPost {
			token, err := vault.Seal([]byte(r.FormValue("text")), purpose)
			if err != nil {
				http.Error(w, "cannot encrypt", http.StatusInternalServerError)
				return
			}
			c.Result = string(token)
		}
		_ = page.Execute(w, c)
	}
}

// decrypt is the page that opens them. Whoever sends another text learns nothing
// but that it is none of ours.
func decrypt(vault *backend.Cipher) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := content{Title: "Decrypt"}
		if r.Method == http.MethodPost {
			text, err := vault.Open([]byte(r.FormValue("text")), purpose)
			if err != nil {
				http.Error(w, "this is not a token of the other page", http.StatusBadRequest)
				return
			}
			c.Result = string(text)
		}
		_ = page.Execute(w, c)
	}
}

func handler(vault *backend.Cipher) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/encrypt", encrypt(vault))
	mux.HandleFunc("/decrypt", decrypt(vault))
	return http.MaxBytesHandler(mux, 1<<20)
}

func main() {
	vault, err := config.Open(context.Background(), config.Overrides{})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: "localhost:8000", Handler: handler(vault.Cipher), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
