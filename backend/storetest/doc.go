// Package storetest checks in a Go test that a [backend.Store] keeps the rules
// that the vault relies on, whoever wrote the store and whatever is behind it.
//
// Every store of this project passes it, and so should yours:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			New: func(t testing.TB) storetest.Place {
//				path := filepath.Join(t.TempDir(), "credentials.yml.enc")
//				return storetest.Place{Open: func() (backend.Store, error) {
//					return file.NewStore(path, ""), nil
//				}}
//			},
//			MaxSize: 1 << 20, // if it has a limit
//		})
//	}
//
// The rules, beside those that the comments of [backend.Store] state:
//
//   - A version comes from the stored document, not from the client: what one client
//     was given, any other client of the same place may compare and save with.
//   - An acknowledged save is seen by every load that begins after it, by whomever.
//   - A version that the store never gave, or that is another place's, is not the
//     current one: a save with it fails with backend.ErrConflict.
//   - A save that fails with an error that does not wrap backend.ErrUncertain has not
//     written and never will. Where the store cannot know, it says ErrUncertain.
//   - Two documents that differ have versions that differ. One that is saved a second
//     time may have the version that it had; sealed documents never repeat.
//   - Watch, where there is one, tells of a document that is not the one the caller has
//     already, may leave out those between, and never goes back. It returns soon after
//     its context ends, or when it is broken; then the caller calls it again.
//
// What makes a store hard to get right happens when many write at once, and when
// servers die meanwhile. [Contend] lets writers append to one document by
// compare-and-swap, watchers follow it, and [Place.Faults] do harm; at the end
// every acknowledged save must be there, once, and no refused one.
package storetest
