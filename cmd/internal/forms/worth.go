package forms

import (
	"slices"
	"strings"
)

// minDigits is how many digits make a number that is no port, year or count.
const minDigits = 6

// Worth reports whether a value can be hidden without hiding half of what a
// program says: it has at least four bytes, six if they are all digits, more
// than one different character, and is no common word such as true or localhost.
func Worth(value string) bool {
	v := strings.TrimSpace(value)
	switch {
	case len(v) < minPattern:
		return false
	case strings.Trim(v, "0123456789.,:-+") == "" && strings.Count(v, "")-1 < minDigits:
		return false
	case strings.Trim(v, v[:1]) == "":
		return false
	}
	return !slices.Contains(common, strings.ToLower(v))
}

var common = []string{
	"true", "false", "null", "none", "auto", "default", "enabled", "disabled", "always", "never",
	"development", "production", "staging", "test", "testing", "debug", "info", "warning", "error",
	"localhost", "127.0.0.1", "0.0.0.0", "http", "https", "admin", "root", "user", "guest", "public",
	"postgres", "postgresql", "mysql", "redis", "sqlite", "mongodb", "smtp", "utf8", "utf-8", "utf8mb4",
}
