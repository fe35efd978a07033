package format_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/flask-vault/flask-vault/format"
)

// batches is a document that makes many changes at once, but for some that it makes
// alone, and others that it refuses.
type batches struct {
	format.Document
	alone, refused []string
	made           []string
	parses         int
}

var errRefused = errors.New("refused")

func (d *batches) Set(path, _ string) error {
	d.parses++
	if slices.Contains(d.refused, path) {
		return errRefused
	}
	d.made = append(d.made, path)
	return nil
}

func (d *batches) SetAll(all []format.Assignment) bool {
	d.parses++
	var paths []string
	for _, a := range all {
		if slices.Contains(d.alone, a.Path) || slices.Contains(d.refused, a.Path) {
			return false
		}
		paths = append(paths, a.Path)
	}
	d.made = append(d.made, paths...)
	return true
}

// TestSetAllHalves sees that a change that cannot be made with the others does not have
// each of them made alone, and that all are made in order.
func TestSetAllHalves(t *testing.T) {
	const n = 10_000
	var all []format.Assignment
	var paths []string
	for i := range n {
		paths = append(paths, strconv.Itoa(i))
		all = append(all, format.Assignment{Path: paths[i]})
	}
	for _, tt := range []struct {
		alone, refused []string
		made           int
		parses         int // at most
	}{
		{nil, nil, n, 1},
		{[]string{"0"}, nil, n, 40},
		{[]string{"17", "5000", "9999"}, nil, n, 120},
		{nil, []string{"7000"}, 7000, 40},
		{paths, nil, n, 2 * n},
	} {
		d := &batches{alone: tt.alone, refused: tt.refused}
		if err := format.SetAll(d, all); (err != nil) != (tt.refused != nil) {
			t.Error(err)
		}
		if !slices.Equal(d.made, paths[:tt.made]) || d.parses > tt.parses {
			t.Errorf("alone %.40q, refused %q: %d made with %d parses", tt.alone, tt.refused, len(d.made), d.parses)
		}
	}
}
