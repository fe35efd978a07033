package format

// Repeat is a name that one mapping of a document has more than once.
type Repeat struct {
	Path  string // where it is, nested ones as a dotted path
	Lines []int  // on which it is written, from 1, two or more; the last counts
}

// Repeater is implemented by documents whose format accepts a name more than
// once: YAML as PyYAML and Flask-Vault read it, JSON and dotenv. What the last
// one overrides is in the text and nowhere else, so a person should be told.
type Repeater interface {
	// Repeats lists such names in the document's order. It quotes no value.
	Repeats() []Repeat
}
