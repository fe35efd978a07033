package aws

import (
	"strings"
	"testing"
)

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
