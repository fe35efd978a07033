package formattest

import (
	"fmt"
	"reflect"
	"strings"
)

// Dump writes all that reflection reaches of x: it calls no method and follows
// every pointer, interface, slice, map and field, exported or not, as dumpers
// such as go-spew do, and with them the messages of testify. Whatever shall never
// be seen must not be in it.
func Dump(x any) string {
	d := dumper{seen: map[visit]bool{}}
	d.value(reflect.ValueOf(x))
	return d.out.String()
}

type visit struct {
	at reflect.Type
	p  uintptr
}

type dumper struct {
	out  strings.Builder
	seen map[visit]bool
}

func (d *dumper) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Invalid, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		fmt.Fprintf(&d.out, "(%v)", v.Kind())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			d.out.WriteString("nil")
			return
		}
		if v.Kind() == reflect.Pointer {
			at := visit{v.Type(), v.Pointer()}
			if d.seen[at] {
				return
			}
			d.seen[at] = true
		}
		d.value(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			d.out.WriteString(" " + v.Type().Field(i).Name + ":")
			d.value(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			text := make([]byte, v.Len())
			for i := range text {
				text[i] = byte(v.Index(i).Uint())
			}
			fmt.Fprintf(&d.out, "%q %x", text, text)
			return
		}
		for i := range v.Len() {
			d.out.WriteByte(' ')
			d.value(v.Index(i))
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			d.value(entries.Key())
			d.out.WriteByte(':')
			d.value(entries.Value())
		}
	case reflect.String:
		fmt.Fprintf(&d.out, "%q", v.String())
	case reflect.Uintptr:
		fmt.Fprint(&d.out, v.Uint())
	default:
		fmt.Fprintf(&d.out, "%v", v) // fmt prints what a reflect.Value holds
	}
}
