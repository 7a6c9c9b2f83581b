package supergraph

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/joinery-graphql/joinery/internal/subprocess"
)

// RouterYAML is router.yaml of this folder: the configuration of Apollo Router.
//
//go:embed router.yaml
var RouterYAML []byte

// RouterOptions are how to run a router. Only Supergraph is required.
type RouterOptions struct {
	Path       string // Apollo Router, from [FindRouter]; empty runs the stand-in, Apollo Gateway on Node.js
	Supergraph string // file with the supergraph schema
	Config     string // configuration file of Apollo Router; empty means [RouterYAML]. One of your own must listen for health on ${env.ROUTER_HEALTH_LISTEN}, path /health
	HotReload  bool   // take a changed Supergraph file without a restart

	Listen        string // host:port; port 0 means any that is free, empty means that on loopback
	Health        string // of the health check, likewise; the stand-in has none
	Introspection bool   // answer introspection, and with Apollo Router show its sandbox page

	Env   []string  // KEY=VALUE, over those of this process: the settings in README.md, such as JOINERY_URL
	Log   io.Writer // output of the router; nil discards
	Cache string    // as in [Options], for the stand-in
}

// Router is a running router. It is safe for use by several goroutines.
type Router struct {
	process *process
	url     string
	standIn bool
	cleanup func()
}

// StartRouter starts a router and returns once it is healthy. ctx bounds the start alone (and a minute does): afterwards
// the router runs until [Router.Stop], or the end of this process.
//
// With OTEL_EXPORTER_OTLP_ENDPOINT set, Apollo Router exports its traces there, unless OTEL_SDK_DISABLED or
// OTEL_TRACES_EXPORTER=none says not to; OTEL_EXPORTER_OTLP_PROTOCOL is heeded. Where ROUTER_OTLP_ENABLED is set, the
// ROUTER_OTLP_* variables of README.md count instead.
func StartRouter(ctx context.Context, o RouterOptions) (*Router, error) {
	if _, err := os.Stat(o.Supergraph); err != nil {
		return nil, fmt.Errorf("start router: supergraph schema: %w", err)
	}
	router, err := retryPorts(func() (*Router, []string, error) {
		listen, err := addresses(o.Listen, o.Health)
		if err != nil {
			return nil, nil, err
		}
		router, err := o.start(ctx, listen[0], listen[1])
		return router, listen, err
	})
	if err != nil {
		return nil, fmt.Errorf("start router: %w", err)
	}
	return router, nil
}

func (o RouterOptions) start(ctx context.Context, listen, health string) (*Router, error) {
	env, err := o.environment(listen, health)
	if err != nil {
		return nil, err
	}
	if o.Path == "" {
		return o.startGateway(ctx, env, listen)
	}
	return o.startApollo(ctx, env, listen, health)
}

func (o RouterOptions) startApollo(ctx context.Context, env []string, listen, health string) (*Router, error) {
	config, cleanup, err := o.configFile()
	if err != nil {
		return nil, err
	}
	args := []string{"--config", config, "--supergraph", o.Supergraph, "--listen", listen}
	if o.HotReload {
		args = append(args, "--hot-reload")
	}
	cmd := exec.Command(o.Path, args...) //nolint:noctx // Stop ends it: ctx bounds the start only
	cmd.Env = env
	p, err := startProcess("apollo router", cmd, o.Log)
	if err == nil {
		err = p.ready(ctx, reachable(health)+"/health?ready")
	}
	if err != nil {
		cleanup()
		return nil, err
	}
	return &Router{process: p, url: reachable(listen) + "/", cleanup: cleanup}, nil
}

// configFile is a file with the configuration; Apollo Router takes it from nowhere else.
func (o RouterOptions) configFile() (path string, cleanup func(), err error) {
	if o.Config != "" {
		_, err := os.Stat(o.Config)
		return o.Config, func() {}, err
	}
	dir, err := os.MkdirTemp("", "joinery-router-")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "router.yaml")
	return path, func() { os.RemoveAll(dir) }, os.WriteFile(path, RouterYAML, 0o600)
}

func (o RouterOptions) startGateway(ctx context.Context, env []string, listen string) (*Router, error) {
	node, dir, err := installNode(ctx, gatewayPackage, o.Cache, o.Log)
	if err != nil {
		return nil, err
	}
	supergraph, err := filepath.Abs(o.Supergraph)
	if err != nil {
		return nil, err
	}
	args := []string{filepath.Join(dir, "gateway.mjs"), "--supergraph", supergraph, "--exit-with-stdin"}
	if o.HotReload {
		args = append(args, "--hot-reload")
	}
	cmd := exec.Command(node, args...) //nolint:noctx // Stop ends it: ctx bounds the start only
	cmd.Env = env
	stdin, err := cmd.StdinPipe() // closed by the system when we end
	if err != nil {
		return nil, err
	}
	p, err := startProcess("apollo gateway", cmd, o.Log)
	if err != nil {
		return nil, err
	}
	if err := p.ready(ctx, reachable(listen)+"/?query=%7B__typename%7D"); err != nil {
		return nil, err
	}
	return &Router{process: p, url: reachable(listen) + "/", standIn: true, cleanup: func() { stdin.Close() }}, nil
}

// URL is the GraphQL endpoint, such as "http://127.0.0.1:4000/".
func (r *Router) URL() string { return r.url }

// StandIn tells whether Apollo Gateway stands in for Apollo Router.
func (r *Router) StandIn() bool { return r.standIn }

// Done is closed once the router has ended, by [Router.Stop] or by itself.
func (r *Router) Done() <-chan struct{} { return r.process.Done() }

// Err waits for the end of the router and tells how it ended, with the last it printed.
func (r *Router) Err() error { return r.process.ended() }

// Stop asks the router to end, makes it after five seconds, and returns when it has ended. Stopping twice is allowed.
func (r *Router) Stop() {
	r.process.Stop(subprocess.Grace)
	r.cleanup()
}

// Variables that router.yaml expands. Set to nothing they would count as set, and the default would not apply.
var routerVariables = []string{
	"JOINERY_URL", "AUTH0PROFILE_URL", "ROUTER_OTLP_ENABLED", "ROUTER_OTLP_PROTOCOL", "ROUTER_OTLP_ENDPOINT",
}

var routerSecrets = []string{"JOINERY_ROUTER_SECRET", "AUTH0PROFILE_ROUTER_SECRET"}

func (o RouterOptions) environment(listen, health string) ([]string, error) {
	env := environ{}
	env.add("APOLLO_TELEMETRY_DISABLED=true") // usage reports to Apollo: only where asked for by =false
	env.add(os.Environ()...)
	env.add(o.Env...)
	for _, name := range routerVariables {
		if env[name] == "" {
			delete(env, name)
		}
	}
	for _, name := range routerSecrets {
		if err := checkSecret(name, env[name]); err != nil && o.Path != "" {
			return nil, err
		}
	}
	env.traces()
	env.add("ROUTER_LISTEN="+listen, "ROUTER_HEALTH_LISTEN="+health, fmt.Sprintf("ROUTER_INTROSPECTION=%t", o.Introspection))
	return env.list(), nil
}

// checkSecret refuses a secret that Apollo Router would read as a number, a boolean or null: it takes expanded values
// for YAML, and its own message would quote the secret.
func checkSecret(name, value string) error {
	var read any
	if err := yaml.Unmarshal([]byte(value), &read); err != nil || value == "" {
		return nil // no YAML, then the router takes it as text
	}
	_, err := strconv.ParseFloat(value, 64) // 1e5 is a number to the router, and text to our YAML
	switch read.(type) {
	case bool, int64, uint64, float64, nil:
		err = nil
	}
	if err == nil {
		return fmt.Errorf("invalid %s: Apollo Router reads it as a number, a boolean or null: use a secret with letters and digits", name)
	}
	return nil
}

// environ is an environment, with later additions going over earlier ones.
type environ map[string]string

func (e environ) add(pairs ...string) {
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		e[name] = value
	}
}

func (e environ) list() []string {
	list := make([]string, 0, len(e))
	for name, value := range e {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// traces turns OpenTelemetry's variables into those of router.yaml. Apollo Router doesn't heed them itself: it even
// refuses to start where some of them are set.
func (e environ) traces() {
	endpoint, protocol := e["OTEL_EXPORTER_OTLP_ENDPOINT"], "http" // OpenTelemetry's default is http/protobuf
	if e["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc" {
		protocol = "grpc"
	}
	off := e["OTEL_TRACES_EXPORTER"] == "none" || strings.EqualFold(e["OTEL_SDK_DISABLED"], "true")
	for name := range e {
		if strings.HasPrefix(name, "OTEL_EXPORTER_") || name == "OTEL_SERVICE_NAME" { // the name of this process
			delete(e, name)
		}
	}
	if e["ROUTER_OTLP_ENABLED"] != "" || endpoint == "" || off {
		return
	}
	e.add("ROUTER_OTLP_ENABLED=true", "ROUTER_OTLP_ENDPOINT="+endpoint, "ROUTER_OTLP_PROTOCOL="+protocol)
}
