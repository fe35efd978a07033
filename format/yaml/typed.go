package yaml

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
)

// AppendTyped appends a value that a YAML document gave to dst, as JSON that
// keeps the type that PyYAML gives it, by the rules of YAML 1.1: for programs
// that work with 0123 as the number 83. Text, true, false, null, and integers of
// less than 2^53 are JSON's own; any other is an object with a type and a value:
//
//	{"type": "int", "value": "757238759212989112258"}   or "0x1f…" beyond 4300 digits
//	{"type": "float", "value": "59.5"}                  also "inf", "-inf", "nan"
//	{"type": "date", "value": "2024-06-28"}
//	{"type": "datetime", "value": "2024-08-13T16:00:05.250000+02:00"}
//	{"type": "bytes", "value": "aGk="}                  base64
//	{"type": "list", "value": […]}
//	{"type": "dict", "value": [[key, value], …]}        keys have types, too
//	{"type": "set", "value": […]}
//	{"type": "pairs", "value": [[key, value], …]}       of !!omap and !!pairs
//
// A time without an offset has none here. What is appended is a secret in plain.
func AppendTyped(dst []byte, v format.Value) ([]byte, error) {
	switch v.Kind() {
	case format.Mapping, format.Sequence:
		root, err := parse([]byte(v.Reveal()))
		if err != nil || root == nil {
			return dst, errUntyped
		}
		return appendTyped(dst, root)
	case format.Binary:
		return appendObject(dst, "bytes", base64.StdEncoding.EncodeToString([]byte(v.Reveal()))), nil
	}
	return appendScalar(dst, v.Kind(), v.Reveal())
}

// errUntyped stands for a value that no document of this package gives.
var errUntyped = errors.New("the value is not one of a YAML document")

func appendTyped(dst []byte, n *node) ([]byte, error) {
	n = resolveAlias(n)
	kind := kindOf(n)
	list := func(of string, items []*node) ([]byte, error) {
		dst = append(dst, `{"type":"`+of+`","value":[`...)
		for i, item := range items {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendTyped(dst, item); err != nil {
				return dst, err
			}
		}
		return append(dst, "]}"...), nil
	}
	switch {
	case kind == format.Mapping && n.Tag == "!!set":
		keys := make([]*node, 0, len(n.Content)/2)
		for _, p := range pairs(n) {
			keys = append(keys, p.key)
		}
		return list("set", keys)
	case kind == format.Mapping:
		return appendPairs(dst, "dict", pairs(n))
	case kind == format.Sequence && (n.Tag == "!!omap" || n.Tag == "!!pairs"):
		all := make([]pair, 0, len(n.Content))
		for _, item := range n.Content {
			if item = resolveAlias(item); len(item.Content) != 2 {
				return dst, errUntyped
			}
			all = append(all, pair{item.Content[0], item.Content[1]})
		}
		return appendPairs(dst, "pairs", all)
	case kind == format.Sequence:
		return list("list", n.Content)
	case kind == format.Binary:
		text, _ := decodeBinary(n.Value)
		return appendObject(dst, "bytes", base64.StdEncoding.EncodeToString([]byte(text))), nil
	case kind == kindEquals: // only as a key
		return appendText(dst, n.Value), nil
	}
	return appendScalar(dst, kind, n.Value)
}

func appendPairs(dst []byte, of string, all []pair) ([]byte, error) {
	dst = append(dst, `{"type":"`+of+`","value":[`...)
	for i, p := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '[')
		for j, n := range []*yamllib.Node{p.key, p.value} {
			if j > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendTyped(dst, n); err != nil {
				return dst, err
			}
		}
		dst = append(dst, ']')
	}
	return append(dst, "]}"...), nil
}

// appendScalar appends what PyYAML makes of a scalar's text.
func appendScalar(dst []byte, kind format.Kind, text string) ([]byte, error) {
	switch kind {
	case format.Null:
		return append(dst, "null"...), nil
	case format.String:
		return appendText(dst, text), nil
	case format.Bool:
		switch strings.ToLower(text) {
		case "yes", "true", "on":
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	case format.Int:
		n, ok := integer(text)
		if !ok {
			return dst, errUntyped
		}
		if n.IsInt64() && -1<<53 < n.Int64() && n.Int64() < 1<<53 {
			return strconv.AppendInt(dst, n.Int64(), 10), nil
		}
		decimal := n.Text(10)
		if len(decimal) > maxDigits { // a long octal or hexadecimal one
			decimal = strings.Replace("0x"+n.Text(16), "0x-", "-0x", 1)
		}
		return appendObject(dst, "int", decimal), nil
	case format.Float:
		f, ok := float(text)
		if !ok {
			return dst, errUntyped
		}
		return appendObject(dst, "float", floatText(f)), nil
	case format.Time:
		return appendTime(dst, text)
	}
	return dst, errUntyped
}

func appendObject(dst []byte, of, value string) []byte {
	dst = append(dst, `{"type":"`+of+`","value":`...)
	return append(appendText(dst, value), '}')
}

func appendText(dst []byte, s string) []byte {
	text, _ := json.Marshal(s) // a string has no error
	return append(dst, text...)
}

// integer: octal behind a 0, base 60 with colons, 0x and 0b, underscores anywhere.
func integer(text string) (*big.Int, bool) {
	s := strings.ReplaceAll(strings.TrimSpace(text), "_", "")
	digits := withoutSign(s)
	n := new(big.Int)
	ok := true
	switch {
	case strings.HasPrefix(digits, "0b"):
		_, ok = n.SetString(digits[2:], 2)
	case strings.HasPrefix(digits, "0x"):
		_, ok = n.SetString(digits[2:], 16)
	case strings.HasPrefix(digits, "0"):
		_, ok = n.SetString(digits, 8)
	default:
		var group big.Int
		for part := range strings.SplitSeq(digits, ":") {
			if _, ok = group.SetString(part, 10); !ok {
				break
			}
			n.Add(n.Mul(n, big.NewInt(60)), &group)
		}
	}
	if strings.HasPrefix(s, "-") {
		n.Neg(n)
	}
	return n, ok
}

// float is a float as Python adds it up: of base 60 from the last group on.
func float(text string) (float64, bool) {
	s := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	sign := 1.0
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	switch s = withoutSign(s); s {
	case ".inf":
		return math.Inf(int(sign)), true
	case ".nan":
		return math.NaN(), true
	}
	parts := strings.Split(s, ":")
	var sum float64
	base := 1.0
	for i := len(parts) - 1; i >= 0; i-- {
		f, err := strconv.ParseFloat(parts[i], 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range is infinite in Python
			return 0, false
		}
		if len(parts) == 1 {
			return sign * f, true
		}
		sum += float64(f * base) // rounded before it is added, on every processor
		base *= 60
	}
	return sign * sum, true
}

// floatText writes a float as Python's float() reads it back exactly.
func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
