//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// asNobody is the program without root's rights, to which no file is closed.
// Whoever runs the tests without being root has none to lose.
func asNobody() {
	const nobody = 65534
	if os.Geteuid() == 0 {
		for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)} {
			if err != nil {
				fmt.Fprintln(os.Stderr, "as-nobody:", err)
				os.Exit(125)
			}
		}
	}
	os.Args = os.Args[1:]
	main()
}
