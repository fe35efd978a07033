package format

// Format is one way to write a document.
//
// format/yaml, format/toml, format/json, format/dotenv and format/raw implement
// it; backend calls it. An implementation keeps no state and is safe for use by
// several goroutines.
type Format interface {
	// Name is what messages and the configuration call it: "yaml".
	Name() string

	// Extensions are the endings of file names that select it, with the dot and
	// without the .enc that follows: ".yml", ".yaml".
	Extensions() []string

	// Template is the document that init writes. It parses, and has no values.
	Template() []byte

	// Parse reads a whole document. It fails with a *SyntaxError. Empty text is
	// a document without values. The document may keep text: the caller does
	// not change it afterwards.
	Parse(text []byte) (Document, error)
}

// Document is a parsed text. Reading (Get, Names, Bytes) is safe from several
// goroutines while none writes.
type Document interface {
	// Get returns the value at a path: the key spelled exactly so at the top
	// level, else the nested one. A null is returned as a value of kind Null.
	// Where there is none the error is a *NotFoundError.
	Get(path string) (Value, error)

	// Names lists the paths of all scalar and sequence values in the document's
	// order, each once, nested ones as dotted paths. Get finds every one of them.
	Names() []string

	// Set makes value the text at a path, changing the bytes of that value
	// alone. It changes what Get(path) finds; where there is none, it adds the
	// value: into the nested mapping that the longest prefix of the path names,
	// if there is one, else as one flat key at the end of the top level. The
	// value is always text: it reads back as a string in every reader of the
	// format. It fails with a *PathError or a *ValueError and then changes
	// nothing.
	Set(path, value string) error

	// Unset removes the value that Get(path) finds, with its key and the
	// comment on its line. Where there is none the error is a *NotFoundError.
	Unset(path string) error

	// Bytes returns the text as it stands now. The caller does not change it.
	Bytes() []byte
}
