package s3

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
)

func FuzzServerError(f *testing.F) {
	for _, s := range []string{
		"", "<Error><Code>AccessDenied</Code><Message>no</Message></Error>", "<html>", "<Error><Code>x y</Code></Error>",
		`<?xml version="1.0" encoding="UTF-8"?><Error><Code>PermanentRedirect</Code><Message>The bucket` + "\n" + `is</Message><Region>eu-west-3</Region></Error>`,
		`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>ExpiredTokenException</Code><Message>hunter2</Message></Error></ErrorResponse>`,
		`<!DOCTYPE x [<!ENTITY a "aaaa">]><Error><Message>&a;&#0;&#27;[31m</Message></Error>`,
	} {
		f.Add([]byte(s), 403)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		e := serverError(&answer{status: status, header: http.Header{}, body: body}, "hunter2")
		text := e.Error()
		if len(text) > 2000 || strings.Contains(text, "hunter2") || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q", text)
		}
	})
}

func FuzzETag(f *testing.F) {
	for _, s := range []string{"", "*", `"a"`, `W/"a"`, "a", `"a", "b"`, "\"a\r\nX: y\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := etag(http.Header{"Etag": {s}})
		if e != "" && (!isETag(e) || e == "*" || strings.ContainsAny(e, "\r\n ") || strings.Count(e, `"`) != 2) {
			t.Errorf("%q", e)
		}
	})
}
