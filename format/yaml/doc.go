// Package yaml reads and edits YAML documents as Flask-Vault's credentials
// files hold them.
//
// What counts as YAML is what PyYAML takes for it, since the same files are read
// by the Python Flask-Vault: YAML 1.1, one document, no tab outside of quotes,
// comments and block scalars, no tag beyond the standard ones. A document that
// PyYAML refuses is refused here with a line and a column.
//
// The syntax is parsed by go.yaml.in/yaml/v4; the types of scalars follow YAML
// 1.1, so that 0123 is an int, yes is a bool and 22:22 is an int. Values come
// back as they are written, whatever their type: 0123 stays "0123".
//
// Only text keys can be addressed. A key that YAML takes for a number, a bool,
// a null or a date is not text, as in Python's Flask-Vault; the [format.NotFoundError]
// for such a path says so in its Hint.
//
// Of a key that occurs twice the last occurrence counts. Merge keys (<<) and
// aliases are followed; a document whose aliases unfold to more than a million
// nodes or 64 MiB, that is nested deeper than 100 levels, or that has more than
// 600,000 lines, commas and brackets, is refused.
//
// Set and Unset change the bytes of one value, or of one key and its value, and
// read the result before they keep it: a change that would touch anything else is
// refused. A new value is written plain where every reader takes that for text,
// as a literal block if it has several lines, else in double quotes with the
// escapes of JSON; a value in single or double quotes stays in them. The anchor of
// a value stays, so its aliases follow. A mapping that loses its last key
// becomes {}.
//
// PyYAML accepts a few spellings that are refused here, each with a message that
// says what to write instead: braces that touch a name ({a:{b: c}}), a question
// mark in a plain value inside of braces, and a byte order mark at the start of a
// line or before white space.
package yaml
