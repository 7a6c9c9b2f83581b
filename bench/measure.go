package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/joinery-graphql/joinery/bench/internal/dataset"
	"github.com/joinery-graphql/joinery/bench/internal/proc"
)

// measurement is a server's turn in one round. Times are in microseconds; CPU times are per request.
type measurement struct {
	Workload      string  `json:"workload"`
	Server        string  `json:"server"`
	Round         int     `json:"round"`
	Requests      int     `json:"requests"`
	PerSecond     float64 `json:"per_second"`
	CPU           float64 `json:"cpu_us"`
	PostgresCPU   float64 `json:"postgres_cpu_us"` // 0 where it can't be read
	P50           float64 `json:"p50_us"`
	P99           float64 `json:"p99_us"`
	P50Connection float64 `json:"p50_one_connection_us"`
	Peak          int64   `json:"peak_bytes"` // since the server's start
	Statements    float64 `json:"statements,omitempty"`
}

// results are all measurements of a run.
type results struct {
	Machine      machine       `json:"machine"`
	Connections  int           `json:"connections"`
	Starts       int           `json:"starts"`
	Rounds       int           `json:"rounds"` // of all starts
	Duration     time.Duration `json:"duration_ns"`
	Measurements []measurement `json:"measurements"`
	workloads    []workload
	servers      []server
}

func measureAll(ctx context.Context, o options, loads []workload, programs []server) (_ *results, err error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, err
	}
	s := &site{root: root, dir: filepath.Join(root, ".cache", "bench")}
	progress("building the servers")
	if err := s.build(ctx, programs); err != nil {
		return nil, err
	}
	db, err := dataset.Open(ctx, o.databaseURL, os.Stderr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// The parameter is pgxpool's; pg, which doesn't know it, gets the number by POOL_MAX_CONNS.
	s.databaseURL = db.URL + separator(db.URL) + "pool_max_conns=" + poolConns
	var stopSink func()
	if s.sinkURL, stopSink, err = startSink(ctx); err != nil {
		return nil, err
	}
	defer stopSink()
	handler, err := s.start(ctx, server{name: "handler", command: built("handler")})
	if err != nil {
		return nil, err
	}
	defer handler.stop()
	s.handlerURL = "http://" + handler.address
	r := &results{Machine: describe(ctx, s, db), Connections: o.connections, Starts: o.starts, Rounds: o.starts * o.rounds, Duration: o.duration, workloads: loads, servers: programs}
	for start := range o.starts {
		if err := r.measure(ctx, o, s, db, start); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// measure starts the servers for each workload, and measures them.
func (r *results) measure(ctx context.Context, o options, s *site, db *dataset.Database, start int) error {
	for i := range r.workloads {
		if err := r.workload(ctx, o, s, db, &r.workloads[i], start); err != nil {
			return err
		}
	}
	if o.coalescing || o.workloads == "" && o.servers == "" && o.profiles == "" {
		return r.coalescing(ctx, o, s, db, start)
	}
	return nil
}

func separator(url string) string {
	if strings.Contains(url, "?") {
		return "&"
	}
	return "?"
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

const checkedRequests = 10

// workload starts fresh servers, compares their answers, warms them up and measures them in turn.
func (r *results) workload(ctx context.Context, o options, s *site, db *dataset.Database, w *workload, start int) error {
	progress("start %d of %d, %s: %s", start+1, o.starts, w.name, w.title)
	programs := slices.DeleteFunc(slices.Clone(r.servers), func(p server) bool { return !w.takesPart(p.name) })
	processes, stop, err := s.startAll(ctx, programs)
	if err != nil {
		return err
	}
	defer stop()
	bodies := w.bodies(bodiesOf(w))
	for _, p := range processes {
		p.prepare(bodies)
	}
	if err := checkAnswers(ctx, w, processes); err != nil {
		return err
	}
	for _, p := range processes {
		if _, err := load(ctx, p.address, p.requests, o.connections, max(o.duration, p.warmUp)); err != nil {
			return fmt.Errorf("%s: warm up %s: %w", w.name, p.name, err)
		}
	}
	if o.profiles != "" {
		return profile(ctx, o, w, processes)
	}
	if err := r.inRounds(o, w.name, start, processes, func(p *process) (measurement, error) { return turn(ctx, o, db, p) }); err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	return nil
}

// inRounds measures servers in turn, round by round.
func (r *results) inRounds(o options, workload string, start int, processes []*process, turn func(*process) (measurement, error)) error {
	for i := range o.rounds {
		round := start*o.rounds + i
		for j := range processes {
			p := processes[(j+round)%len(processes)] // none always goes first
			m, err := turn(p)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			m.Workload, m.Round = workload, round
			r.Measurements = append(r.Measurements, m)
		}
	}
	return nil
}

// bodiesOf is how many different requests are sent.
func bodiesOf(w *workload) int {
	if w.fit >= 1000 {
		return 64
	}
	return 512
}

// turn measures one server under load, and then over a single connection.
func turn(ctx context.Context, o options, db *dataset.Database, p *process) (measurement, error) {
	m, err := underLoad(p, db, func() ([]time.Duration, error) { return load(ctx, p.address, p.requests, o.connections, o.duration) })
	if err != nil {
		return m, err
	}
	single, err := load(ctx, p.address, p.requests, 1, o.duration/4)
	if err != nil {
		return m, err
	}
	m.P50Connection = microseconds(percentile(single, 50))
	m.Peak, err = proc.Peak(p.pid())
	return m, err
}

// underLoad measures one server while requests are sent, which tells how long each took.
func underLoad(p *process, db *dataset.Database, send func() ([]time.Duration, error)) (measurement, error) {
	before, err := readClocks(p, db)
	if err != nil {
		return measurement{}, err
	}
	start := time.Now()
	took, err := send()
	if err != nil {
		return measurement{}, err
	}
	elapsed := time.Since(start)
	after, err := readClocks(p, db)
	n := float64(len(took))
	return measurement{
		Server: p.name, Requests: len(took), PerSecond: n / elapsed.Seconds(),
		CPU:         microseconds(after.server-before.server) / n,
		PostgresCPU: microseconds(after.postgres-before.postgres) / n,
		P50:         microseconds(percentile(took, 50)), P99: microseconds(percentile(took, 99)),
	}, err
}

type clocks struct{ server, postgres time.Duration }

func readClocks(p *process, db *dataset.Database) (c clocks, err error) {
	if c.server, err = proc.CPU(p.pid()); err != nil || db.Postmaster() == 0 {
		return c, err
	}
	c.postgres, err = proc.TreeCPU(db.Postmaster())
	return c, err
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func percentile(took []time.Duration, percent int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(len(took)-1, len(took)*percent/100)]
}

// profile records each server with perf while it is under load.
func profile(ctx context.Context, o options, w *workload, processes []*process) error {
	if err := os.MkdirAll(o.profiles, 0o755); err != nil {
		return err
	}
	for _, p := range processes {
		file := filepath.Join(o.profiles, p.name+"-"+strings.ReplaceAll(w.name, "/", "-")+".perf")
		perf := exec.CommandContext(ctx, "perf", "record", "-q", "-g", "-F", "997", "-o", file, "-p", fmt.Sprint(p.pid()),
			"sleep", fmt.Sprint(o.duration.Seconds()))
		if err := perf.Start(); err != nil {
			return err
		}
		_, err := load(ctx, p.address, p.requests, o.connections, o.duration)
		if err := errors.Join(err, perf.Wait()); err != nil {
			return fmt.Errorf("record %s: %w", p.name, err)
		}
		progress("wrote %s", file)
	}
	return nil
}
