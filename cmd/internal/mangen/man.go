package main

import (
	"bytes"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// writePages writes one page for each command into dir, of that date.
func writePages(root *cobra.Command, dir string, date time.Time) error {
	root.DisableAutoGenTag = true
	root.InitDefaultHelpCmd()
	for _, cmd := range commands(root) {
		asMarkdown(cmd)
		if cmd != root {
			// The generator would give every command a help command of its own.
			cmd.SetHelpCommand(&cobra.Command{Use: "help", Hidden: true})
		}
		header := &doc.GenManHeader{Section: "1", Source: "Flask-Vault", Manual: "Flask-Vault Manual", Date: &date}
		var page bytes.Buffer
		if err := doc.GenMan(cmd, header, &page); err != nil {
			return err
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		err := writeFile(filepath.Join(dir, name), func(w io.Writer) error {
			_, err := w.Write(tidy(page.Bytes(), date))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// commands are a command and all below it that a person can call.
func commands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			all = append(all, commands(c)...)
		}
	}
	return all
}

// tidy turns the generator's roff into what man takes without a warning: a list
// of flags in place of tabs, a date that is one, and hyphens that can be copied.
func tidy(page []byte, date time.Time) []byte {
	page = flagLines.ReplaceAll(page, []byte(".TP\n$1\n$2"))
	page = bytes.ReplaceAll(page, []byte("\\fP[=]\n"), []byte("\\fP\n")) // a flag without a value
	var out bytes.Buffer
	for line := range bytes.Lines(page) {
		switch {
		case bytes.HasPrefix(line, []byte(".TH ")):
			line = bytes.Replace(line, []byte(date.Format("Jan 2006")), []byte(date.Format(time.DateOnly)), 1)
		case !bytes.HasPrefix(line, []byte(".")):
			line = bytes.ReplaceAll(line, []byte("-"), []byte(`\-`))
		}
		out.Write(line)
	}
	return out.Bytes()
}

// asMarkdown prepares the texts of a command, which are meant for a terminal,
// for a generator that takes them for Markdown.
func asMarkdown(cmd *cobra.Command) {
	cmd.Short = escape(cmd.Short)
	cmd.Long = paragraphs(cmd.Long)
	cmd.Use = escape(cmd.Use)
	if cmd.HasSubCommands() {
		cmd.Use, cmd.DisableFlagsInUseLine = cmd.Use+" COMMAND", true
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if _, done := f.Value.(described); done {
			return // a flag of a parent
		}
		name, usage := pflag.UnquoteUsage(f)
		f.Usage = escape(usage)
		if f.Value.Type() != "bool" && f.DefValue != "" && f.DefValue != "[]" {
			name = f.DefValue
		}
		f.DefValue = strings.ToUpper(name)
		f.Value = described{f.Value}
	})
}

// flagLines are a flag and, behind a tab, what it does.
var flagLines = regexp.MustCompile(`(?m)^(?:\.PP\n)?(\\fB-.*)\n\t(.*)$`)

// described is a flag's value whose default is shown without quotes: what stands
// there is the kind of value.
type described struct{ pflag.Value }

func (described) Type() string { return "described" }

// paragraphs escapes text, and makes its indented lines a block of its own.
func paragraphs(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "  "); ok {
			b.WriteString("\t" + rest)
		} else {
			b.WriteString(escape(line))
		}
	}
	return b.String()
}

// escape keeps every character of text from meaning anything to Markdown.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]()#+-.!<>~|", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
