//go:build unix

package host_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flask-vault/flask-vault/keysource"
	"github.com/flask-vault/flask-vault/keysource/external"
	"github.com/flask-vault/flask-vault/plugins/host"
	"github.com/flask-vault/flask-vault/plugins/trust"
)

var update = flag.Bool("update", false, "write the fault table into docs/plugins.md")

// The limits of the faults that hang, and how much later than its limit a call
// may return on a machine that is busy with other things. The faults that do not
// hang have the usual limits.
const (
	testStart = 3 * time.Second
	testCall  = 2 * time.Second
	leeway    = 10 * time.Second
)

func (ft fault) limits(o *external.Options) {
	switch ft.code {
	case external.StartTimeout:
		o.StartTimeout = testStart
	case external.CallTimeout:
		o.CallTimeout = testCall
	}
}

// fault is a way in which a plugin can go wrong. A script is a one-shot plugin;
// the others are modes of behave.
type fault struct {
	mode   string
	script string
	what   string // for the table
	code   external.Code
	says   string // in the error; "" where the call succeeds
	key    bool   // the call succeeds all the same
}

var faults = []fault{
	{mode: "crash-start", what: "ends with status 3 before the handshake", code: external.Crashed, says: "it ended before the handshake (exit status 3)"},
	{mode: "exit-0", what: "ends with status 0 before the handshake", code: external.NoReply, says: "it ended before the handshake, as if all were well"},
	{mode: "hang-start", what: "hangs before the handshake", code: external.StartTimeout, says: "it did not say hello within 3s and was killed"},
	{mode: "closes-stdout", what: "closes its standard output and hangs", code: external.BadHandshake, says: "it closed its standard output without a handshake"},
	{mode: "garbage", what: "writes garbage and escape sequences to standard output", code: external.BadHandshake, says: `its first line is no handshake: "\x1b]0;pwned\a hello"`},
	{mode: "megabyte", what: "writes a megabyte without a newline", code: external.BadHandshake, says: "its first line has more than 8192 bytes"},
	{mode: "cookie", what: "is a go-plugin plugin of another program (wrong cookie)", code: external.Crashed, says: "is it a Flask-Vault plugin?"},
	{mode: "older", what: "speaks an older version of the contract", code: external.BadVersion, says: "install a newer version of the plugin"},
	{mode: "newer", what: "speaks a newer version of the contract", code: external.BadVersion, says: "install a newer flask-vault"},
	{mode: "core", what: "speaks a newer version of go-plugin", code: external.BadVersion, says: "it speaks version 2 of go-plugin's protocol"},
	{mode: "netrpc", what: "speaks net/rpc", code: external.BadHandshake, says: "it does not speak gRPC"},
	{mode: "tcp", what: "names a network address", code: external.BadHandshake, says: "which is not in the directory it was given"},
	{mode: "elsewhere", what: "names a socket elsewhere", code: external.BadHandshake, says: "which is not in the directory it was given"},
	{mode: "no-tls", what: "offers no mutual TLS", code: external.BadHandshake, says: "it offers no mutual TLS"},
	{mode: "plain", what: "claims TLS and speaks plain text", code: external.BadHandshake, says: "no secure connection to it"},
	{mode: "bad-certificate", what: "sends a certificate that is none", code: external.BadHandshake, says: "its certificate is not one"},
	{mode: "wrong-certificate", what: "uses another certificate than it sent", code: external.BadHandshake, says: "no secure connection to it"},
	{mode: "never-accepts", what: "never accepts the connection", code: external.CallTimeout, says: "it did not answer within 2s and was killed"},
	{mode: "crash-call", what: "ends in the call", code: external.Crashed, says: "it ended before it answered (exit status 2)"},
	{mode: "killed-call", what: "is killed in the call", code: external.Crashed, says: "it ended before it answered (signal: killed)"},
	{mode: "panic", what: "panics in the call", code: external.Failed, says: "the plugin panicked"},
	{mode: "hang-call", what: "hangs in the call", code: external.CallTimeout, says: "it did not answer within 2s and was killed"},
	{mode: "short-key", what: "answers with a key of 5 bytes", code: external.BadKey, says: "it has 5 bytes, a key has 16"},
	{mode: "empty-key", what: "answers with an empty key", code: external.BadKey, says: "it is empty"},
	{mode: "no-result", what: "answers with nothing", code: external.BadKey, says: "it is empty"},
	{mode: "huge", what: "answers with a megabyte", code: external.TooLarge, says: "its reply has more than 65536 bytes"},
	{mode: "status", what: "answers with a gRPC error", code: external.BadReply, says: `it answered with the gRPC error DataLoss: the disk \x1b[31mis gone`},
	{mode: "floods", what: "writes a megabyte to standard error", key: true},
	{mode: "lingers", what: "starts a child that lingers", key: true},

	{script: `exit 3`, what: "ends with status 3", code: external.Crashed, says: "it ended before it replied (exit status 3)"},
	{script: `exit 0`, what: "ends with status 0 and no reply", code: external.NoReply, says: "it ended without a reply"},
	{script: `kill -9 $$`, what: "is killed", code: external.Crashed, says: "it ended before it replied (signal: killed)"},
	{script: `sleep 1000`, what: "hangs", code: external.CallTimeout, says: "it did not answer within 2s and was killed"},
	{script: `exec >&-; sleep 1000`, what: "closes its standard output and hangs", code: external.BadReply, says: "it closed its standard output without a reply"},
	{script: `printf '\033]0;pwned\007 hello\n'`, what: "writes garbage and escape sequences", code: external.BadReply, says: "its reply is not the JSON object that the protocol asks for"},
	{script: `head -c 1048576 /dev/zero | tr '\0' x`, what: "writes a megabyte without a newline", code: external.TooLarge, says: "its reply has more than 65536 bytes"},
	{script: `echo '{"done":true}'`, what: "answers another question", code: external.BadReply, says: `its reply is not one to "load"`},
	{script: `echo '{}'`, what: "answers with nothing", code: external.BadReply, says: "its reply has 0 results, not one"},
	{script: `echo '{"key":"c2hvcnQ="}'`, what: "answers with a key of 5 bytes", code: external.BadKey, says: "it has 5 bytes, a key has 16"},
	{script: `echo '{"key":""}'`, what: "answers with an empty key", code: external.BadKey, says: "it is empty"},
	{script: `echo '{"error":{"code":"untrusted","message":"\u001b[31mall is well"}}'`, what: "pretends to be its host, in colour", code: external.Failed, says: `says: \x1b[31mall is well`},
	{script: `echo '{"prompt":{"text":"Password","secret":true}}'`, what: "asks a question when nobody is there", code: external.NeedsInput, says: `it asks for "Password", and nobody is there to answer`},
	{script: `sleep 1000 & echo '{"key":"` + fixedKey + `"}'`, what: "starts a child that lingers", key: true},
	{script: `echo '{"key":"` + fixedKey + `"}'; exec sleep 1000`, what: "answers and does not end", key: true},
	{script: `yes >&2 & echo '{"key":"` + fixedKey + `"}'`, what: "writes to standard error without end", key: true},
}

// TestFaults starts a plugin that really does it, for each fault.
func TestFaults(t *testing.T) {
	for i, ft := range faults {
		t.Run(fmt.Sprintf("%02d %s", i, ft.what), func(t *testing.T) {
			f := newFixture(t)
			name := "as-" + ft.mode
			if ft.script != "" {
				name = "script"
				f.installScript(name, ft.script+"\n")
			} else {
				f.installSelf(name)
			}
			ft.limits(&f.o)
			src, err := host.New(name, nil, f.o)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			k, err := src.Load(t.Context())
			took := time.Since(start)
			ft.verify(t, k, err)
			if took > testStart+testCall+leeway {
				t.Errorf("it took %v", took)
			}
			if strings.Contains(f.lines.String()+fmt.Sprint(err), "\x1b") {
				t.Error("an escape sequence reached the terminal")
			}
		})
	}
}

// TestFaultsThroughThePluginHost is the same for some of them, with the second
// program in between.
func TestFaultsThroughThePluginHost(t *testing.T) {
	path := pluginHost(t)
	for _, ft := range faults {
		switch ft.mode {
		default:
			continue
		case "crash-start", "hang-start", "garbage", "newer", "crash-call", "hang-call", "short-key", "lingers":
		}
		t.Run(ft.mode, func(t *testing.T) {
			f := newFixture(t)
			f.installSelf("as-" + ft.mode)
			ft.limits(&f.o)
			f.o.Host = path
			src, err := external.New("as-"+ft.mode, nil, f.o)
			if err != nil {
				t.Fatal(err)
			}
			k, err := src.Load(t.Context())
			ft.verify(t, k, err)
		})
	}
}

func (ft fault) verify(t *testing.T, k keysource.Key, err error) {
	t.Helper()
	if ft.key {
		if err != nil || k.Text() != fixedKey {
			t.Errorf("got %v, %v; want the key", k, err)
		}
		return
	}
	var e *external.Error
	if !errors.As(err, &e) {
		t.Fatalf("got the error %v, want an *external.Error", err)
	}
	if e.Code != ft.code || !strings.Contains(e.Error(), ft.says) {
		t.Errorf("got %s: %v\nwant %s: …%s…", e.Code, err, ft.code, ft.says)
	}
	if n := strings.Count(err.Error(), "\n"); n > 0 {
		t.Errorf("the error has %d lines", n+1)
	}
	if errors.Is(err, keysource.ErrNoKey) {
		t.Error("the next source would be asked")
	}
}

// TestFaultTable keeps the table of docs/plugins.md as the faults above are.
func TestFaultTable(t *testing.T) {
	const begin, end = "<!-- faults: written by go test ./plugins/host -run TestFaultTable -update -->\n", "<!-- end of faults -->"
	path := filepath.Join("..", "..", "docs", "plugins.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+table()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != table() {
		t.Errorf("the table in %s is not that of the tests; run: go test ./plugins/host -run TestFaultTable -update", path)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| a plugin that … | protocol | gives | and says |\n|---|---|---|---|\n")
	for _, f := range faults {
		protocol, gives, says := trust.GoPlugin, "`"+string(f.code)+"`", f.says
		if f.script != "" {
			protocol = trust.OneShot
		}
		if f.key {
			gives, says = "the key", "nothing is left running"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.what, protocol, gives, strings.ReplaceAll(says, "|", `\|`))
	}
	return b.String()
}
