package suite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/flask-vault/flask-vault/keysource"
)

// checks are the rules, in the order in which they are checked.
var checks = []struct {
	name  string
	needs needs
	check func(*run) error
}{
	{"name is one short line", 0, checkName},
	{"an unknown setting is refused", 0, checkUnknownSetting},
	{"load answers", 0, checkAnswers},
	{"an empty place is ErrNoKey", toEmpty, checkEmpty},
	{"load gives the key that is there", toFill, checkLoad},
	{"loads at the same time agree", toFill, checkConcurrent},
	{"a canceled load returns and is not ErrNoKey", toFill, checkCanceled},
	{"keys of 24 and 32 bytes stay whole", putText, checkOldKeys},
	{"text that is no key is an error and is not quoted", putText, checkBadText},
	{"save keeps the key", save, checkSave},
	{"save of the same key changes nothing", save, checkSaveAgain},
	{"save of another key replaces it", save, checkReplace},
	{"save of no key is refused", save, checkSaveNothing},
	{"delete empties the place", del | toFill, checkDelete},
	{"delete of nothing is ErrNoKey", del | toEmpty, checkDeleteNothing},
	{"no error and no name holds a part of a key", 0, checkSecrecy},
}

func checkName(s *run) error {
	src, err := s.make()
	if err != nil {
		return err
	}
	name := src.Name()
	s.hear(name)
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("the name is empty")
	case len(name) > 200:
		return fmt.Errorf("the name has %d bytes, more than 200", len(name))
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("the name %q has characters that cannot be printed", name)
	}
	return nil
}

func checkUnknownSetting(s *run) error {
	src, err := s.h.New(s.with("no_such_setting", "x"))
	if err == nil {
		err = s.within(s.ctx, func(ctx context.Context) error {
			_, err := src.Load(ctx)
			return err
		})
	} else {
		s.hear(err.Error())
	}
	switch {
	case err == nil:
		return errors.New("a setting that does not exist was accepted: a misspelt one would be ignored")
	case errors.Is(err, keysource.ErrNoKey):
		return fmt.Errorf("a setting that does not exist gave ErrNoKey, so the next source would be asked: %w", err)
	}
	return nil
}

func checkAnswers(s *run) error {
	k, err := s.load()
	switch {
	case err == nil && k.IsZero():
		return errors.New("load returned neither a key nor an error")
	case err != nil && !errors.Is(err, keysource.ErrNoKey):
		return err
	case err == nil:
		s.keys = append(s.keys, k)
	}
	return nil
}

func checkEmpty(s *run) error {
	if err := s.empty(); err != nil {
		return err
	}
	return s.mustBeEmpty("from the empty place")
}

func checkLoad(s *run) error {
	k, err := s.filled()
	if err != nil {
		return err
	}
	return errors.Join(s.mustHold(k, "once"), s.mustHold(k, "a second time"))
}

func checkConcurrent(s *run) error {
	k, err := s.filled()
	if err != nil {
		return err
	}
	src, err := s.make()
	if err != nil {
		return err
	}
	const n = 4
	found := make(chan error, n)
	for range n {
		go func() {
			found <- s.within(s.ctx, func(ctx context.Context) error {
				got, err := src.Load(ctx)
				if err == nil && !got.Equal(k) {
					err = fmt.Errorf("it gave the key %s, not %s", got.ID(), k.ID())
				}
				return err
			})
		}()
	}
	var errs []error
	for range n {
		errs = append(errs, <-found)
	}
	return errors.Join(errs...)
}

func checkCanceled(s *run) error {
	k, err := s.filled()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	start := time.Now()
	got, err := s.loadIn(ctx)
	switch {
	case time.Since(start) > s.h.Timeout/2:
		return fmt.Errorf("it returned only after %v", time.Since(start).Round(time.Second))
	case errors.Is(err, keysource.ErrNoKey):
		return errors.New("it said that there is no key, though nobody looked")
	case err == nil && !got.Equal(k):
		return errors.New("it gave another key")
	}
	return nil
}

func checkOldKeys(s *run) error {
	for _, size := range []int{24, 32} {
		raw := make([]byte, 0, 32)
		for len(raw) < size {
			raw = append(raw, keysource.NewKey().Bytes()...)
		}
		k, err := keysource.KeyFromBytes(raw[:size])
		if err != nil {
			return err
		}
		if err := s.fill(k); err != nil {
			return err
		}
		if err := s.mustHold(k, fmt.Sprintf("of %d bytes", size)); err != nil {
			return err
		}
	}
	return nil
}

func checkBadText(s *run) error {
	const marker = "Zx9NotAKeyAtAllQw3"
	for _, text := range []string{marker, marker + "==", marker + "\n" + marker, "AAAA" + marker + "AA==", strings.Repeat(marker, 500)} {
		if err := s.h.Put([]byte(text)); err != nil {
			return fmt.Errorf("the harness cannot put a text into the place: %w", err)
		}
		_, err := s.load()
		switch {
		case err == nil:
			return fmt.Errorf("a text of %d bytes that is no key was taken as one", len(text))
		case errors.Is(err, keysource.ErrNoKey):
			return fmt.Errorf("a text that is no key gave ErrNoKey, so the next source would be asked: %w", err)
		case strings.Contains(err.Error(), marker[:8]):
			return errors.New("the error quotes the text, which may be most of a key")
		}
	}
	return nil
}

func checkSave(s *run) error {
	if s.canClear() {
		if err := s.empty(); err != nil {
			return err
		}
	}
	k := keysource.NewKey()
	if err := s.save(k); err != nil {
		return err
	}
	return s.mustHold(k, "after save")
}

func checkSaveAgain(s *run) error {
	k := keysource.NewKey()
	if err := s.save(k); err != nil {
		return err
	}
	if err := s.save(k); err != nil {
		return fmt.Errorf("the second save failed: %w", err)
	}
	return s.mustHold(k, "after two saves")
}

func checkReplace(s *run) error {
	if err := s.save(keysource.NewKey()); err != nil {
		return err
	}
	k := keysource.NewKey()
	if err := s.save(k); err != nil {
		return err
	}
	return s.mustHold(k, "after the save of another key")
}

func checkSaveNothing(s *run) error {
	k := keysource.NewKey()
	if err := s.save(k); err != nil {
		return err
	}
	if err := s.save(keysource.Key{}); err == nil {
		return errors.New("the zero key was saved")
	}
	s.keys = s.keys[:len(s.keys)-1]
	return s.mustHold(k, "after the save of no key")
}

func checkDelete(s *run) error {
	if _, err := s.filled(); err != nil {
		return err
	}
	if err := s.delete(); err != nil {
		return err
	}
	return s.mustBeEmpty("after delete")
}

func checkDeleteNothing(s *run) error {
	if err := s.empty(); err != nil {
		return err
	}
	if err := s.delete(); !errors.Is(err, keysource.ErrNoKey) {
		return fmt.Errorf("delete in an empty place gave %v, not ErrNoKey", err) //nolint:errorlint // a report, and err may be nil
	}
	return nil
}

func checkSecrecy(s *run) error {
	if text := s.leaked(); text != "" {
		return fmt.Errorf("a text holds a part of a key: %q", text)
	}
	return nil
}
