package main

import (
	"bytes"
	"fmt"
	"math"
)

// Measures of the picture, in pixels.
const (
	pictureWidth = 900
	labelWidth   = 370
	rowHeight    = 34
	topHeight    = 70
	bottomHeight = 44
	rightMargin  = 40
)

// colours by server, for light and dark surfaces: distinct in lightness as well as in hue.
var colours = map[string][2]string{
	limit:   {"#57606a", "#9198a1"},
	joinery: {"#0b6e4f", "#3ddc97"},
	gqlgen:  {"#c2570c", "#ffa94d"},
	apollo:  {"#6741d9", "#b197fc"},
}

// picture shows the medians of the multiples, as dots on a logarithmic scale that begins at the server written by hand.
func (r *results) picture() []byte {
	height := topHeight + rowHeight*len(r.workloads) + bottomHeight
	greatest := r.greatest()
	x := func(ratio float64) float64 {
		return labelWidth + (pictureWidth-labelWidth-rightMargin)*math.Log(math.Max(ratio, 1))/math.Log(greatest)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">
<title id="title">CPU time per request, as a multiple of a server written by hand without GraphQL</title>
`, pictureWidth, height, pictureWidth, height)
	r.style(&b)
	fmt.Fprintf(&b, "<rect class=\"surface\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", pictureWidth, height)
	b.WriteString("<text class=\"heading\" x=\"16\" y=\"26\">CPU time per request, as a multiple of a server written by hand</text>\n")
	r.legend(&b)
	for ratio := 1.0; ratio <= greatest; ratio *= 2 {
		fmt.Fprintf(&b, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/><text class=\"axis\" x=\"%.1f\" y=\"%d\">%.0f×</text>\n",
			x(ratio), x(ratio), topHeight, height-bottomHeight, x(ratio), height-bottomHeight+18, ratio)
	}
	for i, w := range r.workloads {
		y := topHeight + rowHeight*i + rowHeight/2
		fmt.Fprintf(&b, "<text class=\"label\" x=\"16\" y=\"%d\">%s</text>\n", y+4, w.title)
		r.dots(&b, w.name, y, x)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// greatest is the end of the scale: a power of two.
func (r *results) greatest() float64 {
	greatest := 2.0
	for _, w := range r.workloads {
		for _, s := range r.peers() {
			if m := r.ratio(w.name, s.name, limit, cpu).median; !math.IsNaN(m) {
				greatest = math.Max(greatest, m)
			}
		}
	}
	return math.Exp2(math.Ceil(math.Log2(greatest)))
}

func (r *results) style(b *bytes.Buffer) {
	b.WriteString(`<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.heading { font-size: 15px; font-weight: 600; }
.axis { fill: #57606a; text-anchor: middle; }
.value { font-size: 12px; font-weight: 600; text-anchor: middle; }
.grid { stroke: #d0d7de; }
.surface { fill: #ffffff; }
`)
	for _, s := range r.peers() {
		fmt.Fprintf(b, ".%s { fill: %s; }\n", s.name, colours[s.name][0])
	}
	b.WriteString("@media (prefers-color-scheme: dark) {\ntext { fill: #e6edf3; }\n.axis { fill: #9198a1; }\n.grid { stroke: #3d444d; }\n.surface { fill: #0d1117; }\n")
	for _, s := range r.peers() {
		fmt.Fprintf(b, ".%s { fill: %s; }\n", s.name, colours[s.name][1])
	}
	b.WriteString("}\n</style>\n")
}

func (r *results) legend(b *bytes.Buffer) {
	x := 22
	for _, s := range r.peers() {
		if s.name == limit {
			continue
		}
		fmt.Fprintf(b, "<circle class=\"%s\" cx=\"%d\" cy=\"48\" r=\"6\"/><text x=\"%d\" y=\"52\">%s</text>\n", s.name, x, x+12, s.title)
		x += 40 + 7*len(s.title)
	}
}

func (r *results) dots(b *bytes.Buffer, workload string, y int, x func(float64) float64) {
	for _, s := range r.peers() {
		ratio := r.ratio(workload, s.name, limit, cpu).median
		if s.name == limit || math.IsNaN(ratio) {
			continue
		}
		fmt.Fprintf(b, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%d\" r=\"6\"><title>%s: %.2f×</title></circle>\n", s.name, x(ratio), y, s.title, ratio)
		if s.name == joinery {
			fmt.Fprintf(b, "<text class=\"value\" x=\"%.1f\" y=\"%d\">%.2f×</text>\n", x(ratio), y-10, ratio)
		}
	}
}
