package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"

	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/format/toml"
	"github.com/flask-vault/flask-vault/format/yaml"
)

// appendTyped writes a value as yaml.AppendTyped does, of whatever format.
func appendTyped(formatName string, v format.Value) (json.RawMessage, error) {
	switch formatName {
	case yaml.Format{}.Name():
		return yaml.AppendTyped(nil, v)
	case toml.Format{}.Name():
		return toml.AppendTyped(nil, v)
	case "json":
		return typedJSON(v.Reveal(), v.Kind())
	}
	return typedScalar(v)
}

// typedJSON writes a value of a JSON document. Its text is JSON but for strings.
func typedJSON(text string, kind format.Kind) (json.RawMessage, error) {
	if kind == format.String {
		return json.Marshal(text)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var b bytes.Buffer
	err := typedTokens(d, &b)
	return b.Bytes(), err
}

// typedTokens writes the next value of d. Tokens keep the order of names.
func typedTokens(d *json.Decoder, b *bytes.Buffer) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		of := map[json.Delim]string{'[': "list", '{': "dict"}[t]
		b.WriteString(`{"type":"` + of + `","value":[`)
		for i := 0; d.More(); i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			if of == "dict" {
				b.WriteByte('[')
				if err := typedTokens(d, b); err != nil {
					return err
				}
				b.WriteByte(',')
			}
			if err := typedTokens(d, b); err != nil {
				return err
			}
			if of == "dict" {
				b.WriteByte(']')
			}
		}
		b.WriteString("]}")
		_, err = d.Token() // the closing one
		return err
	case json.Number:
		of := "int"
		if strings.ContainsAny(t.String(), ".eE") {
			of = "float"
		}
		b.Write(typedObject(of, t.String()))
		return nil
	}
	text, err := json.Marshal(token)
	b.Write(text)
	return err
}

// typedScalar writes a value of a dotenv document, or raw text.
func typedScalar(v format.Value) (json.RawMessage, error) {
	text := v.Reveal()
	number := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	switch v.Kind() {
	case format.Int:
		if n, ok := new(big.Int).SetString(strings.TrimPrefix(number, "+"), 0); ok {
			return typedObject("int", n.String()), nil
		}
	case format.Float:
		return typedObject("float", number), nil
	case format.Bool:
		if number == "true" || number == "false" {
			return json.RawMessage(number), nil
		}
	case format.Binary:
		return typedObject("bytes", base64.StdEncoding.EncodeToString([]byte(text))), nil
	}
	return json.Marshal(text)
}

func typedObject(of, value string) json.RawMessage {
	text, _ := json.Marshal(value) // a string has no error
	return json.RawMessage(`{"type":"` + of + `","value":` + string(text) + "}")
}
