package editor

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// family is a group of editors that understand the same options.
type family int

const (
	unknown family = iota
	vim            // vim and neovim
	gvim           // vim in a window
	nano
	emacs
)

// familyOf recognises an editor by the name of its program, following links
// since vi, view and editor are links on many systems. The second result says
// that it draws in the terminal.
func familyOf(path string) (family, bool) {
	names := []string{programName(path)}
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		// What a link leads to says more: people link vim to nvim.
		names = []string{programName(real), names[0]}
	}
	for _, name := range names {
		switch stem, _, _ := strings.Cut(name, "."); {
		case name == "nvim-qt" || name == "emacsclient":
			// Front ends that pass options on differently, or not at all.
			return unknown, false
		case stem == "gvim" || stem == "gview" || stem == "mvim" || stem == "mview" || stem == "evim":
			return gvim, false
		case stem == "vim" || stem == "nvim" || stem == "vimx" || stem == "rvim" || stem == "rview" || strings.HasPrefix(name, "vim-"):
			return vim, true
		case stem == "nano" || stem == "rnano":
			return nano, true
		case stem == "emacs" || strings.HasPrefix(name, "emacs-"):
			return emacs, true
		}
	}
	if slices.Contains([]string{"vi", "view", "ex"}, names[0]) && isVim(real) {
		return vim, true // a distribution's minimal vim is installed as vi
	}
	return unknown, false
}

// opensWindow says whether the program is one of those known to return at once
// and to understand --wait.
func opensWindow(path string) bool {
	return slices.Contains([]string{"code", "code-insiders", "codium", "cursor", "subl", "zed", "atom", "mate", "bbedit"}, programName(path))
}

// programName is the last element of path in small letters without .exe or .cmd.
func programName(path string) string {
	name := strings.ToLower(filepath.Base(path))
	for _, suffix := range []string{".exe", ".cmd", ".bat"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

// isVim says whether the program at path is vim, by the banner that every build
// of it holds. Asking the program would mean running one that is not known.
func isVim(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	program, err := io.ReadAll(io.LimitReader(f, 32<<20))
	return err == nil && !bytes.HasPrefix(program, []byte("#!")) && bytes.Contains(program, []byte("VIM - Vi IMproved"))
}

// Settings of vim and neovim. An option that a build lacks fails alone and in
// silence, hence one command for each group.
const (
	vimSettings = "silent! set nobackup nowritebackup patchmode= noswapfile nomodeline modelines=0" +
		"|silent! set noundofile" +
		"|silent! set viminfo=" +
		"|silent! set shada=" +
		"|silent! set secure"
	// A configuration may set options at a later event, even at every write.
	vimEvents = "silent! autocmd VimEnter,BufWritePre,VimLeavePre * silent! setlocal noundofile noswapfile|" + vimSettings
)

const emacsSettings = `(progn
 (setq auto-save-default nil auto-save-list-file-prefix nil make-backup-files nil
  create-lockfiles nil undo-tree-auto-save-history nil)
 (setq-default backup-inhibited t)
 (if (bound-and-true-p savehist-mode) (savehist-mode -1)))`

// arguments are those for the editor, its file last. private is the directory
// that will be removed.
func (c command) arguments(s *session, readOnly bool) []string {
	args := slices.Clone(c.words[1:])
	switch c.known {
	case vim, gvim:
		if c.known == gvim {
			args = append(args, "-f") // stay in the foreground
		}
		if readOnly {
			args = append(args, "-R")
		}
		// --cmd acts before the person's configuration and -c after it.
		args = append(args, "-n", "-i", "NONE", "--cmd", vimSettings, "-c", vimSettings, "-c", vimEvents)
	case nano:
		args = append(args, "-I") // no configuration: it can ask for backups and a history of searches
		if readOnly {
			args = append(args, "-v")
		}
	case emacs:
		args = append(args, "--eval", emacsSettings)
	}
	return append(args, s.file)
}

// environment is that for the editor. A known one keeps its temporary files,
// such as what vim gives to a filter command, in the private directory; others
// may have a server that is found through TMPDIR.
func (c command) environment(env []string, s *session) []string {
	if c.known == unknown {
		return env
	}
	return append(slices.Clone(env), "TMPDIR="+s.dir)
}
