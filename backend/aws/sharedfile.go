package aws

import (
	"strings"

	"github.com/flask-vault/flask-vault/backend/durable"
)

// maxShared is the most bytes that are read of a configuration file or a token.
const maxShared = 1 << 20

func readBounded(path string) ([]byte, error) {
	text, err := durable.ReadFile(path, maxShared)
	if err != nil {
		return nil, durable.WithoutPath(err)
	}
	return text, nil
}

// sharedProfile reads the settings of one profile from a configuration file of the AWS
// tools: sections in brackets, which are called [profile NAME] in the config file, except
// for [default], and [NAME] in the credentials file; lines NAME = VALUE; comments from # or ;
// at the begin of a line, or after white space. Lines that are indented more than the
// setting above belong to it and are not for us. What cannot be understood is passed over, as the
// tools do. ok is false if there is no such section.
func sharedProfile(text []byte, name string, config bool) (settings map[string]string, ok bool) {
	settings = map[string]string{}
	inside := false
	const none = 1 << 30 // as far to the right as nothing is
	indent := none       // of the setting above
	for l := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		at := len(l) - len(strings.TrimLeft(l, " \t"))
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' || l[0] == ';' || at > indent {
			continue
		}
		if l[0] == '[' {
			indent = none
			title, _, closed := strings.Cut(l[1:], "]")
			inside = closed && profileOf(strings.TrimSpace(title), config) == name
			ok = ok || inside
			continue
		}
		indent = at
		key, value, is := strings.Cut(l, "=")
		if !inside || !is {
			continue
		}
		value = strings.TrimSpace(value)
		for _, mark := range []string{" #", " ;", "\t#", "\t;"} {
			value, _, _ = strings.Cut(value, mark)
		}
		settings[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
	}
	return settings, ok
}

// profileOf is the name of the profile that a section is, "" if it is none.
func profileOf(title string, config bool) string {
	if !config {
		return title
	}
	kind, name, ok := strings.Cut(title, " ")
	if !ok {
		if title == "default" {
			return title
		}
		return ""
	}
	if kind != "profile" {
		return ""
	}
	return strings.Trim(strings.TrimSpace(name), `"'`)
}
