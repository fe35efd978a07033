package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the program itself when it is started under
// one of these names, so that tests run real processes without a build.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"flask-vault": main,
		"flask":       main, // as through a link
		"as-nobody":   asNobody,
	})
}
