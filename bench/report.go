package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// publish writes the raw figures, and the report with its picture.
func (r *results) publish(o options) error {
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.raw), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(o.raw, append(raw, '\n'), 0o644); err != nil {
		return err
	}
	if o.out == "" {
		_, err := os.Stdout.Write(r.report(""))
		return err
	}
	picture := strings.TrimSuffix(o.out, filepath.Ext(o.out)) + ".svg"
	if err := os.WriteFile(picture, r.picture(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(o.out, r.report(filepath.Base(picture)), 0o644)
}

// report is the whole document, in Markdown.
func (r *results) report(picture string) []byte {
	var b bytes.Buffer
	b.WriteString("# Performance\n\n<!-- Written by `make bench`; do not edit. -->\n\n")
	b.WriteString("CPU time per request of the server's process (user and system), beside peers that answer the same requests from the\n" +
		"same data. It is the figure to trust: the load generator and Postgres share the machine, so requests per second and\n" +
		"latencies depend on them as well.\n\n")
	if picture != "" {
		fmt.Fprintf(&b, "![CPU time per request, as a multiple of a server written by hand](%s)\n\n", picture)
	}
	r.goals(&b)
	r.ratios(&b)
	r.together(&b)
	r.figures(&b)
	r.linearity(&b)
	r.variant(&b, tracedSuffix, "Tracing", "CPU time of Joinery with every request traced and exported by OTLP, as a multiple of Joinery without tracing.", "traced / not traced")
	r.variant(&b, roleSuffix, "Permissions", "CPU time of Joinery for a role whose rows are filtered by a session variable, the posts' through their author, as a multiple of\nJoinery for the admin.", "role / admin")
	r.coalesced(&b)
	r.conditions(&b)
	return b.Bytes()
}

// peers are the servers that are compared: all but variants.
func (r *results) peers() []server {
	var out []server
	for _, s := range r.servers {
		if !strings.HasSuffix(s.name, tracedSuffix) && !strings.HasSuffix(s.name, roleSuffix) {
			out = append(out, s)
		}
	}
	return out
}

func header(b *bytes.Buffer, first string, titles []string) {
	fmt.Fprintf(b, "| %s | %s |\n%s|%s\n", first, strings.Join(titles, " | "), strings.Repeat("|---", 1+strings.Count(first, " | ")), strings.Repeat("---:|", len(titles)))
}

func (r *results) ratios(b *bytes.Buffer) {
	fmt.Fprintf(b, "## CPU time per request\n\nMultiples of the server written by hand: the median of %d rounds, with the least and the greatest.\n\n", r.Rounds)
	titles := []string{"by hand, µs"}
	for _, s := range r.peers() {
		if s.name != limit {
			titles = append(titles, s.title)
		}
	}
	header(b, "workload", titles)
	for _, w := range r.workloads {
		fmt.Fprintf(b, "| %s: %s | %.0f |", w.name, w.title, r.median(w.name, limit, cpu))
		for _, s := range r.peers() {
			if s.name != limit {
				fmt.Fprintf(b, " %s |", multiple(r.ratio(w.name, s.name, limit, cpu)))
			}
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

func multiple(s spread) string {
	if math.IsNaN(s.median) {
		return ""
	}
	digits := 2
	if s.median >= 9.95 {
		digits = 1
	}
	return fmt.Sprintf("**%.*f** (%.*f–%.*f)", digits, s.median, digits, s.min, digits, s.max)
}

// together counts Postgres, too, where it is on this machine.
func (r *results) together(b *bytes.Buffer) {
	if !slices.ContainsFunc(r.Measurements, func(m measurement) bool { return m.PostgresCPU > 0 }) {
		return
	}
	b.WriteString("## With Postgres\n\nCPU time of the process and of Postgres together, as above.\n\n")
	titles := []string{"by hand + Postgres, µs"}
	for _, s := range r.peers() {
		if s.name != limit {
			titles = append(titles, s.title)
		}
	}
	header(b, "workload", titles)
	for _, w := range r.workloads {
		own := r.median(w.name, limit, cpu)
		fmt.Fprintf(b, "| %s | %.0f + %.0f |", w.name, own, r.median(w.name, limit, func(m measurement) float64 { return m.PostgresCPU }))
		for _, s := range r.peers() {
			if s.name != limit {
				fmt.Fprintf(b, " %s |", multiple(r.ratio(w.name, s.name, limit, allCPU)))
			}
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

func (r *results) figures(b *bytes.Buffer) {
	fmt.Fprintf(b, "## Throughput, latency, memory\n\nWith %d connections, each sending one request after the other. Medians of the rounds; the memory is the most that was\n"+
		"resident since the start.\n\n", r.Connections)
	header(b, "workload | server", []string{"CPU µs", "Postgres CPU µs", "requests/s", "p50 ms", "p99 ms", "p50 ms, one connection", "peak MiB"})
	for _, w := range r.workloads {
		for _, s := range r.servers {
			if len(r.of(w.name, s.name, cpu)) == 0 {
				continue
			}
			get := func(figure func(measurement) float64) float64 { return r.median(w.name, s.name, figure) }
			fmt.Fprintf(b, "| %s | %s | %.0f | %.0f | %.0f | %.2f | %.2f | %.2f | %.0f |\n", w.name, s.name,
				get(cpu), get(func(m measurement) float64 { return m.PostgresCPU }), get(throughput),
				get(func(m measurement) float64 { return m.P50 })/1000, get(func(m measurement) float64 { return m.P99 })/1000,
				get(singleP50)/1000, spreadOf(r.of(w.name, s.name, peakMiB)).max)
		}
	}
	b.WriteByte('\n')
}

// linearity fits a line through the workloads that differ in the number of representations only.
func (r *results) linearity(b *bytes.Buffer) {
	var lines []string
	for _, s := range r.peers() {
		var x, y []float64
		for _, w := range r.workloads {
			if c := r.median(w.name, s.name, cpu); w.fit > 0 && !math.IsNaN(c) {
				x, y = append(x, float64(w.fit)), append(y, c)
			}
		}
		if len(x) < 3 {
			continue
		}
		l := fit(x, y)
		var points []string
		for i := range x {
			points = append(points, fmt.Sprintf("%.0f: %+.0f %%", x[i], 100*(y[i]/(l.base+l.slope*x[i])-1)))
		}
		lines = append(lines, fmt.Sprintf("| %s | %.0f + %.2f n | %.3f | %s |", s.name, l.base, l.slope, l.r2, strings.Join(points, ", ")))
	}
	if len(lines) == 0 {
		return
	}
	b.WriteString("## Growth\n\nCPU time in µs by the number n of representations: the line that fits best (least squares of relative errors), and how far\neach workload is from it.\n\n")
	header(b, "server", []string{"line", "R²", "off the line at n"})
	b.WriteString(strings.Join(lines, "\n") + "\n\n")
}

// variant compares a variant of Joinery with Joinery.
func (r *results) variant(b *bytes.Buffer, suffix, title, text, column string) {
	if !slices.ContainsFunc(r.servers, func(s server) bool { return strings.HasSuffix(s.name, suffix) }) {
		return
	}
	fmt.Fprintf(b, "## %s\n\n%s\n\n", title, text)
	header(b, "workload", []string{column})
	for _, w := range r.workloads {
		if s := r.ratio(w.name, joinery+suffix, joinery, cpu); !math.IsNaN(s.median) {
			fmt.Fprintf(b, "| %s | %s |\n", w.name, multiple(s))
		}
	}
	b.WriteByte('\n')
}

func (r *results) conditions(b *bytes.Buffer) {
	fmt.Fprintf(b, `## How it is measured

- The data: 100,000 users and 500,000 posts, five of each user, far from each other on disk.
- The servers: "by hand" is [bench/limit](../bench/limit), which reads the same requests, sends the same kind of statement over
  pgx, one after the other, and writes the same bytes, without GraphQL: the practical limit. [bench/gqlgen](../bench/gqlgen) is generated, with
  `+"`@entityResolver(multi: true)`"+` and dataloaders that wait 1 ms, [bench/apollo](../bench/apollo) runs on Apollo Server; both as their
  documentation has it. Joinery is served from [bench/metadata](../bench/metadata). Each has %s connections to Postgres.
- Each runs as it comes: Joinery lets its heap grow to 24 MiB, or three times what is in use, before it collects garbage (48 MiB
  where it is traced); the other Go servers to 4 MiB, or twice what is in use, as Go does (the one
  by hand leaves so little that GOGC=600 changed nothing). Joinery hides its sockets' system calls from Go's scheduler
  ([internal/rawnet](../internal/rawnet)), which the others do as package net does.
- Before measuring, all servers get the same requests, and their answers must be equal.
- Then the rounds: in each, every server is loaded for %s by %d connections, then by one. Multiples are taken round by round.
- The same program started twice takes up to three percent more or less, so every server is started %d times for each workload;
  there are %d rounds in all.
- CPU time is the process's user and system time as the kernel counts it. The load generator and the actions' handler are processes
  of their own and don't count.
- The documents that are sent are in [bench/workload.go](../bench/workload.go). Ids are random, and others in each request.

Measured on %d × %s, %s, with %s.

To reproduce it: `+"`make bench`"+`. Needed: Go, and Node with npm. Every single measurement is then in `+"`.cache/bench/results.json`"+`.
`, poolConns, r.Duration, r.Connections, r.Starts, r.Rounds, r.Machine.CPUs, r.Machine.CPU, r.Machine.System, strings.Join(r.Machine.Versions, ", "))
}
