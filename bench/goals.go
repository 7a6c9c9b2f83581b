package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
)

// goal is what Joinery was built to reach, by workload.
type goal struct {
	title  string
	bounds []bound
	atMost bool   // else at least
	peer   string // whose CPU time the figure divides by Joinery's; "" where it is another figure
	figure func(r *results, workload string) float64
}

type bound struct {
	workload string
	value    float64
}

// same is the same bound for several workloads.
func same(value float64, workloads ...string) []bound {
	var out []bound
	for _, w := range workloads {
		out = append(out, bound{w, value})
	}
	return out
}

// multipleOf is the median of the rounds' multiples of another server.
func multipleOf(name, of string, figure func(measurement) float64) func(*results, string) float64 {
	return func(r *results, workload string) float64 { return r.ratio(workload, name, of, figure).median }
}

var (
	all   = []string{"w1/1", "w1/10", "w1/100", "w1/1000", "w2", "w3", "w4", "w5", "w6"}
	goals = []goal{
		{
			title: "CPU time, as a multiple of by hand, at most", atMost: true, figure: multipleOf(joinery, limit, cpu),
			bounds: append(append(same(1.7, "w1/1", "w3"), same(1.6, "w1/10", "w1/100", "w1/1000", "w2", "w4")...), same(2, "w5", "w6")...),
		},
		{
			title: "CPU time with Postgres', as a multiple of by hand, at most", atMost: true, figure: multipleOf(joinery, limit, allCPU),
			bounds: same(1.4, "w1/100", "w1/1000", "w2", "w4"),
		},
		{
			title: "gqlgen's CPU time, as a multiple of Joinery's, at least", figure: multipleOf(gqlgen, joinery, cpu), peer: gqlgen,
			bounds: []bound{{"w1/100", 5}, {"w1/1000", 9}, {"w2", 12}, {"w4", 12}},
		},
		{
			title: "Apollo Server's CPU time, as a multiple of Joinery's, at least", figure: multipleOf(apollo, joinery, cpu), peer: apollo,
			bounds: []bound{{"w1/10", 3}, {"w1/100", 5}, {"w1/1000", 10}, {"w2", 12}, {"w4", 12}},
		},
		{
			title: "p50 latency with one connection, as a multiple of by hand, at most", atMost: true, figure: multipleOf(joinery, limit, singleP50),
			bounds: same(1.5, all...),
		},
		{
			title: "CPU time where every request is traced, as a multiple of untraced, at most", atMost: true,
			figure: multipleOf(joinery+tracedSuffix, joinery, cpu), bounds: same(1.3, all...),
		},
		{
			title: "peak memory in MiB, at most", atMost: true, bounds: []bound{{"w1/1000", 61}}, // 64 MB
			figure: func(r *results, workload string) float64 { return spreadOf(r.of(workload, joinery, peakMiB)).max },
		},
	}
)

func (g goal) met(b bound, measured float64) bool {
	if g.atMost {
		return measured <= b.value
	}
	return measured >= b.value
}

// goals says which goals this run met; what was missed is bold.
func (r *results) goals(b *bytes.Buffer) {
	var rows []string
	missed, room := 0, ""
	for _, g := range goals {
		var cells []string
		for _, bound := range g.bounds {
			measured := g.figure(r, bound.workload)
			if math.IsNaN(measured) {
				continue // not part of this run
			}
			cell := fmt.Sprintf("%s: %.3g (%g)", bound.workload, measured, bound.value)
			if !g.met(bound, measured) {
				cell = "**" + cell + "**"
				missed++
				room += r.room(g, bound)
			}
			cells = append(cells, cell)
		}
		if len(cells) > 0 {
			rows = append(rows, fmt.Sprintf("| %s | %s |\n", g.title, strings.Join(cells, ", ")))
		}
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "## Goals\n\nWhat Joinery was built to reach, with the bound in brackets. Medians of this run; %d of them, in bold, miss their bound.\n\n", missed)
	b.WriteString("| goal | measured (bound) |\n|---|---|\n" + strings.Join(rows, "") + "\n")
	if room != "" {
		b.WriteString("What the missed multiples of the peers ask of Joinery, as a multiple of by hand, most of whose time is what all servers\n" +
			"have in common: sockets, `net/http`, and pgconn's reading of rows.\n\n" + room + "\n")
	}
}

// room says how near to the server written by hand Joinery would have to be to reach a multiple of a peer's CPU time; "" of
// other goals.
func (r *results) room(g goal, b bound) string {
	peer := multipleOf(g.peer, limit, cpu)(r, b.workload)
	if math.IsNaN(peer) {
		return ""
	}
	own := multipleOf(joinery, limit, cpu)(r, b.workload)
	return fmt.Sprintf("- %s: %s takes %.3g times by hand's CPU time, so %g times Joinery's is reached at %.2f times by hand's; measured: %.2f.\n",
		b.workload, g.peer, peer, b.value, peer/b.value, own)
}
