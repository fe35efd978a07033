package backend

import "context"

type refusedKey struct{}

// Refusing returns a context by which a caller tells a [Store] which documents it will not
// take, since newer ones have replaced them: list returns their SHA-256 in hex, and
// is called for each load. A store that has the document at several places, as
// backend/https has, goes on to the next place then; others need not heed it. Where all
// have such a document, the store returns it all the same. backend/lastgood calls Refusing.
func Refusing(ctx context.Context, list func() []string) context.Context {
	return context.WithValue(ctx, refusedKey{}, list)
}

// Refused is what [Refusing] was given, now.
func Refused(ctx context.Context) []string {
	if list, ok := ctx.Value(refusedKey{}).(func() []string); ok {
		return list()
	}
	return nil
}
