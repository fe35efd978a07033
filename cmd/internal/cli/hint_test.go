package cli

import "testing"

func TestHintsStayInTheEnvironment(t *testing.T) {
	a := &app{name: "flask vault"}
	for hint, want := range map[string]string{
		"flask vault edit opens the text to mend it":                   "flask vault --env 'a b' edit opens the text to mend it",
		"set X, or flask vault key copy --to file:x; flask vault init": "set X, or flask vault --env 'a b' key copy --to file:x; flask vault --env 'a b' init",
		"flask vault edit --env base":                                  "flask vault edit --env base",
		"flask vault plugin install PATH":                              "flask vault plugin install PATH",
		"flask vault keys":                                             "flask vault keys",
		"chmod 600 master.key":                                         "chmod 600 master.key",
	} {
		if got := a.inSame("a b", hint); got != want {
			t.Errorf("%q gives %q, want %q", hint, got, want)
		}
		if got := a.inSame("", hint); got != hint {
			t.Errorf("without --env %q gives %q", hint, got)
		}
	}
}
