package https

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFresh(t *testing.T) {
	for _, c := range []struct {
		control, age string
		want         time.Duration
	}{
		{"", "", 0}, {"max-age=60", "", time.Minute}, {"public, MAX-AGE=60", "20", 40 * time.Second}, {"max-age=60", "90", 0},
		{`max-age="60"`, "", time.Minute}, {"max-age=60, no-cache", "", 0}, {"max-age=31536000", "", maxWait},
		{"max-age=99999999999999999999", "", 0}, {"max-age=-5", "x", 0}, {"s-maxage=60", "", 0},
	} {
		if got := fresh(http.Header{"Cache-Control": {c.control}, "Age": {c.age}}); got != c.want {
			t.Errorf("%q, age %q: %v", c.control, c.age, got)
		}
	}
}

func TestPauseSpreads(t *testing.T) {
	least, most := time.Hour, time.Duration(0)
	for range 1000 {
		p := pause(10*time.Second, 0)
		least, most = min(least, p), max(most, p)
		if p := pause(10*time.Second, time.Minute); p < time.Minute || p >= 70*time.Second {
			t.Fatalf("after a max-age of a minute: %v", p)
		}
	}
	if least < 5*time.Second || least > 6*time.Second || most < 14*time.Second || most >= 15*time.Second {
		t.Errorf("from %v to %v", least, most)
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add(`W/"abc"`, "public, max-age=60", "5", "120")
	f.Add("*", "max-age=\"", "-1", "Wed, 21 Oct 2015 07:28:00 GMT")
	f.Add("\"a\r\nX: y\"", "no-store,=,", "99999999999999999999", "")
	f.Fuzz(func(t *testing.T, tag, control, age, after string) {
		h := http.Header{"Etag": {tag}, "Cache-Control": {control}, "Age": {age}, "Retry-After": {after}}
		if e := etag(h); e != "" && (e != tag || strings.ContainsAny(e, "\r\n ,*") && !strings.HasPrefix(strings.TrimPrefix(e, "W/"), `"`)) {
			t.Errorf("%q", e)
		}
		if w := fresh(h); w < 0 || w > maxWait {
			t.Errorf("fresh for %v", w)
		}
		if w := retryAfter(h); w < 0 || w > maxWait {
			t.Errorf("to come again after %v", w)
		}
	})
}
