package yaml

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/flask-vault/flask-vault/format"
)

func TestPlainKind(t *testing.T) {
	tests := map[format.Kind]string{
		format.Bool: "yes Yes YES no No NO on On ON off Off OFF true True TRUE false False FALSE",
		format.Int: "0 -0 +1 0123 007 0_1_7 0x1F 0b101 1_000 1__0 1:30 22:22 12:30:45 190:20:30 -1:30 0b_ 0_ 0x_ " +
			"8406774806505875785330466323658",
		format.Float:  "1.10 5. .5 1.0e+16 0.00001 1.0e+400 .inf -.inf +.Inf .INF .nan .NaN -0.0 1:30.5 3:30. 1_0.5",
		format.Null:   "~ null Null NULL",
		format.Time:   "2024-01-31 2024-01-31T10:20:30Z 2024-1-5T1:20:30 2024-01-31t10:20:30.5-07:30 2023-02-31",
		format.String: "y n tRue nULL 089 08 0o17 0X1F 1e3 1.5e3 1.2.3 01:30 1:60 2024-1-5 0612345678x 0618 -.nan _1 +_1 .e1 . - + a 1a 1:234 20-01-01 <",
		kindMerge:     "<<",
		kindEquals:    "=",
	}
	for want, texts := range tests {
		for text := range strings.FieldsSeq(texts) {
			if got := plainKind(text); got != want {
				t.Errorf("plainKind(%q) = %v, want %v", text, got, want)
			}
		}
	}
	if plainKind("") != format.Null || plainKind("2024-01-31 10:20:30") != format.Time || plainKind("2001-12-14 21:59:43.10 -5") != format.Time {
		t.Error("an empty text or a date with a space is mistaken")
	}
}

// The expressions of the YAML 1.1 type repository, as PyYAML has them.
var (
	reInt = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)

	reFloat = regexp.MustCompile(`^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
		`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)

	reTime = regexp.MustCompile(`^(?:[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]|[0-9][0-9][0-9][0-9]-[0-9][0-9]?-[0-9][0-9]?` +
		`(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9][0-9]:[0-9][0-9](?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9][0-9])?))?)$`)
)

func TestPlainKindIsThatOfTheExpressions(t *testing.T) {
	gen := rapid.OneOf(
		rapid.StringMatching(`[-+]?[0-9_.:]{1,8}`),
		rapid.StringMatching(`[-+]?0?[bxoBX]?[0-9a-fA-F_]{1,5}`),
		rapid.StringMatching(`[-+]?[0-9_]{0,3}\.?[0-9_]{0,3}([eE][-+]?[0-9]{0,2})?`),
		rapid.StringMatching(`[-+]?[0-9]{1,3}(:[0-9]{1,2}){1,3}(\.[0-9_]{0,2})?`),
		rapid.StringMatching(`[0-9]{3,5}-[0-9]{1,2}-[0-9]{1,3}([Tt ]{1,2}[0-9]{1,2}:[0-9]{1,2}:[0-9]{2}(\.[0-9]{0,2})?( ?(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?)?`),
		rapid.StringMatching(`[-+]?\.(inf|Inf|INF|nan|NaN|NAN|iNF)`),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := gen.Draw(t, "text")
		want := format.String
		switch {
		case text == "":
			want = format.Null
		case reFloat.MatchString(text):
			want = format.Float
		case reInt.MatchString(text):
			want = format.Int
		case reTime.MatchString(text):
			want = format.Time
		}
		if got := plainKind(text); got != want {
			t.Fatalf("plainKind(%q) = %v, want %v", text, got, want)
		}
	})
}
