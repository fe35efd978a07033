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

func FuzzSharedProfile(f *testing.F) {
	f.Add([]byte("[default]\naws_access_key_id = x\n\n[profile team]\nregion=y # z\ns3 =\n  a = b\n"), "team", true)
	f.Add([]byte("\ufeff[ team ]\r\nA=b=c\r\n[team\nx=1\n[]\n=\n"), "team", false)
	f.Fuzz(func(t *testing.T, text []byte, name string, config bool) {
		settings, ok := sharedProfile(text, name, config)
		if !ok && len(settings) > 0 {
			t.Errorf("settings of no section: %q", settings)
		}
		for k, v := range settings {
			if !strings.Contains(strings.ToLower(string(text)), k) || !strings.Contains(string(text), v) {
				t.Errorf("%q = %q is not in the file", k, v)
			}
		}
	})
}

func FuzzAssumed(f *testing.F) {
	f.Add([]byte(`<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`))
	f.Add([]byte("<x/>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := parseAssumed(body)
		if err == nil && (c.AccessKeyID == "" || c.SecretAccessKey == "" || c.SessionToken == "" || c.Expires.IsZero()) {
			t.Errorf("%v without a part", c)
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
