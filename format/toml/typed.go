package toml

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/flask-vault/flask-vault/format"
)

// AppendTyped appends a value that a TOML document gave to dst, as JSON that
// keeps its type, in the form of yaml.AppendTyped: a table is a dict, an array a list,
// and the four kinds of times are date, datetime, with an offset or without, and
// time. Fractions of a second are cut off at microseconds, as Python's tomllib
// does. What is appended is a secret in plain.
func AppendTyped(dst []byte, v format.Value) ([]byte, error) {
	if v.Kind() == format.String {
		return appendJSON(dst, v.Reveal()), nil
	}
	// A line break inside of a string is a line feed, as everywhere in this package.
	text := strings.ReplaceAll(v.Reveal(), "\r\n", "\n")
	if v.Kind() == format.Mapping && !strings.HasPrefix(text, "{") {
		table := map[string]any{}
		if toml.Unmarshal([]byte(text), &table) != nil { // whose error quotes the text
			return dst, errUntyped
		}
		return appendTyped(dst, table)
	}
	var one struct{ V any }
	if toml.Unmarshal([]byte("V = "+text), &one) != nil {
		return dst, errUntyped
	}
	return appendTyped(dst, one.V)
}

// errUntyped stands for a value that no document of this package gives.
var errUntyped = errors.New("the value is not one of a TOML document")

func appendTyped(dst []byte, v any) ([]byte, error) {
	const day = time.DateOnly
	switch v := v.(type) {
	case string, bool:
		return appendJSON(dst, v), nil
	case int64:
		return appendObject(dst, "int", strconv.FormatInt(v, 10)), nil
	case float64:
		switch {
		case math.IsNaN(v):
			return appendObject(dst, "float", "nan"), nil
		case math.IsInf(v, 0):
			return appendObject(dst, "float", strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(v, 'g', -1, 64)), "+")), nil
		}
		return appendObject(dst, "float", strconv.FormatFloat(v, 'g', -1, 64)), nil
	case toml.LocalDate:
		return appendObject(dst, "date", v.AsTime(time.UTC).Format(day)), nil
	case toml.LocalTime:
		at := time.Date(2000, 1, 1, v.Hour, v.Minute, v.Second, v.Nanosecond, time.UTC)
		return appendObject(dst, "time", at.Format(fraction("15:04:05", at))), nil
	case toml.LocalDateTime:
		at := v.AsTime(time.UTC)
		return appendObject(dst, "datetime", at.Format(fraction(day+"T15:04:05", at))), nil
	case time.Time:
		return appendObject(dst, "datetime", v.Format(fraction(day+"T15:04:05", v)+"-07:00")), nil
	case []any:
		dst = append(dst, `{"type":"list","value":[`...)
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendTyped(dst, item); err != nil {
				return dst, err
			}
		}
		return append(dst, "]}"...), nil
	case map[string]any:
		dst = append(dst, `{"type":"dict","value":[`...)
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSON(append(dst, '['), name), ',')
			var err error
			if dst, err = appendTyped(dst, v[name]); err != nil {
				return dst, err
			}
			dst = append(dst, ']')
		}
		return append(dst, "]}"...), nil
	}
	return dst, errUntyped
}

// fraction is a layout with microseconds, if there are any: Python takes six digits or none.
func fraction(layout string, at time.Time) string {
	if at.Nanosecond()/1000 == 0 {
		return layout
	}
	return layout + ".000000"
}

func appendJSON(dst []byte, v any) []byte {
	text, _ := json.Marshal(v) // a string or a bool has no error
	return append(dst, text...)
}

func appendObject(dst []byte, of, value string) []byte {
	dst = append(dst, `{"type":"`+of+`","value":`...)
	return append(appendJSON(dst, value), '}')
}
