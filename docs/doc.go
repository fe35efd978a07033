// Package docs holds the project's documents. Its tests keep them true: they
// follow every link, run every console session that a document shows, compile
// its Go code and run its Python code.
package docs
