package search

// grams are all three bytes in a row that the beginnings of the patterns have. Most
// of a text has none of them, and is skipped in steps: a beginning of 8 bytes has
// one of every six places in a row at which three bytes can start.
type grams [1 << 13]uint8 // a bit for each value of hash

const step = prefix - 2

func hash(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 0x9E3779B1 >> 16
}

// newGrams is nil if a pattern is shorter than a beginning.
func newGrams(patterns []string) *grams {
	var g grams
	for _, p := range patterns {
		if p == "" {
			continue
		}
		if len(p) < prefix {
			return nil
		}
		for i := range step {
			h := hash(p[i], p[i+1], p[i+2])
			g[h>>3] |= 1 << (h & 7)
		}
	}
	return &g
}

// skip is the first place, from at on, from which a beginning may be near; -1 if
// none can be in the rest.
func (g *grams) skip(text []byte, at int) int {
	for ; at+prefix <= len(text); at += step {
		t := text[at+step-1 : at+prefix]
		if h := hash(t[0], t[1], t[2]); g[h>>3]&(1<<(h&7)) != 0 {
			return at
		}
	}
	return -1
}
