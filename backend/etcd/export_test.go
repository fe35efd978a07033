package etcd

// SetChunkSize has a store make smaller chunks than it does otherwise, so that tests with many
// of them move few bytes. Readers take what the list says.
func (s *Store) SetChunkSize(n int) { s.chunk = n }
