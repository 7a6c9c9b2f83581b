package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/bench/internal/dataset"
)

// coalesceWait is the --coalesce that is measured.
const (
	coalesceWait   = "500us"
	coalesceSuffix = "-coalesce"
)

// coalescers are Joinery as it comes, and with requests of one trace sharing statements.
var coalescers = []server{
	{name: joinery, command: joineryCommand},
	{name: joinery + coalesceSuffix, command: joineryCommand, env: func(*site) []string { return []string{"JOINERY_COALESCE=" + coalesceWait} }},
}

// siblings are workloads whose requests are sent at once, as one trace.
type siblings struct {
	name, title string
	workloads   []string
}

var siblingLoads = []siblings{
	{"one", "a request that is alone in its trace: w1/10", []string{"w1/10"}},
	{"pair w1/10", "two of w1/10, whose statement is equal", []string{"w1/10", "w1/10"}},
	{"pair w2", "two of w2, whose two statements are equal", []string{"w2", "w2"}},
	{"pair of others", "w1/10 beside w2, of which none is equal", []string{"w1/10", "w2"}},
}

// tracedRequest is a request whose trace can be replaced.
type tracedRequest struct {
	text []byte
	id   int // where the trace's id is
}

const traceparent = "Traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-00\r\n"

func newTracedRequest(body []byte) tracedRequest {
	text := httpRequest(traceparent, body)
	return tracedRequest{text, bytes.Index(text, []byte(traceparent)) + strings.Index(traceparent, "-") + 1}
}

var lastTrace atomic.Uint64

// coalescing measures siblings with and without --coalesce.
func (r *results) coalescing(ctx context.Context, o options, s *site, db *dataset.Database, start int) error {
	for _, load := range siblingLoads {
		if err := r.siblings(ctx, o, s, db, &load, start); err != nil {
			return fmt.Errorf("%s: %w", load.name, err)
		}
	}
	return nil
}

func (r *results) siblings(ctx context.Context, o options, s *site, db *dataset.Database, load *siblings, start int) error {
	progress("start %d of %d, coalescing: %s", start+1, o.starts, load.title)
	processes, stop, err := s.startAll(ctx, coalescers)
	if err != nil {
		return err
	}
	defer stop()
	requests := load.requests()
	if err := load.check(ctx, requests, processes); err != nil {
		return err
	}
	groups := max(1, o.connections/len(requests))
	for _, p := range processes {
		if _, err := loadSiblings(ctx, p.address, requests, groups, o.duration/2); err != nil {
			return err
		}
	}
	return r.inRounds(o, load.name, start, processes, func(p *process) (measurement, error) { return siblingTurn(ctx, o, db, requests, groups, p) })
}

// requests are those of each sibling.
func (l *siblings) requests() [][]tracedRequest {
	out := make([][]tracedRequest, len(l.workloads))
	for i, name := range l.workloads {
		w := workloadOf(name)
		bodies := w.bodies(bodiesOf(w))
		for j := range bodies { // two of a workload don't ask for the same
			out[i] = append(out[i], newTracedRequest(bodies[(j+i)%len(bodies)]))
		}
	}
	return out
}

func workloadOf(name string) *workload {
	return &workloads[slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })]
}

// check compares the servers' answers to the same siblings.
func (l *siblings) check(ctx context.Context, requests [][]tracedRequest, processes []*process) error {
	for i := range checkedRequests {
		var first []any
		for _, p := range processes {
			g, err := dialSiblings(ctx, p.address, len(requests))
			if err != nil {
				return err
			}
			defer g.close()
			if err := g.post(requests, i); err != nil {
				return err
			}
			var data []any
			for j, name := range l.workloads {
				one, err := decode(workloadOf(name), g.connections[j].body)
				if err != nil {
					return err
				}
				data = append(data, one)
			}
			if first == nil {
				first = data
			}
			if diff := cmp.Diff(first, data); diff != "" {
				return fmt.Errorf("request %d: %s and %s answer differently:\n%s", i, processes[0].name, p.name, diff)
			}
		}
	}
	return nil
}

// siblingTurn measures one server with several groups of siblings at once, and then with one.
func siblingTurn(ctx context.Context, o options, db *dataset.Database, requests [][]tracedRequest, groups int, p *process) (measurement, error) {
	sent, err := statementsOf(ctx, p.address)
	if err != nil {
		return measurement{}, err
	}
	m, err := underLoad(p, db, func() ([]time.Duration, error) { return loadSiblings(ctx, p.address, requests, groups, o.duration/2) })
	if err != nil {
		return m, err
	}
	single, err := loadSiblings(ctx, p.address, requests, 1, o.duration/8)
	if err != nil {
		return m, err
	}
	sentAfter, err := statementsOf(ctx, p.address)
	m.Statements, m.P50Connection = (sentAfter-sent)/float64(m.Requests+len(single)), microseconds(percentile(single, 50))
	return m, err
}

// statementsOf is how many statements a Joinery has sent.
func statementsOf(ctx context.Context, address string) (sent float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, "joinery_batch_statements_total{") {
			value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			if err != nil {
				return 0, err
			}
			sent += value
		}
	}
	return sent, lines.Err()
}

// group sends siblings, each over a connection of its own.
type group struct {
	connections []*connection
	buffer      []byte
}

func dialSiblings(ctx context.Context, address string, n int) (*group, error) {
	g := &group{}
	for range n {
		c, err := dial(ctx, address)
		if err != nil {
			g.close()
			return nil, err
		}
		g.connections = append(g.connections, c)
	}
	return g, nil
}

func (g *group) close() {
	for _, c := range g.connections {
		c.close()
	}
}

// post sends the i-th request of each sibling, all before the first answer is read, in a trace that is new.
func (g *group) post(requests [][]tracedRequest, i int) error {
	var id [16]byte
	binary.BigEndian.PutUint64(id[8:], lastTrace.Add(1))
	for s, c := range g.connections {
		request := requests[s][i%len(requests[s])]
		g.buffer = append(g.buffer[:0], request.text...)
		hex.Encode(g.buffer[request.id:], id[:])
		if _, err := c.conn.Write(g.buffer); err != nil {
			return err
		}
	}
	for _, c := range g.connections {
		body, err := c.answer()
		if err == nil && !isAnswer(body) {
			err = fmt.Errorf("unexpected answer %s", body[:min(len(body), 300)])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loadSiblings has n groups send siblings, one after the other, for a while, and returns how long each took until all of
// its siblings were answered.
func loadSiblings(ctx context.Context, address string, requests [][]tracedRequest, n int, duration time.Duration) ([]time.Duration, error) {
	took := make([][]time.Duration, n)
	faults := make([]error, n)
	deadline := time.Now().Add(duration)
	var wg sync.WaitGroup
	for i := range n {
		g, err := dialSiblings(ctx, address, len(requests))
		if err != nil {
			return nil, err
		}
		defer g.close()
		wg.Go(func() {
			start := time.Now()
			for at := i * len(requests[0]) / n; start.Before(deadline) && ctx.Err() == nil && faults[i] == nil; at++ {
				faults[i] = g.post(requests, at)
				end := time.Now()
				took[i] = append(took[i], end.Sub(start))
				start = end
			}
		})
	}
	wg.Wait()
	return slices.Concat(took...), errors.Join(append(faults, ctx.Err())...)
}

// coalesced is the report's part on this.
func (r *results) coalesced(b *bytes.Buffer) {
	const on = joinery + coalesceSuffix
	var rows []string
	for _, load := range siblingLoads {
		statements := func(m measurement) float64 { return m.Statements }
		off := r.median(load.name, joinery, statements)
		if math.IsNaN(off) {
			continue // not part of this run
		}
		rows = append(rows, fmt.Sprintf("| %s | %.2f → %.2f | %s | %s | %.2f | %s | %s |\n", load.title, off, r.median(load.name, on, statements),
			multiple(r.ratio(load.name, on, joinery, cpu)), multiple(r.ratio(load.name, on, joinery, allCPU)),
			r.median(load.name, joinery, singleP50)/1000, multiple(r.ratio(load.name, on, joinery, singleP50)),
			multiple(r.ratio(load.name, on, joinery, func(m measurement) float64 { return m.P50 }))))
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "## Coalescing\n\nJoinery with `--coalesce %s` beside Joinery without. Two requests of one trace are sent at once, over two connections; their\n"+
		"latency ends with the later answer. They share a statement only if the second request has come before the first has sent its own:\n"+
		"small ones seldom do. Statements are those without and with the flag; multiples are of Joinery without.\n\n", coalesceWait)
	header(b, "requests", []string{"statements", "CPU time", "with Postgres'", "p50 ms, one at a time", "p50, one at a time", fmt.Sprintf("p50, %d connections", r.Connections)})
	b.WriteString(strings.Join(rows, "") + "\n")
}
