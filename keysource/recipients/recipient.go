package recipients

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// Passphrase is the recipient that stands for a passphrase, which the plugin
// asks for. It can only be alone in a list.
const Passphrase = "passphrase"

const (
	x25519Prefix = "age1"
	x25519Length = 62
	bech32       = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
)

// ParseRecipient returns a public key without its comment: an age recipient
// ("age1…"), an SSH key as in an id_ed25519.pub or id_rsa.pub, or [Passphrase].
// Its error is an *[Error], and does not quote what could be a private key.
// That the key is sound in every respect, the plugin finds out.
func ParseRecipient(text string) (string, error) {
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return "", &Error{Msg: "the recipient is empty"}
	case strings.Contains(text, "PRIVATE KEY") || strings.HasPrefix(strings.ToUpper(words[0]), "AGE-SECRET-KEY-"):
		return "", &Error{Msg: "that is a private key, which belongs to its owner alone; the recipient is the public one (age1…, or the line in the .pub file)"}
	case words[0] == Passphrase && len(words) == 1:
		return Passphrase, nil
	case strings.HasPrefix(words[0], x25519Prefix) && len(words) == 1:
		if len(words[0]) != x25519Length || strings.Trim(words[0][len(x25519Prefix):], bech32) != "" {
			return "", &Error{Msg: "that is not an X25519 recipient of age: it has to have 62 characters, as age-keygen prints it"}
		}
		return words[0], nil
	case words[0] == "ssh-ed25519" || words[0] == "ssh-rsa":
		if len(words) < 2 || sshBlob(words[0], words[1]) == nil {
			return "", &Error{Msg: "that is not a whole SSH public key: take the line in the .pub file"}
		}
		return words[0] + " " + words[1], nil
	case strings.HasPrefix(words[0], "ssh-") || strings.HasPrefix(words[0], "ecdsa-") || strings.HasPrefix(words[0], "sk-"):
		return "", &Error{Msg: "age wraps for the SSH keys ssh-ed25519 and ssh-rsa alone; for others make an identity with age-keygen"}
	}
	return "", &Error{Msg: "that is no recipient: it begins with age1, ssh-ed25519 or ssh-rsa, or is the word " + Passphrase}
}

// sshBlob is the key in the middle of a line of SSH, nil if it is not of that type.
func sshBlob(kind, text string) []byte {
	blob, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(blob) < 4 {
		return nil
	}
	n := binary.BigEndian.Uint32(blob)
	if uint64(n)+4 > uint64(len(blob)) || !bytes.Equal(blob[4:4+n], []byte(kind)) {
		return nil
	}
	return blob
}

// Short names a recipient in a few words: an SSH key by its type and its
// fingerprint, as "ssh-keygen -l" shows it, any other as it is.
func Short(recipient string) string {
	kind, text, found := strings.Cut(recipient, " ")
	blob := sshBlob(kind, text)
	if !found || blob == nil {
		return recipient
	}
	sum := sha256.Sum256(blob)
	return kind + " SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// tag is how age names an SSH key in what it wraps.
func tag(recipient string) string {
	kind, text, _ := strings.Cut(recipient, " ")
	blob := sshBlob(kind, text)
	if blob == nil {
		return ""
	}
	sum := sha256.Sum256(blob)
	return base64.RawStdEncoding.EncodeToString(sum[:4])
}
