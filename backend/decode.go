package backend

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/flask-vault/flask-vault/format"
)

// Decode fills the struct that dst points to from the values of one moment. A
// field takes part by its tag, which names the value, and perhaps options:
//
//	type Config struct {
//		DB struct {
//			User     string         `vault:"username"`
//			Password backend.Secret `vault:"password,required"`
//		} `vault:"db"`
//		Timeout time.Duration `vault:"timeout"`
//		Key     []byte        `vault:"session.key,required"` // base64
//	}
//
// A field that is a struct puts its name and a dot in front of those within it;
// an embedded struct without a tag puts nothing there. A field without a tag stays
// as it is, and so does one whose value is missing: what it holds before is its
// default. With the option required a missing or empty value is an error, an empty
// list among them. A value that is no mapping where a struct has its fields is one, too.
//
// Fields have the types [Secret], string, bool, the integers and floats, time.Duration,
// time.Time (RFC 3339, a space for the T, no offset for UTC, or a date), url.URL (absolute), whatever implements encoding.TextUnmarshaler,
// []byte, slices of these (a sequence of the document, or text with commas), and pointers to
// them. Maps, and slices of structs, are not among them: a list of mappings goes
// into a [Secret], whose text is YAML, JSON or TOML. A null in a list is a nil pointer,
// a Secret of the kind null, or an error.
//
// A []byte is base64 of any alphabet, with the option raw the text itself,
// and with pem the content (DER) of its one PEM block; [][]byte with pem takes several.
// Text outside of the blocks, or a damaged block, is an error.
//
// Errors are *[FieldError], all of them joined; on any error dst stays as it is.
func (v *Vault) Decode(dst any) error { return decode(v, dst) }

// Decode is [Vault.Decode] over the layers.
func (l Layers) Decode(dst any) error { return decode(l, dst) }

// Decode is [Vault.Decode] with the variables in force.
func (e Environ) Decode(dst any) error { return decode(e, dst) }

// frozen is a getter as it is now, as [Vault.Frozen]; one of another type stays as it is.
func frozen(from Getter) Getter {
	switch from := from.(type) {
	case *Vault:
		return from.Frozen()
	case Layers:
		return from.Frozen()
	case Environ:
		from.Of = frozen(from.Of)
		return from
	}
	return from
}

// FieldError says which field of a struct [Vault.Decode] cannot fill. It quotes
// nothing of the value.
type FieldError struct {
	Field string // "DB.Password"
	Path  string // of the value, "db.password"
	Err   error  // a missing value wraps [format.ErrNotFound]

	variable string // that the value comes from, if any
}

func (e *FieldError) Error() string {
	switch {
	case e.variable != "":
		return fmt.Sprintf("field %s (%s, from the variable %s): %v", e.Field, e.Path, e.variable, e.Err)
	case e.Path != "":
		return fmt.Sprintf("field %s (%s): %v", e.Field, e.Path, e.Err)
	}
	return fmt.Sprintf("field %s: %v", e.Field, e.Err)
}

// Unwrap returns Err.
func (e *FieldError) Unwrap() error { return e.Err }

func decode(from Getter, dst any) error {
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() || p.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("decode: a %T is no pointer to a struct", dst)
	}
	d := decoder{from: frozen(from)}
	filled := reflect.New(p.Type().Elem()).Elem()
	filled.Set(p.Elem())
	d.fields(filled, "", "")
	if err := errors.Join(d.errs...); err != nil {
		return err
	}
	p.Elem().Set(filled)
	return nil
}

// maxNested is how deep structs may stand in each other.
const maxNested = 20

type decoder struct {
	from Getter
	errs []error
}

func (d *decoder) fail(field, path string, err error) {
	e := &FieldError{Field: field, Path: path, Err: err}
	if env, ok := d.from.(Environ); ok && path != "" && os.Getenv(env.Variable(path)) != "" {
		e.variable = env.Variable(path)
	}
	d.errs = append(d.errs, e)
}

// fields fills a struct. It reports whether there was a value for any field.
func (d *decoder) fields(s reflect.Value, field, path string) (found bool) {
	for i := range s.NumField() {
		f := s.Type().Field(i)
		tag, tagged := f.Tag.Lookup("vault")
		if tag == "-" || !tagged && !f.Anonymous {
			continue
		}
		name, opts, err := parseTag(tag)
		label, at := join(field, f.Name), join(path, name)
		switch {
		case err != nil:
			d.fail(label, at, err)
		case tagged && !f.IsExported():
			d.fail(label, at, errors.New("it has a tag and is not exported"))
		case !f.IsExported() && f.Type.Kind() != reflect.Struct:
			// embedded, without a tag, and out of reach
		case isStruct(f.Type):
			if tagged && name == "" || opts != (options{}) {
				d.fail(label, at, errors.New("the tag of a struct is a name without options"))
				continue
			}
			found = d.nested(s.Field(i), label, at) || found
		case !tagged:
			// embedded, and no struct
		case name == "":
			d.fail(label, "", errors.New("its tag names no value"))
		default:
			found = d.field(s.Field(i), label, at, opts) || found
		}
	}
	return found
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "." + b
}

// nested fills a struct or a pointer to one, which stays nil if no value is there.
func (d *decoder) nested(v reflect.Value, field, path string) (found bool) {
	if strings.Count(field, ".") >= maxNested {
		d.fail(field, path, errors.New("it is a struct within itself"))
		return false
	}
	defer func() {
		if !found {
			d.scalarAt(field, path)
		}
	}()
	if v.Kind() != reflect.Pointer {
		return d.fields(v, field, path)
	}
	if !v.CanSet() {
		return false
	}
	p := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		p.Elem().Set(v.Elem())
	}
	found = d.fields(p.Elem(), field, path)
	if found {
		v.Set(p)
	}
	return found
}

// scalarAt fails if the vault has one value where a struct has its fields, which
// would go unseen. A document of flat names may have both db and db.password.
// Variables do not count: $MAIL is none of the struct mail.
func (d *decoder) scalarAt(field, path string) {
	from := d.from
	for {
		env, ok := from.(Environ)
		if !ok {
			break
		}
		from = env.Of
	}
	if path == "" || from == nil {
		return
	}
	if s, err := from.Get(path); err == nil && s.Kind() != format.Mapping {
		d.errs = append(d.errs, &FieldError{Field: field, Path: path, Err: fmt.Errorf("it is a %s, not a mapping", s.Kind())})
	}
}

func (d *decoder) field(v reflect.Value, field, path string, o options) (found bool) {
	if err := decodable(v.Type(), o); err != nil {
		d.fail(field, path, err) // whether there is a value or not
		return false
	}
	secret, err := d.from.Get(path)
	switch {
	case errors.Is(err, format.ErrNotFound) && !o.required:
		return false
	case err != nil:
		d.fail(field, path, err)
		return false
	case o.required && isEmpty(secret):
		d.fail(field, path, errEmpty)
		return true
	}
	switch err := set(v, secret, o); {
	case err != nil:
		d.fail(field, path, err)
	case o.required && v.Kind() == reflect.Slice && v.Len() == 0:
		d.fail(field, path, errEmpty)
	}
	return true
}

var errEmpty = errors.New("it is empty")

// isEmpty reports whether a value is no text, list or mapping with anything in it.
func isEmpty(s Secret) bool {
	text := s.Reveal()
	if s.Kind() == format.Sequence || s.Kind() == format.Mapping {
		text = strings.Trim(text, "[]{} \t\r\n")
	}
	return text == ""
}

// options are what a tag says behind the name.
type options struct {
	required bool
	form     string // of bytes: "raw", "pem", or "" for base64
}

func parseTag(tag string) (name string, o options, err error) {
	name, rest, more := strings.Cut(tag, ",")
	for more {
		var option string
		option, rest, more = strings.Cut(rest, ",")
		switch option {
		case "required":
			o.required = true
		case "raw", "pem", "base64":
			if o.form != "" {
				return name, o, fmt.Errorf("its tag has the options %s and %s", o.form, option)
			}
			o.form = option
		default:
			return name, o, fmt.Errorf("its tag has the option %q, which there is not", option)
		}
	}
	return name, o, nil
}
