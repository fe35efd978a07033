package yaml

import (
	"bytes"
	"errors"
	"io"
	"strings"

	yamllib "go.yaml.in/yaml/v4"

	"github.com/flask-vault/flask-vault/format"
)

type node = yamllib.Node

// Limits on what one document may hold. They bound the time and the memory
// that a hostile document costs, and are far beyond any real one.
const (
	maxDepth = 100       // levels of nesting, aliases followed
	maxMarks = 600_000   // line ends, commas and the like: see countMarks
	maxNodes = 1_000_000 // nodes, aliases unfolded
	maxBytes = 64 << 20  // bytes of scalars, aliases unfolded
)

// parse returns the top node of the document in text, or nil if it has none.
// The tree has passed all checks.
func parse(text []byte) (*node, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	if err := countMarks(text); err != nil {
		return nil, err
	}
	root, err := load(text)
	if err != nil {
		return nil, err
	}
	c := checker{sizes: make(map[*node]size)}
	if root != nil {
		if _, err := c.check(root, place{}); err != nil {
			return nil, err
		}
	}
	if err := checkStart(text); err != nil {
		return nil, err
	}
	last := lastNode(root)
	endsBlank := isBlock(last) && bytes.HasSuffix(text, []byte(" "))
	if bytes.IndexByte(text, '\t') < 0 && len(c.suspects) == 0 && !isBlock(root) && !endsBlank {
		return root, nil
	}
	l := measure(text, root)
	if endsBlank {
		l.correctLast(last)
	}
	if err := l.checkKeys(c.suspects); err != nil {
		return nil, err
	}
	if err := l.checkTop(root); err != nil {
		return nil, err
	}
	return root, l.checkTabs()
}

// countMarks bounds the nodes that the parser makes of the text before it starts,
// since each takes a hundred times the memory of its bytes. Every node but the first
// stands behind one of these marks. The error names the line that has one too many.
func countMarks(text []byte) error {
	if len(text) <= maxMarks {
		return nil
	}
	marks, line := 0, 1
	for i, c := range text {
		switch c {
		case '\n':
			line++
		case ',', '[', '{':
		case ':', '-', '?':
			if i+1 < len(text) && text[i+1] != ' ' && text[i+1] != '\t' && text[i+1] != '"' {
				continue
			}
		default:
			continue
		}
		if marks++; marks > maxMarks {
			return &format.SyntaxError{Line: line, Column: 1, Msg: "the text is too long: it has too many lines, commas and brackets"}
		}
	}
	return nil
}

// load has the parser read the text.
func load(text []byte) (*node, error) {
	source := text
	for tries := 1; ; tries++ {
		root, err := loadOnce(source)
		var hash *touchingComment
		if !errors.As(err, &hash) || tries*len(text) > 4<<20 || tries > 64 {
			return root, err
		}
		source = hash.blanked(source)
	}
}

func loadOnce(text []byte) (*node, error) {
	loader, err := yamllib.NewLoader(bytes.NewReader(text), yamllib.WithPlugin(limits{}))
	if err != nil {
		return nil, &format.SyntaxError{Line: 1, Column: 1, Msg: "the YAML parser does not start"}
	}
	var first, second node
	switch err := loader.Load(&first); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntaxError(text, err)
	}
	switch err := loader.Load(&second); {
	case err == nil:
		return nil, &format.SyntaxError{Line: second.Line, Column: second.Column,
			Msg: "a second document starts; a file holds one"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(text, err)
	}
	root := &first
	if root.Kind == yamllib.DocumentNode {
		if len(root.Content) == 0 {
			return nil, nil
		}
		root = root.Content[0]
	}
	return root, nil
}

// touchingComment is a comment that stands right behind a quote, bracket or
// comma. PyYAML takes it for a comment, the parser does not.
type touchingComment struct {
	format.SyntaxError
	offset int
}

func (e *touchingComment) Unwrap() error { return &e.SyntaxError }

// blanked returns the text with spaces in place of the comment.
func (e *touchingComment) blanked(text []byte) []byte {
	text = bytes.Clone(text)
	for i := e.offset; i < len(text) && breakAt(text, i) == 0; i++ {
		text[i] = ' '
	}
	return text
}

// limits stops the parser at maxDepth, before it recurses further.
type limits struct{}

var errTooDeep = errors.New("nested too deeply")

func (limits) CheckDepth(depth int, _ *yamllib.DepthContext) error {
	if depth > maxDepth {
		return errTooDeep
	}
	return nil
}

// CheckAlias allows every alias: check counts what they unfold to.
func (limits) CheckAlias(int, int) error { return nil }

// syntaxError puts an error of the parser into our words. The parser quotes the
// document in some of its messages, so none is passed on.
func syntaxError(text []byte, err error) error {
	var load *yamllib.LoadError
	if !errors.As(err, &load) {
		return &format.SyntaxError{Line: 1, Column: 1, Msg: "not YAML"}
	}
	msg, atContext := wording(load)
	mark := load.Mark
	if atContext && load.ContextMark.Line > 0 {
		mark = load.ContextMark
	}
	syntax := format.SyntaxError{Line: max(mark.Line, 1), Column: max(mark.Column, 1), Msg: msg}
	if msg != msgTab && load.Message != msgNoToken && load.Message != msgTouching {
		return &syntax
	}
	l := newLayout(text)
	i := l.offsetAt(syntax.Line, syntax.Column)
	switch {
	case load.Message == msgTouching && l.is(i, '#') && i > 0 && bytes.IndexByte([]byte(`"'[]{},`), text[i-1]) >= 0:
		return &touchingComment{syntax, i}
	case l.is(i, '\t'):
		syntax.Msg = tabMessage(text, i)
	}
	return &syntax
}

// tabMessage says what is wrong with a tab at an offset: it stands in front of
// its line, or further behind.
func tabMessage(text []byte, i int) string {
	for i--; i >= 0 && breakAt(text, i) == 0; i-- {
		if text[i] != ' ' && text[i] != '\t' {
			return msgTab
		}
	}
	return msgTabIndent
}

// Messages of the parser that are looked at more than once.
const (
	msgTouching = "found a comment without preceding whitespace"
	msgNoToken  = "found character that cannot start any token"
)

// wording says what an error of the parser means. With atContext the reader
// looks where the construct begins, not where the parser gave up.
func wording(e *yamllib.LoadError) (msg string, atContext bool) {
	switch e.Message {
	case errTooDeep.Error():
		return "nested more than 100 levels deep", false
	case msgNoToken:
		return "a value cannot start with this character; put it in quotes", false
	case "mapping values are not allowed in this context":
		return `a colon and a space end a name, and none can end here; put a value with ": " in quotes, or look at the indentation`, false
	case "mapping keys are not allowed in this context":
		return "a name cannot start here", false
	case "block sequence entries are not allowed in this context":
		return "a list entry cannot start here; begin it on a new line", false
	case "could not find expected ':'":
		return "this line has no colon with a space after it", true
	case "found unexpected end of stream":
		return "the quote that opens here is not closed", true
	case "found unexpected document indicator":
		return "a line of --- or ... stands inside the quotes that open here", true
	case "found unknown escape character":
		return `unknown escape after the backslash; write \\ for a backslash, or use single quotes`, false
	case "did not find expected hexadecimal number":
		return "the escape needs hexadecimal digits", false
	case "found invalid Unicode character escape code":
		return "the escape is not a Unicode character", false
	case "did not find expected ',' or ']'":
		return "the list that opens here is not closed, or lacks a comma", true
	case "did not find expected ',' or '}'":
		return "the mapping that opens here is not closed, or lacks a comma", true
	case "did not find expected key":
		return "a name with a colon is expected here; look at the indentation and at text behind a closing quote", false
	case "did not find expected '-' indicator":
		return "a list entry is expected here; look at the indentation", false
	case "did not find expected node content":
		return "a value is expected here", false
	case "did not find expected <document start>":
		return "nothing can follow here but a new document, and a file holds one", false
	case msgTouching:
		return "a space is missing before the #", false
	case "found an indentation indicator equal to 0":
		return "the indentation of a block cannot be 0", false
	case "did not find expected comment or line break":
		return "a block begins on the line after | or >", false
	case "did not find expected alphabetic or numeric character":
		return "the name of an anchor or alias has letters, digits, - and _ only", false
	case "found incompatible YAML document":
		return "the directive names another version of YAML than 1.1", false
	case "found duplicate %YAML directive", "found duplicate %TAG directive":
		return "the directive stands there twice", false
	case "found undefined tag handle":
		return "unknown tag", false
	}
	switch {
	case strings.HasPrefix(e.Message, "unknown anchor "):
		return "no anchor of this name stands before the alias; put a value that starts with * in quotes", false
	case strings.HasPrefix(e.Message, "found a tab"), strings.Contains(e.Message, "tabs"):
		return msgTab, false
	case strings.Contains(e.ContextMsg, "directive"):
		return "not a directive of YAML 1.1", false
	case strings.Contains(e.ContextMsg, "tag"):
		return "not a tag", false
	case strings.Contains(e.ContextMsg, "document"):
		return "nothing but a comment can follow --- or ... here", false
	}
	return "not YAML", false
}

const msgTabIndent = "the line is indented with a tab; use spaces"

const msgTab = "a tab stands outside of quotes; use spaces, or put the value in double quotes"
