package gcmstream

import "encoding/binary"

// element is one of GF(2^128), the field of GHASH (NIST SP 800-38D section 6.3).
// Its bits count from the left: hi holds the first eight bytes, and its highest
// bit is the coefficient of x^0.
type element struct{ hi, lo uint64 }

// one is the neutral element of the multiplication.
var one = element{hi: 1 << 63}

func load(block []byte) element {
	return element{binary.BigEndian.Uint64(block), binary.BigEndian.Uint64(block[8:])}
}

func (a element) store(block []byte) {
	binary.BigEndian.PutUint64(block, a.hi)
	binary.BigEndian.PutUint64(block[8:], a.lo)
}

// plus is also minus.
func (a element) plus(b element) element { return element{a.hi ^ b.hi, a.lo ^ b.lo} }

// times multiplies modulo x^128 + x^7 + x^2 + x + 1, as algorithm 1 of SP 800-38D
// does. Both factors can be secret: no branch and no index depends on them.
func (a element) times(b element) element {
	var sum element
	for _, bits := range [2]uint64{a.hi, a.lo} {
		for range 64 {
			take := -(bits >> 63) // all ones if this power of x is in a
			sum.hi ^= b.hi & take
			sum.lo ^= b.lo & take
			bits <<= 1

			over := -(b.lo & 1) // all ones if b·x reaches x^128
			b.lo = b.lo>>1 | b.hi<<63
			b.hi = b.hi>>1 ^ over&(0xe1<<56) // x^128 = x^7 + x^2 + x + 1
		}
	}
	return sum
}

// power is a^n. It takes a time that depends on n, which must not be secret.
func (a element) power(n uint64) element {
	result := one
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			result = result.times(a)
		}
		a = a.times(a)
	}
	return result
}

// inverse is a^(2^128 − 2), by which a times its inverse is one. Zero has none.
func (a element) inverse() element {
	result := one
	for range 127 { // the exponent is 127 ones and a zero
		a = a.times(a)
		result = result.times(a)
	}
	return result
}
