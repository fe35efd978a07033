//go:build !goexperiment.runtimesecret

package main

const way = "without the experiment"

func do(f func()) { f() }
