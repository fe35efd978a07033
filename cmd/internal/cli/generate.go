package cli

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

const defaultGenerate = "32,alnum"

// alphabets are what generated values are made of.
var alphabets = map[string]string{
	"alnum":     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
	"hex":       "0123456789abcdef",
	"digits":    "0123456789",
	"base64url": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	"symbols":   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#%()*+,-./:;<=>?@[]^_{|}~",
}

// generate makes a random value from "LENGTH", "ALPHABET" or "LENGTH,ALPHABET".
func generate(spec string) (string, error) {
	length, alphabet := 32, alphabets["alnum"]
	for _, part := range strings.Split(spec, ",") {
		if chars, ok := alphabets[part]; ok {
			alphabet = chars
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 4096 {
			return "", &usageError{
				msg:  fmt.Sprintf("--generate takes a length from 1 to 4096 and one of %s, not %q", strings.Join(slices.Sorted(maps.Keys(alphabets)), ", "), part),
				hint: "--generate=40,hex",
			}
		}
		length = n
	}
	out := make([]byte, length)
	for i := range out {
		// Int is uniform, where a remainder of random bytes would not be.
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		out[i] = alphabet[n.Int64()]
	}
	return string(out), nil
}
