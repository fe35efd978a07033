package backend

// SetSeals makes a cipher have sealed so many messages.
func (c *Cipher) SetSeals(n uint64) { c.keys.Load().seals.Store(n) }
