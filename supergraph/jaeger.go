package supergraph

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"time"
)

// JaegerOptions are how to run Jaeger. Only Path is required.
type JaegerOptions struct {
	Path      string // Jaeger 1 all-in-one, from [FindJaeger]
	Query     string // host:port of the web page and its API; port 0 means any that is free, empty means that on loopback
	OTLPGRPC  string // host:port that takes spans over gRPC, likewise
	OTLPHTTP  string // host:port that takes spans over HTTP, likewise
	MaxTraces int    // kept in memory; zero means 10,000

	Log io.Writer // output of Jaeger; nil discards
}

// Jaeger is a running Jaeger, which keeps its traces in memory. It is safe for use by several goroutines.
type Jaeger struct {
	process                 *process
	url, otlpGRPC, otlpHTTP string
}

// StartJaeger starts Jaeger and returns once it is ready. ctx bounds the start alone (and a minute does): afterwards it
// runs until [Jaeger.Stop], or the end of this process. Several may run side by side.
func StartJaeger(ctx context.Context, o JaegerOptions) (*Jaeger, error) {
	jaeger, err := retryPorts(func() (*Jaeger, []string, error) {
		listen, err := addresses(o.Query, o.OTLPGRPC, o.OTLPHTTP, "")
		if err != nil {
			return nil, nil, err
		}
		jaeger, err := o.start(ctx, listen[0], listen[1], listen[2], listen[3])
		return jaeger, listen, err
	})
	if err != nil {
		return nil, fmt.Errorf("start jaeger: %w", err)
	}
	return jaeger, nil
}

func (o JaegerOptions) start(ctx context.Context, query, otlpGRPC, otlpHTTP, admin string) (*Jaeger, error) {
	if o.MaxTraces == 0 {
		o.MaxTraces = 10_000
	}
	const unused = "127.0.0.1:0" // opened all the same; on a port that nobody else needs
	cmd := exec.Command(o.Path,  //nolint:noctx // Stop ends it: ctx bounds the start only
		"--memory.max-traces", strconv.Itoa(o.MaxTraces),
		"--query.http-server.host-port", query,
		"--collector.otlp.grpc.host-port", otlpGRPC,
		"--collector.otlp.http.host-port", otlpHTTP,
		"--admin.http.host-port", admin,
		"--query.grpc-server.host-port", unused,
		"--collector.grpc-server.host-port", unused,
		"--collector.http-server.host-port", unused,
	)
	p, err := startProcess("jaeger", cmd, o.Log)
	if err != nil {
		return nil, err
	}
	for _, url := range []string{reachable(admin) + "/", reachable(query) + "/api/services"} {
		if err := p.ready(ctx, url); err != nil {
			return nil, err
		}
	}
	return &Jaeger{p, reachable(query), reachable(otlpGRPC), reachable(otlpHTTP)}, nil
}

// URL is the web page, such as "http://127.0.0.1:16686"; its API is below /api.
func (j *Jaeger) URL() string { return j.url }

// OTLPGRPC is the OTEL_EXPORTER_OTLP_ENDPOINT for OTEL_EXPORTER_OTLP_PROTOCOL=grpc.
func (j *Jaeger) OTLPGRPC() string { return j.otlpGRPC }

// OTLPHTTP is the OTEL_EXPORTER_OTLP_ENDPOINT for OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.
func (j *Jaeger) OTLPHTTP() string { return j.otlpHTTP }

// Done is closed once Jaeger has ended, by [Jaeger.Stop] or by itself.
func (j *Jaeger) Done() <-chan struct{} { return j.process.Done() }

// jaegerGrace is short: its traces go with it anyway, and it would wait for a browser that shows its page.
const jaegerGrace = 500 * time.Millisecond

// Stop ends Jaeger and returns when it has ended. Stopping twice is allowed.
func (j *Jaeger) Stop() { j.process.Stop(jaegerGrace) }
