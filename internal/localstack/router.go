package localstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/joinery-graphql/joinery/supergraph"
)

// startJaeger starts Jaeger where it is found, and has all programs send their traces to it. Where the environment names
// another place for traces, or none, that stays so.
func (r *runner) startJaeger(ctx context.Context) error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"} {
		if value := r.environ[name]; value != "" {
			r.tell("traces", "%s=%s", name, value)
			return nil
		}
	}
	if r.NoJaeger || r.environ["OTEL_SDK_DISABLED"] == "true" {
		return nil
	}
	path, err := supergraph.FindJaeger(ctx, supergraph.FindOptions{Log: r.Stderr})
	if errors.Is(err, supergraph.ErrNotFound) {
		r.say("no traces: %v", err)
		return nil
	} else if err != nil {
		return err
	}
	r.say("starting jaeger")
	return r.runJaeger(ctx, path)
}

func (r *runner) runJaeger(ctx context.Context, path string) error {
	log, err := os.Create(r.logPath("jaeger"))
	if err != nil {
		return fmt.Errorf("start jaeger: %w", err)
	}
	r.onStop(func() { _ = log.Close() })
	query, inUse, err := r.ports.reserve(ctx, "jaeger", defaultJaegerPort)
	if err != nil {
		return err
	}
	if inUse {
		r.say("port %d is in use: jaeger takes %s", defaultJaegerPort, query)
	}
	r.ports.release("jaeger")
	if r.jaeger, err = supergraph.StartJaeger(ctx, supergraph.JaegerOptions{Path: path, Query: query, Log: log}); err != nil {
		return err
	}
	r.onStop(r.jaeger.Stop)
	r.watch(r.jaeger.Done(), func() error { return errors.New("jaeger ended" + lastLines(r.logPath("jaeger"))) })
	r.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = r.jaeger.OTLPHTTP()
	r.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf"
	if r.environ["OTEL_BSP_SCHEDULE_DELAY"] == "" {
		r.environ["OTEL_BSP_SCHEDULE_DELAY"] = "500" // ms: whoever looks at a trace has just sent the operation
	}
	r.tell("jaeger", "%s", r.jaeger.URL())
	return nil
}

// startRouter composes the subgraphs as they are running now, and starts a router over them.
func (r *runner) startRouter(ctx context.Context) error {
	schema, err := r.compose(ctx)
	if err != nil {
		return err
	}
	path, err := supergraph.FindRouter(ctx, supergraph.FindOptions{Log: r.Stderr})
	if err != nil && !errors.Is(err, supergraph.ErrNotFound) {
		return err
	}
	if err != nil {
		r.say("%v: Apollo Gateway stands in", err)
	}
	r.say("starting router")
	if err := r.runRouter(ctx, path, schema); err != nil {
		return err
	}
	r.schema = schema
	kind := "Apollo Router"
	if r.router.StandIn() {
		kind = "Apollo Gateway, which stands in for Apollo Router"
	}
	r.tell("router", "%s (%s)", r.router.URL(), kind)
	return nil
}

// supergraph is what is composed.
func (r *runner) supergraph() (*supergraph.Config, error) {
	config := &supergraph.Config{Path: r.path}
	for _, s := range r.file.Subgraphs {
		url, err := r.expander().expand(s.URL)
		if err != nil {
			return nil, err
		}
		headers, err := r.expander().expandAll(s.Headers)
		if err != nil {
			return nil, err
		}
		for name, value := range headers {
			if value == "" {
				delete(headers, name)
			}
		}
		config.Subgraphs = append(config.Subgraphs, supergraph.Subgraph{
			Name: s.Name.value, Line: s.Name.line, RoutingURL: url,
			Schema: supergraph.Schema{Line: s.URL.line, URL: url, Headers: headers},
		})
	}
	return config, nil
}

func (r *runner) compose(ctx context.Context) (path string, err error) {
	config, err := r.supergraph()
	if err != nil {
		return "", err
	}
	r.say("composing the supergraph")
	r.composer.Options.Log = r.Stderr
	r.onStop(func() { _ = r.composer.Close() })
	loaded, err := r.composer.Load(ctx, config)
	if err != nil {
		return "", err
	}
	r.composed = sdls(loaded)
	path = filepath.Join(r.folder, "supergraph.graphql")
	return path, r.composeInto(ctx, loaded, path)
}

// composeInto writes the supergraph schema, all at once: a router may be watching it.
func (r *runner) composeInto(ctx context.Context, config *supergraph.Config, path string) error {
	result, err := r.composer.Compose(ctx, config)
	if err != nil {
		return err
	}
	for _, hint := range result.Problems {
		if hint.Level == supergraph.LevelWarn {
			r.say("%v", hint)
		}
	}
	err = os.WriteFile(path+".new", []byte(result.SDL), 0o644)
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("write the supergraph schema: %w", err)
	}
	return nil
}

// runRouter starts Apollo Router, or where path is empty its stand-in.
func (r *runner) runRouter(ctx context.Context, path, schema string) error {
	log, err := os.Create(r.logPath("router"))
	if err != nil {
		return fmt.Errorf("start router: %w", err)
	}
	r.onStop(func() { _ = log.Close() })
	env, err := r.expander().expandAll(r.file.Router.Env)
	if err != nil {
		return err
	}
	options := supergraph.RouterOptions{
		Path: path, Supergraph: schema, Listen: r.addresses["router"], Introspection: true, HotReload: true,
		Env: r.environ.with(env).pairs(), Log: log,
	}
	if config := r.file.Router.Config.value; config != "" {
		options.Config = r.in(config)
	}
	r.ports.release("router")
	if r.router, err = supergraph.StartRouter(ctx, options); err != nil {
		return err
	}
	r.onStop(r.router.Stop)
	r.watch(r.router.Done(), r.router.Err)
	return nil
}
