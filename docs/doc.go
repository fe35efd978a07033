// Package docs holds the project's documents. Its tests keep them true: they
// follow every link, run every console session that a document shows, compile
// its Go code, run its Python code, and find every test that a claim rests on.
package docs
