package main

import (
	"fmt"
	"strings"
	"time"
)

// line is one strategy in the drawing.
type line struct {
	name    string
	samples []sample
}

const (
	width, height = 860, 360
	top, bottom   = 44, 300
	panel         = 270 // width of a panel
)

// chart draws how many clients are connected and how many attempts wait, against
// seconds. Its colours follow the reader's choice of light or dark.
func chart(lines []line, clients int, end time.Duration) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12">
<style>
text { fill: #24292f } .grid { stroke: #d0d7de } .title { font-weight: 600 } .line { fill: none; stroke-width: 2 }
.c0 { stroke: #bc4c00 } .c1 { stroke: #8250df } .c2 { stroke: #0969da } .c3 { stroke: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .grid { stroke: #30363d }
.c0 { stroke: #f0883e } .c1 { stroke: #bc8cff } .c2 { stroke: #58a6ff } .c3 { stroke: #3fb950 }
}
</style>
`, width, height)
	most := 1
	for _, l := range lines {
		for _, s := range l.samples {
			most = max(most, s.Waiting)
		}
	}
	drawPanel(&b, 50, "clients connected, %", lines, end, 100, func(s sample) float64 { return 100 * float64(s.Connected) / float64(clients) })
	drawPanel(&b, 400, "attempts waiting at the server", lines, end, float64((most+999)/1000*1000), func(s sample) float64 { return float64(s.Waiting) })
	for i, l := range lines {
		y := top + 14 + 22*i
		fmt.Fprintf(&b, `<path class="line c%d" d="M%d %d h18"/><text x="%d" y="%d">%s</text>`+"\n", i, 690, y-4, 713, y, l.name)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

func drawPanel(b *strings.Builder, left int, title string, lines []line, end time.Duration, high float64, of func(sample) float64) {
	x := func(at time.Duration) float64 { return float64(left) + panel*at.Seconds()/end.Seconds() }
	y := func(v float64) float64 { return bottom - (bottom-top)*v/high }
	fmt.Fprintf(b, `<text class="title" x="%d" y="24">%s</text>`+"\n", left, title)
	for i := range 5 {
		v := high * float64(i) / 4
		fmt.Fprintf(b, `<path class="grid" d="M%d %.1f h%d"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", left, y(v), panel, left-6, y(v)+4, v)
	}
	for at := time.Duration(0); at <= end; at += 10 * time.Second {
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %d v5"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n", x(at), bottom, x(at), bottom+18, at.Seconds())
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">seconds after the restart</text>`+"\n", left+panel/2, height-14)
	for i, l := range lines {
		fmt.Fprintf(b, `<path class="line c%d" d="`, i)
		for j, s := range l.samples {
			if s.At > end {
				break
			}
			fmt.Fprintf(b, "%s%.1f %.1f", map[bool]string{true: "M", false: " L"}[j == 0], x(s.At), y(of(s)))
		}
		b.WriteString(`"/>` + "\n")
	}
}
