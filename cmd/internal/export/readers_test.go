package export

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// tool finds a program that a test needs. Where FLASK_VAULT_INTEROP is 1 it has
// to be there.
func tool(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, strings.Join(names, " or "))
	return ""
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("FLASK_VAULT_INTEROP") == "1" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("SKIPPED: %s is missing, so nothing is shown; FLASK_VAULT_INTEROP=1 makes this a failure", what)
}

// python finds an interpreter that has a module.
func python(t *testing.T, module string) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import "+module).Run() == nil {
			return name
		}
	}
	missing(t, "Python with the module "+module)
	return ""
}

func file(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func output(t *testing.T, env []string, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s", name, err, &stderr)
	}
	return out
}

func fromJSON(t *testing.T, text []byte) map[string]string {
	t.Helper()
	var m map[string]string
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func noNUL(v string) bool { return !strings.Contains(v, "\x00") }

func TestShell(t *testing.T) {
	for _, name := range []string{"sh", "bash"} {
		t.Run(name, func(t *testing.T) {
			sh := tool(t, name)
			roundTrip(t, "shell", noNUL, func(t *testing.T, text []byte) map[string]string {
				out := output(t, []string{}, sh, "-c", `. "$0" && exec /usr/bin/env -0`, file(t, "vars", text))
				got := map[string]string{}
				for v := range strings.SplitSeq(string(out), "\x00") {
					name, value, _ := strings.Cut(v, "=")
					got[name] = value
				}
				return got
			})
		})
	}
}

// dotenvCarries is written from what the readers do, not from the quoter.
func dotenvCarries(v string) bool {
	if !noNUL(v) || !utf8.ValidString(v) || strings.Contains(v, "\r") || strings.Contains(v, "${") {
		return false
	}
	single := !strings.Contains(v, "'") && !strings.Contains(v, `\\`) && !strings.HasSuffix(v, `\`)
	double := !strings.ContainsAny(v, "\"\\$`")
	return single || double
}

func TestDotenvInPython(t *testing.T) {
	py := python(t, "dotenv")
	const read = `import dotenv, json, sys; json.dump(dotenv.dotenv_values(sys.argv[1]), sys.stdout)`
	roundTrip(t, "dotenv", dotenvCarries, func(t *testing.T, text []byte) map[string]string {
		return fromJSON(t, output(t, []string{"A=interpolated"}, py, "-c", read, file(t, ".env", text)))
	})
}

func TestDotenvInNode(t *testing.T) {
	node := tool(t, "node")
	if exec.Command(node, "--env-file="+os.DevNull, "-e", "").Run() != nil {
		missing(t, "a Node.js that knows --env-file (20.6 or later)")
	}
	roundTrip(t, "dotenv", dotenvCarries, func(t *testing.T, text []byte) map[string]string {
		return fromJSON(t, output(t, []string{"A=interpolated"}, node, "--env-file="+file(t, ".env", text), "-p", "JSON.stringify(process.env)"))
	})
}

func TestJSONInJQ(t *testing.T) {
	jq := tool(t, "jq")
	roundTrip(t, "json", utf8.ValidString, func(t *testing.T, text []byte) map[string]string {
		out := output(t, []string{}, jq, "-r", `to_entries[] | .key + " " + (.value | @base64)`, file(t, "vars.json", text))
		return fromBase64(t, strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"))
	})
}

func fromBase64(t *testing.T, lines []string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, line := range lines {
		name, encoded, _ := strings.Cut(line, " ")
		value, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(value)
	}
	return got
}

func TestYAMLInPython(t *testing.T) {
	py := python(t, "yaml")
	const read = `import yaml, json, sys; json.dump(yaml.safe_load(open(sys.argv[1], encoding="utf-8")), sys.stdout)`
	roundTrip(t, "yaml", utf8.ValidString, func(t *testing.T, text []byte) map[string]string {
		return fromJSON(t, output(t, []string{}, py, "-c", read, file(t, "vars.yml", text)))
	})
}

func TestSecretInPython(t *testing.T) {
	py := python(t, "yaml")
	const read = `import yaml, json, sys; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)`
	roundTrip(t, "k8s-secret", func(string) bool { return true }, func(t *testing.T, text []byte) map[string]string {
		var secret struct {
			APIVersion, Kind, Type string
			Metadata               struct{ Name string }
			Data                   map[string]string
		}
		if err := json.Unmarshal(output(t, []string{}, py, "-c", read, file(t, "secret.yml", text)), &secret); err != nil {
			t.Fatal(err)
		}
		if secret.APIVersion != "v1" || secret.Kind != "Secret" || secret.Type != "Opaque" || secret.Metadata.Name != "shop" {
			t.Errorf("the manifest's head is %+v", secret)
		}
		got := map[string]string{}
		for name, encoded := range secret.Data {
			value, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				t.Error(err)
			}
			got[name] = string(value)
		}
		return got
	})
}

func dockerCarries(v string) bool {
	return noNUL(v) && utf8.ValidString(v) && !strings.Contains(v, "\n") && !strings.HasSuffix(v, "\r")
}

// TestDockerClient asks docker's own client, which reads the file and sends what
// it read to the daemon: here a server that only writes it down.
func TestDockerClient(t *testing.T) {
	docker := tool(t, "docker")
	var env []string
	socket := filepath.Join(t.TempDir(), "d.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.44")
		if !strings.HasSuffix(r.URL.Path, "/containers/create") {
			return
		}
		var body struct{ Env []string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		env = body.Env
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"Id":"1","Warnings":[]}`))
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	home := t.TempDir()
	roundTrip(t, "docker", dockerCarries, func(t *testing.T, text []byte) map[string]string {
		output(t, []string{"HOME=" + home}, docker, "-H", "unix://"+socket, "create", "--env-file", file(t, "vars.env", text), "image")
		got := map[string]string{}
		for _, v := range env {
			name, value, _ := strings.Cut(v, "=")
			got[name] = value
		}
		return got
	})
}

func TestDockerLongLine(t *testing.T) {
	for n, ok := range map[int]bool{maxDockerLine - 2: true, maxDockerLine - 1: false} {
		to, _ := ByName("docker")
		e := entries([]string{strings.Repeat("x", n)})
		e[0].Name = "V"
		if _, err := to.Write(e, Options{}); (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func systemdCarries(v string) bool {
	return noNUL(v) && utf8.ValidString(v) && !strings.ContainsFunc(v, isNoncharacter)
}

// TestSystemd asks the generator of environment.d, which reads files with the
// same parser as EnvironmentFile= does. It then expands variables, which
// EnvironmentFile= does not, so each $ is doubled for it, and it refuses empty
// values, which EnvironmentFile= takes: they are not shown to it.
func TestSystemd(t *testing.T) {
	const generator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
	if _, err := os.Stat(generator); err != nil {
		missing(t, generator)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "environment.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, "systemd", systemdCarries, func(t *testing.T, text []byte) map[string]string {
		text = bytes.ReplaceAll(text, []byte(`\$`), []byte(`\$\$`))
		empty := regexp.MustCompile(`(?m)^(V\d+)=""$\n`)
		names := empty.FindAllSubmatch(text, -1)
		text = empty.ReplaceAll(text, nil)
		if err := os.WriteFile(filepath.Join(dir, "environment.d", "1.conf"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		printed := output(t, []string{"XDG_CONFIG_HOME=" + dir, "HOME=" + dir}, generator)
		got := unescapeC(t, printed)
		for _, name := range names {
			got[string(name[1])] = ""
		}
		return got
	})
}

// unescapeC reads what systemd's shell_maybe_quote writes: a value that needs it
// stands in double quotes, with the escapes of C, octal ones among them.
func unescapeC(t *testing.T, text []byte) map[string]string {
	t.Helper()
	got := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if inner, quoted := strings.CutPrefix(value, `"`); quoted {
			value = strings.TrimSuffix(inner, `"`)
		}
		var b strings.Builder
		for i := 0; i < len(value); i++ {
			if value[i] != '\\' {
				b.WriteByte(value[i])
				continue
			}
			i++
			if octal, err := strconv.ParseUint(value[i:min(i+3, len(value))], 8, 8); err == nil {
				b.WriteByte(byte(octal))
				i += 2
			} else if at := strings.IndexByte("abfnrtv", value[i]); at >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v"[at])
			} else {
				b.WriteByte(value[i])
			}
		}
		got[name] = b.String()
	}
	return got
}

// TestGitHub reads as the runner does, by EnvFileKeyValuePairs in
// src/Runner.Worker/FileCommandManager.cs of github.com/actions/runner: lines
// end at \n, on Windows at \r\n too; after NAME<<DELIMITER the value goes up to
// the line end before a line that is the delimiter.
func TestGitHub(t *testing.T) {
	carries := func(v string) bool { return noNUL(v) && utf8.ValidString(v) && !strings.HasSuffix(v, "\r") }
	for _, windows := range []bool{false, true} {
		roundTrip(t, "github", carries, func(t *testing.T, text []byte) map[string]string {
			return readGitHub(t, string(text), windows)
		})
	}
}

func readGitHub(t *testing.T, text string, windows bool) map[string]string {
	t.Helper()
	got := map[string]string{}
	index := 0
	readLine := func() (line, newline string, ok bool) {
		if index >= len(text) {
			return "", "", false
		}
		rest := text[index:]
		lf := strings.Index(rest, "\n")
		if lf < 0 {
			index = len(text)
			return rest, "", true
		}
		if crlf := strings.Index(rest, "\r\n"); windows && crlf >= 0 && crlf < lf {
			index += crlf + 2
			return rest[:crlf], "\r\n", true
		}
		index += lf + 1
		return rest[:lf], "\n", true
	}
	for {
		line, _, ok := readLine()
		if !ok {
			return got
		}
		if line == "" {
			continue
		}
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		if heredoc < 0 || equals >= 0 && equals < heredoc {
			t.Fatalf("a line that is no beginning: %q", line)
		}
		name, delimiter := line[:heredoc], line[heredoc+2:]
		start, end := index, index
		for {
			line, newline, ok := readLine()
			if !ok || newline == "" && line != delimiter {
				t.Fatalf("the delimiter of %s is missing", name)
			}
			if line == delimiter {
				break
			}
			end = index - len(newline)
		}
		got[name] = text[start:end]
	}
}

func TestGitHubNames(t *testing.T) {
	to, _ := ByName("github")
	for _, name := range []string{"GITHUB_TOKEN", "github_x", "RUNNER_OS", "NODE_OPTIONS"} {
		e := entries([]string{"x"})
		e[0].Name = name
		var bad *NameError
		if _, err := to.Write(e, Options{}); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGitHubMask(t *testing.T) {
	to, _ := ByName("github-mask")
	text, err := to.Write(entries([]string{"50%", "", "-----BEGIN-----\r\nabc\n\ndef\n", "a\rb"}), Options{})
	const want = "::add-mask::50%25\n::add-mask::-----BEGIN-----\n::add-mask::abc\n::add-mask::def\n::add-mask::a%0Db\n"
	if err != nil || string(text) != want {
		t.Errorf("%q, %v; want %q", text, err, want)
	}
}

func TestSecretNames(t *testing.T) {
	to, _ := ByName("k8s-secret")
	for name, ok := range map[string]bool{
		"shop": true, "shop.example.com": true, "1-2": true, "123": true,
		"": false, "Shop": false, "-x": false, "x-": false, "a..b": false, "a\nb": false, strings.Repeat("x", 254): false,
	} {
		if _, err := to.Write(entries([]string{"x"}), Options{Name: name}); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := to.Write(entries([]string{strings.Repeat("x", 1<<20), "x"}), Options{Name: "shop"}); err == nil || !strings.HasPrefix(err.Error(), "key.1: ") {
		t.Errorf("too large: %v", err)
	}
}

// TestNothing writes no entries.
func TestNothing(t *testing.T) {
	for _, to := range Targets() {
		text, err := to.Write(nil, Options{Name: "shop"})
		if want := map[string]string{"json": "{}\n", "yaml": "{}\n"}[to.Name]; err != nil || to.Name != "k8s-secret" && string(text) != want {
			t.Errorf("%s: %q, %v", to.Name, text, err)
		}
	}
}
