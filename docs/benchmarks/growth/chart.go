//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
)

// point is one measurement: CPU seconds and peak memory in MiB at x.
type point struct{ x, cpu, mib float64 }

type line struct {
	name   string
	points []point
}

func newLines(names []string) []line {
	lines := make([]line, len(names))
	for i, n := range names {
		lines[i].name = n
	}
	return lines
}

// table is the measurements in Markdown: CPU milliseconds and MiB.
func table(what string, lines []line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", what)
	for _, l := range lines {
		fmt.Fprintf(&b, " %s |", l.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(lines)) + "\n")
	for i, p := range lines[0].points {
		fmt.Fprintf(&b, "| %.0f |", p.x)
		for _, l := range lines {
			fmt.Fprintf(&b, " %.0f ms, %.0f MiB |", 1000*l.points[i].cpu, l.points[i].mib)
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

const (
	width, height = 860, 360
	top, bottom   = 44, 300
	panel         = 270 // width of a panel
)

// chart draws two panels over the same x axis, all axes logarithmic. Its colours
// follow the reader's choice of light or dark.
func chart(xlabel string, lines []line) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="12">
<style>
text { fill: #24292f } .grid { stroke: #d0d7de } .title { font-weight: 600 } .line { fill: none; stroke-width: 2 }
%s@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .grid { stroke: #30363d }
%s}
</style>
`, width, height,
		colours("#0969da", "#1a7f37", "#bc4c00", "#8250df", "#bf3989"),
		colours("#58a6ff", "#3fb950", "#f0883e", "#bc8cff", "#f778ba"))
	drawPanel(&b, 50, "CPU time, seconds", lines, func(p point) float64 { return p.cpu })
	drawPanel(&b, 400, "peak memory, MiB", lines, func(p point) float64 { return p.mib })
	for i, l := range lines { // the legend, in the order of the lines
		y := top + 14 + 22*i
		fmt.Fprintf(&b, `<g class="c%d"><path class="line" d="M%d %d h18"/><text x="%d" y="%d">%s</text></g>`+"\n", i, 715, y-4, 738, y, l.name)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", 50+panel/2, height-14, xlabel)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n</svg>\n", 400+panel/2, height-14, xlabel)
	return []byte(b.String())
}

func colours(all ...string) string {
	var b strings.Builder
	for i, c := range all {
		fmt.Fprintf(&b, ".c%d .line { stroke: %s } .c%d .dot { fill: %s }\n", i, c, i, c)
	}
	return b.String()
}

func drawPanel(b *strings.Builder, left int, title string, lines []line, of func(point) float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, p := range l.points {
			low, high = min(low, of(p)), max(high, of(p))
		}
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	xs := lines[0].points
	x0, x1 := math.Log10(xs[0].x), math.Log10(xs[len(xs)-1].x)
	x := func(v float64) float64 { return float64(left) + panel*(math.Log10(v)-x0)/(x1-x0) }
	y := func(v float64) float64 { return bottom - (bottom-top)*(math.Log10(v)-low)/(high-low) }
	fmt.Fprintf(b, `<text class="title" x="%d" y="24">%s</text>`+"\n", left, title)
	for e := low; e <= high; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(b, `<path class="grid" d="M%d %.1f h%d"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", left, y(v), panel, left-6, y(v)+4, v)
	}
	for _, p := range xs {
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %d v5"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(p.x), bottom, x(p.x), bottom+18, short(p.x))
	}
	for i, l := range lines {
		fmt.Fprintf(b, `<g class="c%d"><path class="line" d="`, i)
		for j, p := range l.points {
			fmt.Fprintf(b, "%s%.1f %.1f", map[bool]string{true: "M", false: " L"}[j == 0], x(p.x), y(of(p)))
		}
		b.WriteString(`"/>`)
		for _, p := range l.points {
			fmt.Fprintf(b, `<circle class="dot" cx="%.1f" cy="%.1f" r="3"/>`, x(p.x), y(of(p)))
		}
		b.WriteString("</g>\n")
	}
}

func short(v float64) string {
	if v >= 1000 && math.Mod(v, 1000) == 0 {
		return fmt.Sprintf("%gk", v/1000)
	}
	return fmt.Sprintf("%g", v)
}
