package main

import "os"

// asNobody is the program itself: there is no root here.
func asNobody() {
	os.Args = os.Args[1:]
	main()
}
