package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/flask-vault/flask-vault/backend"
	"github.com/flask-vault/flask-vault/backend/config"
	"github.com/flask-vault/flask-vault/backend/durable"
	"github.com/flask-vault/flask-vault/backend/lastgood"
	"github.com/flask-vault/flask-vault/backend/location"
	"github.com/flask-vault/flask-vault/backend/rekey"
	"github.com/flask-vault/flask-vault/cmd/internal/editor"
	"github.com/flask-vault/flask-vault/cmd/internal/remote"
	"github.com/flask-vault/flask-vault/cmd/internal/storetrust"
	"github.com/flask-vault/flask-vault/format"
	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	keyfile "github.com/flask-vault/flask-vault/keysource/file"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

// The exit codes. They are never renumbered; docs/exit-codes.md is for people.
const (
	exitOK       = 0
	exitInternal = 1
	exitUsage    = 2
	exitNotFound = 3
	exitNoKey    = 4
	exitWrongKey = 5
	exitCorrupt  = 6
	exitInvalid  = 7
	exitConflict = 8
	exitAborted  = 9
	exitPolicy   = 10
	exitPlugin   = 11
	exitStore    = 12
)

// usageError is a command line that does not make sense.
type usageError struct{ msg, hint string }

func (e *usageError) Error() string { return e.msg }

// hintError adds what to type next to an error that needs the place to know it.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

// codeError decides the exit code of an error that no type stands for.
type codeError struct {
	error
	code int
}

func (e *codeError) Unwrap() error { return e.error }

// fail prints an error as one sentence and a hint, and returns its exit code.
func (a *app) fail(err error) int {
	if err == nil {
		return exitOK
	}
	var child *childExit
	if errors.As(err, &child) {
		return child.code
	}
	code, message, hint := a.explain(err)
	if out := (*outputError)(nil); errors.As(err, &out) && errors.Is(err, syscall.EPIPE) {
		return code // whoever read our output has gone; there is nobody to tell
	}
	var missing *format.NotFoundError
	if !errors.As(err, &missing) {
		message = "flask-vault: " + message
	}
	fmt.Fprintln(a.err, message)
	if hint != "" {
		fmt.Fprintf(a.err, "hint: %s\n", a.inSame(a.overrides.Environment, hint))
	}
	return code
}

// explain gives an error's exit code, what happened, and what to type next, all
// fit for a terminal.
func (a *app) explain(err error) (code int, message, hint string) {
	code, hint = a.classify(err)
	message = sentence(err)
	var missing *format.NotFoundError
	if errors.As(err, &missing) {
		// The very sentence that Flask-Vault has for it.
		message = "No value for " + oneLine(missing.Path)
		if missing.Hint != "" {
			hint = missing.Hint
		}
	}
	var h *hintError
	if errors.As(err, &h) {
		hint = h.hint
	}
	return code, message, oneLine(hint)
}

// classify is the one table from errors to exit codes and hints. The first line
// that fits decides, so the more exact ones stand first.
func (a *app) classify(err error) (code int, hint string) {
	is := func(target error) bool { return errors.Is(err, target) }
	var (
		decided     *codeError
		bad         *usageError
		wrongKey    *backend.WrongKeyError
		syntax      *format.SyntaxError
		path        *format.PathError
		value       *format.ValueError
		locked      *backend.LockedError
		exposed     *keyfile.InsecureError
		destination *backend.DestinationError
		input       *durable.InputError
		mistake     *config.Error
		untrusted   *config.UntrustedError
		plugin      *external.Error
		distrust    *trust.Error
		noEditor    *editor.CommandError
		failed      *editor.EditorError
		invalid     *editor.InvalidError
		ended       *editor.SignalError
		unknown     *storetrust.UntrustedError
		noRemote    *remote.MissingError
		ofStore     *remote.Error
		noPassword  *location.PasswordError
	)
	switch as := func(target any) bool { return errors.As(err, target) }; {
	case as(&decided):
		return decided.code, ""
	case as(&bad):
		return exitUsage, bad.hint
	case as(&mistake):
		if mistake.Environment != "" {
			return exitUsage, a.name + " init --env " + quote(mistake.Environment) + " makes it"
		}
		return exitUsage, ""
	case as(&invalid):
		return exitInvalid, ""
	case is(rekey.ErrStuck):
		return exitWrongKey, "bring one of the two keys back into its source and run any command again; nothing is lost"
	case as(&untrusted):
		return exitPolicy, fmt.Sprintf("if you trust it, make it your own: chown $(id -un) %s; or FLASK_VAULT_TRUSTED_OWNERS=%d trusts whatever is this user's", quote(untrusted.Path), untrusted.Owner)
	case as(&unknown):
		return exitPolicy, a.name + " remote trust " + quote(unknown.URL) + " agrees, and shows what is sent"
	case as(&noRemote):
		return exitPlugin, "install flask-vault-remote beside flask-vault: both come from the same build"
	case is(lastgood.ErrRollback):
		return exitPolicy, "ask whoever runs the store; if it was restored from a backup, " + a.name + " remote accept takes it"
	case as(&ofStore) && ofStore.Code == remote.BadRequest:
		return exitUsage, ""
	case as(&noPassword) && noPassword.Variable != "":
		return exitPolicy, "set " + noPassword.Variable + " for this command, or name a file that holds it with password_file: under store: in flask-vault.yaml"
	case as(&noPassword):
		return exitPolicy, "put the password into " + quote(noPassword.File) + ", and chmod 600 it"
	case is(backend.ErrNoCredentials):
		return exitPolicy, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name what `aws configure` has made with profile: under store: in flask-vault.yaml"
	case is(backend.ErrNoSuchStore):
		return exitUsage, "correct credentials: or store: in flask-vault.yaml, and " + a.name + " remote trust URL; or make what they name"
	case is(backend.ErrUnconditional):
		return exitPolicy, a.name + " copy moves the vault to a store that can be written safely; here it can be read"
	case is(backend.ErrUncertain):
		return exitStore, a.name + " diff, get or list tells whether it was saved, once the store answers; do not do it again before"
	case is(backend.ErrUnreachable):
		return exitStore, "see whether it runs and this machine reaches it, and try again"
	case as(&ofStore) && ofStore.Code == remote.Failed:
		return exitStore, "see what answers there: another server, or a proxy on the way; " + a.name + " doctor looks closer"
	case is(backend.ErrReadOnlyStore):
		return exitPolicy, a.name + " copy moves a vault to a store that can be written"
	case is(format.ErrNotFound):
		return exitNotFound, ""
	case is(backend.ErrKeyLost):
		return exitNotFound, "put the key back into its source (a copy of master.key, or the variable FLASK_VAULT_MASTER_KEY); to start anew, move the encrypted files away first"
	case is(backend.ErrNoVault) && storeOf(err).ReadOnly():
		return exitNotFound, "correct credentials: in flask-vault.yaml, or see why the document is not there any more where it is written"
	case is(backend.ErrNoVault):
		if path := a.copyOf(storeOf(err)); path != "" {
			return exitNotFound, fmt.Sprintf("it was there before: tail -n +2 %s >FILE gives what was loaded here last, encrypted, and %s copy --from FILE --to %s brings it back",
				quote(path), a.name, quote(storeOf(err).URL))
		}
		return exitNotFound, a.name + " init makes one here"
	case as(&exposed) && exposed.Owner != 0:
		return exitPolicy, fmt.Sprintf("if you trust it, make it your own: chown $(id -un) %s; or FLASK_VAULT_TRUSTED_OWNERS=%d trusts whatever is this user's", quote(exposed.Path), exposed.Owner)
	case as(&exposed):
		return exitPolicy, fmt.Sprintf("chmod 600 %s makes it private; --insecure-key-file reads it as it is", quote(exposed.Path))
	case as(&distrust) && distrust.Kind == trust.Busy:
		return exitConflict, "try again"
	case as(&distrust):
		return exitPlugin, "" // its text says what to type
	case as(&plugin) && is(context.Canceled):
		return a.signals.code(), "" // as with a question of ours
	case as(&plugin) && plugin.Code != external.NoKey:
		return exitPlugin, pluginHint(a.name, plugin)
	case is(keysource.ErrNoKey):
		return exitNoKey, a.noKeyHint(err)
	case is(keysource.ErrBadKey):
		return exitNoKey, "copy the key again from where it came: one line of 24 characters that ends in =="
	case as(&wrongKey):
		return exitWrongKey, "use the key with the id " + wrongKey.Want + ", which key_id in flask-vault.yaml names"
	case is(backend.ErrReadOnlyKey):
		return exitPolicy, a.name + " rekey gives this vault a 128-bit key, which Flask-Vault for Python reads too"
	case (is(backend.ErrMalformed) || is(backend.ErrAuth)) && storeOf(err).URL != "":
		return exitCorrupt, a.damagedHint(storeOf(err), is(backend.ErrAuth))
	case is(backend.ErrMalformed), is(backend.ErrAuth):
		return exitCorrupt, "git log shows who changed the file last; git checkout brings an earlier version back"
	case as(&syntax) && a.readOnly:
		return exitInvalid, a.name + " rekey first: the key is for reading alone; then " + a.name + " edit opens the text to mend it"
	case as(&syntax):
		return exitInvalid, a.name + " edit opens the text to mend it"
	case as(&path), as(&value):
		return exitInvalid, ""
	case as(&locked), is(backend.ErrConflict):
		return exitConflict, "try again"
	case as(&destination):
		if destination.Forced {
			return exitPolicy, "--force replaces it"
		}
		return exitPolicy, ""
	case as(&noEditor):
		return exitUsage, ""
	case as(&ended):
		return ended.ExitCode(), ""
	case as(&failed), is(editor.ErrDiscarded), is(editor.ErrEmptied), is(editor.ErrNotTaken):
		return exitAborted, ""
	case is(context.Canceled):
		return a.signals.code(), ""
	case is(fs.ErrNotExist):
		return exitNotFound, ""
	case is(syscall.ENAMETOOLONG):
		return exitUsage, "" // no file can have this name, so whoever gave it made a mistake
	case as(&input), is(backend.ErrTooLarge), is(backend.ErrWornKey), is(fs.ErrPermission), is(fs.ErrExist), is(syscall.ELOOP):
		return exitPolicy, ""
	}
	return exitInternal, ""
}

// storeOf is the store that has the document that an error is about, or the zero Location.
// Such errors begin with its URL, perhaps after the environment's name.
func storeOf(err error) location.Location {
	for word := range strings.FieldsSeq(err.Error()) {
		if url, ok := strings.CutSuffix(word, ":"); ok && location.CheckURL(url) == nil {
			return location.Location{URL: url}
		}
	}
	return location.Location{}
}

// copyOf is the path of the copy that is kept of a store's document, "" if there is none.
func (a *app) copyOf(store location.Location) string {
	c, err := a.resolve()
	if err != nil || store.URL == "" {
		return ""
	}
	for _, e := range remotes(c.Config) {
		l := e.Location()
		if l.Name() != store.URL {
			continue
		}
		path, err := lastgood.Path(l.ID())
		if err != nil {
			return ""
		}
		if _, err := lastgood.Kept(path); err == nil {
			return path
		}
	}
	return ""
}

// damagedHint says what helps with a document in a store, which git has no history of.
func (a *app) damagedHint(l location.Location, otherKey bool) string {
	hint := a.name + " copy --from FILE --to " + quote(l.URL) + " --force brings a backup back"
	if l.ReadOnly() {
		hint = "see what answers there, and what the document is where it is written"
	}
	if otherKey {
		hint = "git pull brings a key that somebody has changed; or " + hint
	}
	return hint
}

// noKeyHint says where to put a key, by the sources that were asked.
func (a *app) noKeyHint(err error) string {
	var none *keysource.NoKeyError
	if !errors.As(err, &none) || len(none.Answers) == 0 {
		return "put the key into one of the key sources that the environment names"
	}
	type way struct{ before, after string }
	var files, others []way // a key file is what a person looks for first
	for _, answer := range none.Answers {
		switch kind, name, _ := strings.Cut(answer.Source, " "); kind {
		case "file":
			files = append(files, way{"put ", " into " + quote(name)})
		case "env":
			others = append(others, way{"set " + name + " to ", ""})
		case "plugin":
			// Where it is now has to be said: the sources of the environment have it not.
			others = append(others, way{"store ", " with " + a.name + " key copy --keysource file:PATH --to " + quote(name)})
		}
	}
	ways, key := []string{}, "the key"
	for _, w := range append(files, others...) {
		ways = append(ways, w.before+key+w.after)
		key = "it"
	}
	hint := strings.Join(ways, ", or ")
	if len(files) > 0 {
		hint += "; " + a.name + " init makes a new vault with a new key"
	}
	return hint
}

// pluginHint says what to type after an error of a plugin.
func pluginHint(name string, e *external.Error) string {
	switch e.Code {
	case external.NoHost:
		return "install flask-vault-pluginhost beside flask-vault: both come from the same build"
	case external.NeedsInput:
		return "run it at a terminal, without --no-input"
	case external.Denied:
		return "" // its text says why
	case external.Locked:
		return "unlock it and try again"
	}
	return name + " plugin test " + e.Plugin + " looks closer"
}
