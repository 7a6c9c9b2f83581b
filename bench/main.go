package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	out, raw           string
	profiles           string
	databaseURL        string
	workloads, servers string
	starts, rounds     int
	connections        int
	duration           time.Duration
	quick              bool
	coalescing         bool
}

func main() {
	var o options
	flag.StringVar(&o.out, "out", "", "file to write the report to, beside a picture of the same name; empty: print it")
	flag.StringVar(&o.raw, "raw", ".cache/bench/results.json", "file to write every measurement to")
	flag.StringVar(&o.databaseURL, "database-url", os.Getenv("DATABASE_URL"), "URL of a Postgres server, where a database joinery_bench is made; empty: an own server")
	flag.StringVar(&o.workloads, "workloads", "", "workloads, or groups of them such as w1, separated by commas; empty: all")
	flag.StringVar(&o.servers, "servers", "", "servers to compare with limit, separated by commas; empty: all")
	flag.IntVar(&o.starts, "starts", 3, "how often every server is started for each workload")
	flag.IntVar(&o.rounds, "rounds", 4, "rounds after each start; in each, every server has its turn")
	flag.DurationVar(&o.duration, "duration", time.Second, "how long a server's turn lasts")
	flag.IntVar(&o.connections, "connections", 16, "connections that send requests, each one after the other")
	flag.StringVar(&o.profiles, "profile", "", "folder to record the servers in with perf, instead of measuring them")
	flag.BoolVar(&o.coalescing, "coalescing", false, "measure only what --coalesce of joinery serve saves and costs")
	flag.BoolVar(&o.quick, "quick", false, "few short rounds: for development, not for publishing")
	flag.Parse()
	if o.profiles != "" {
		o.starts = 1
	}
	if o.quick {
		o.starts, o.rounds, o.duration = 1, 3, 400*time.Millisecond
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	loads, err := chosen("workload", workloads, o.workloads, func(w workload, name string) bool { return w.name == name || strings.HasPrefix(w.name, name+"/") })
	if err != nil {
		return err
	}
	if o.coalescing {
		loads = nil
	}
	programs, err := chosen("server", servers, o.servers, func(s server, name string) bool { return s.name == name || s.name == limit })
	if err != nil {
		return err
	}
	results, err := measureAll(ctx, o, loads, programs)
	if err != nil {
		return err
	}
	if o.profiles != "" {
		return nil
	}
	return results.publish(o)
}

// chosen are the items that match one of the names; all where there are no names.
func chosen[T any](what string, all []T, names string, matches func(T, string) bool) ([]T, error) {
	if names == "" {
		return all, nil
	}
	var out []T
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		if !slices.ContainsFunc(all, func(item T) bool { return matches(item, name) }) {
			return nil, fmt.Errorf("unknown %s %q", what, name)
		}
	}
	for _, item := range all {
		if slices.ContainsFunc(wanted, func(name string) bool { return matches(item, name) }) {
			out = append(out, item)
		}
	}
	return out, nil
}
