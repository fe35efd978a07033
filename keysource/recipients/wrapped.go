package recipients

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	armorBegin = "-----BEGIN AGE ENCRYPTED FILE-----"
	armorEnd   = "-----END AGE ENCRYPTED FILE-----"
	ageVersion = "age-encryption.org/v1"
)

// Differ says in what an age file differs from the list, as far as that can be
// seen without a key: an SSH key leaves a tag in the file, an X25519 one only
// its number. nil means that no difference can be seen. The error, for what is no
// age file, is an *[Error].
func (l List) Differ(file []byte) ([]string, error) {
	stanzas, err := stanzas(file)
	if err != nil {
		return nil, err
	}
	tags, others := map[string]int{}, map[string]int{}
	for _, s := range stanzas {
		switch {
		case strings.HasPrefix(s[0], "ssh-") && len(s) > 1:
			tags[s[0]+" "+s[1]]++
		case s[0] == "X25519" || s[0] == "scrypt":
			others[s[0]]++
		case strings.HasSuffix(s[0], "-grease"): // noise that keeps readers honest
		default:
			others["of the type "+s[0]]++
		}
	}
	var found []string
	for _, m := range l.Members {
		kind, _, _ := strings.Cut(m.Recipient, " ")
		switch t := kind + " " + tag(m.Recipient); {
		case m.Recipient == Passphrase:
			others["scrypt"]--
		case strings.HasPrefix(kind, x25519Prefix):
			others["X25519"]--
		case tags[t] == 0:
			found = append(found, m.Name+" is in the list, and the key is not wrapped for "+m.Name)
		default:
			tags[t]--
		}
	}
	more := 0
	for _, n := range tags {
		more += n
	}
	if more > 0 {
		found = append(found, fmt.Sprintf("the key is wrapped for %d more SSH keys than are in the list", more))
	}
	for _, kind := range []string{"X25519", "scrypt"} {
		if n := others[kind]; n != 0 {
			found = append(found, fmt.Sprintf("the key is wrapped for %d recipients of the type %s, the list has %d", l.count(kind)+n, kind, l.count(kind)))
		}
		delete(others, kind)
	}
	for _, kind := range slices.Sorted(maps.Keys(others)) {
		found = append(found, fmt.Sprintf("the key is wrapped for %d recipients %.60q, which a list cannot have", others[kind], kind))
	}
	return found, nil
}

func (l List) count(kind string) int {
	n := 0
	for _, m := range l.Members {
		if kind == "scrypt" && m.Recipient == Passphrase || kind == "X25519" && strings.HasPrefix(m.Recipient, x25519Prefix) {
			n++
		}
	}
	return n
}

// stanzas are the words of each recipient's line in the header of an age file,
// which is armored or not.
func stanzas(file []byte) ([][]string, error) {
	file = bytes.TrimSpace(file)
	if body, armored := bytes.CutPrefix(file, []byte(armorBegin)); armored {
		body, _, whole := bytes.Cut(body, []byte(armorEnd))
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(body)), ""))
		if !whole || err != nil {
			return nil, &Error{Msg: "it is an age file that is cut or mangled"}
		}
		file = decoded
	}
	lines := bufio.NewScanner(bytes.NewReader(file))
	lines.Buffer(nil, MaxSize)
	if !lines.Scan() || lines.Text() != ageVersion {
		return nil, &Error{Msg: "it is not an age file"}
	}
	var found [][]string
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) > 1 && words[0] == "->":
			found = append(found, words[1:])
		case len(words) > 0 && words[0] == "---":
			return found, nil
		}
	}
	return nil, &Error{Msg: "it is an age file that is cut or mangled"}
}
