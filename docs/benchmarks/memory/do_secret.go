//go:build goexperiment.runtimesecret

package main

import "runtime/secret"

const way = "with runtime/secret"

func do(f func()) { secret.Do(f) }
