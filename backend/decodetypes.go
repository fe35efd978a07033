package backend

import (
	"bytes"
	enc "encoding"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/flask-vault/flask-vault/format"
)

// What the standard library says of a text that it cannot convert quotes the
// text, so its errors are never passed on.

var (
	secretType   = reflect.TypeFor[Secret]()
	urlType      = reflect.TypeFor[url.URL]()
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[enc.TextUnmarshaler]()
	bytesType    = reflect.TypeFor[[]byte]()
)

// isStruct reports whether a field is a struct of fields, and not one value.
func isStruct(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && !isValue(t)
}

// isValue reports whether a type has its own way from a text.
func isValue(t reflect.Type) bool {
	return t == secretType || t == urlType || t == timeType || t == durationType || reflect.PointerTo(t).Implements(textType)
}

// decodable says why a field's type cannot be filled.
func decodable(t reflect.Type, o options) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if o.form != "" && !isBytes(t) && !(o.form == "pem" && t.Kind() == reflect.Slice && t.Elem() == bytesType) {
		return fmt.Errorf("the option %s is for []byte", o.form)
	}
	if t.Kind() == reflect.Slice && !isValue(t) && !isBytes(t) {
		t = t.Elem()
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	if isValue(t) || isBytes(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	}
	return fmt.Errorf("a field of the type %s cannot be filled", t)
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.ConvertibleTo(bytesType) && t.Elem().Kind() == reflect.Uint8 && !reflect.PointerTo(t).Implements(textType)
}

// set converts a secret to what v is.
func set(v reflect.Value, s Secret, o options) error {
	t := v.Type()
	switch {
	case t == secretType:
		v.Set(reflect.ValueOf(s))
		return nil
	case t.Kind() == reflect.Pointer:
		p := reflect.New(t.Elem())
		if err := set(p.Elem(), s, o); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case t.Kind() == reflect.Slice && !isValue(t) && !isBytes(t):
		return setSlice(v, s, o)
	case s.Kind() == format.Mapping, s.Kind() == format.Sequence:
		return fmt.Errorf("it is a %s, not one value", s.Kind())
	case isBytes(t):
		b, err := toBytes(s, o)
		if err == nil {
			v.SetBytes(b)
		}
		return err
	}
	return setScalar(v, s)
}

func setSlice(v reflect.Value, s Secret, o options) error {
	var items []Secret
	switch {
	case o.form == "pem":
		blocks, err := pemBlocks(s.Reveal())
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(blocks).Convert(v.Type()))
		return nil
	case s.Kind() == format.Mapping:
		return errors.New("it is a mapping, not a list")
	case s.Kind() == format.Sequence:
		if items = s.Items(); items == nil {
			return errors.New("it is a list that holds lists or mappings")
		}
	case strings.TrimSpace(s.Reveal()) != "":
		for part := range strings.SplitSeq(s.Reveal(), ",") {
			items = append(items, format.NewValue(format.String, strings.TrimSpace(part)))
		}
	}
	t := v.Type().Elem()
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if item.Kind() == format.Null && t != secretType {
			if t.Kind() == reflect.Pointer {
				continue // nil
			}
			return fmt.Errorf("item %d: it is null", i+1)
		}
		if err := set(list.Index(i), item, o); err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	v.Set(list)
	return nil
}

func setScalar(v reflect.Value, s Secret) error {
	text, t := s.Reveal(), v.Type()
	switch t {
	case durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("it is not a duration such as 10s or 1h30m")
		}
		v.SetInt(int64(d))
		return nil
	case timeType:
		for _, layout := range timeLayouts {
			if at, err := time.Parse(layout, text); err == nil {
				v.Set(reflect.ValueOf(at))
				return nil
			}
		}
		return errors.New("it is not a time such as 2024-01-31T10:20:30Z")
	case urlType:
		u, err := url.Parse(text)
		if err != nil || u.Scheme == "" {
			return errors.New("it is not an absolute URL")
		}
		v.Set(reflect.ValueOf(*u))
		return nil
	}
	if reflect.PointerTo(t).Implements(textType) {
		return setText(v, text)
	}
	return setBasic(v, text)
}

// timeLayouts are RFC 3339 and what YAML and TOML write besides. Fractions of a
// second go with each of them; a time without an offset is one in UTC.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02t15:04:05Z07:00",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 -07",
	time.DateTime, time.DateOnly,
}

// setText has the type's own UnmarshalText make a value, a new one: what the
// field holds may share a map with the program's struct. What it says of the text,
// in an error or a panic, may quote it.
func setText(v reflect.Value, text string) (err error) {
	t := v.Type()
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the UnmarshalText of %s panics", t)
		}
	}()
	made := reflect.New(t)
	if t.Kind() == reflect.Map {
		made.Elem().Set(reflect.MakeMap(t))
	}
	if made.Interface().(enc.TextUnmarshaler).UnmarshalText([]byte(text)) != nil {
		return fmt.Errorf("it is not a %s", t)
	}
	v.Set(made.Elem())
	return nil
}

func setBasic(v reflect.Value, text string) error {
	not := fmt.Errorf("it is not a number of the type %s", v.Type())
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true", "yes", "on", "1":
			v.SetBool(true)
		case "false", "no", "off", "0":
			v.SetBool(false)
		default:
			return errors.New("it is neither true nor false")
		}
	case reflect.Float32, reflect.Float64:
		if octal(text) {
			return errOctal
		}
		switch strings.TrimLeft(text, "+-") { // as YAML writes them
		case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN":
			text = strings.Replace(text, ".", "", 1)
		}
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return not
		}
		v.SetFloat(f)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if octal(text) {
			return errOctal
		}
		n, err := strconv.ParseInt(text, 0, v.Type().Bits())
		if err != nil {
			return not
		}
		v.SetInt(n)
	default:
		if octal(text) {
			return errOctal
		}
		n, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 0, v.Type().Bits())
		if err != nil {
			return not
		}
		v.SetUint(n)
	}
	return nil
}

var errOctal = errors.New("it is a number that begins with 0, which some read as octal: leave the 0 out")

func octal(text string) bool {
	text = strings.TrimLeft(text, "+-")
	return len(text) > 1 && text[0] == '0' && (text[1] == '_' || text[1] >= '0' && text[1] <= '9')
}

func toBytes(s Secret, o options) ([]byte, error) {
	switch {
	case o.form == "pem":
		blocks, err := pemBlocks(s.Reveal())
		if err != nil {
			return nil, err
		}
		if len(blocks) != 1 {
			return nil, fmt.Errorf("it has %d PEM blocks, not one", len(blocks))
		}
		return blocks[0], nil
	case o.form == "raw", s.Kind() == format.Binary: // YAML has decoded it
		return []byte(s.Reveal()), nil
	}
	text := strings.TrimRight(strings.Join(strings.Fields(s.Reveal()), ""), "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	b, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("it is not base64")
	}
	return b, nil
}

// pemBlocks takes a text that is PEM blocks and nothing else. pem.Decode passes
// by what it cannot read, and a key or a certificate would be gone unseen.
func pemBlocks(text string) ([][]byte, error) {
	var blocks [][]byte
	begin := []byte("-----BEGIN ")
	rest := bytes.TrimSpace([]byte(text))
	for len(rest) > 0 || len(blocks) == 0 {
		if !bytes.HasPrefix(rest, begin) {
			if len(blocks) == 0 {
				return nil, errors.New("it is not PEM: it does not start with -----BEGIN")
			}
			return nil, fmt.Errorf("there is text behind PEM block %d", len(blocks))
		}
		block, more := pem.Decode(rest)
		if block == nil || bytes.Count(rest[:len(rest)-len(more)], begin) != 1 {
			return nil, fmt.Errorf("PEM block %d is damaged", len(blocks)+1)
		}
		blocks, rest = append(blocks, block.Bytes), bytes.TrimSpace(more)
	}
	return blocks, nil
}
