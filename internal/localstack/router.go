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
func (r *runner) startRouter(ctx context.Context) (err error) {
	if r.schema, err = r.compose(ctx); err != nil {
		return err
	}
	r.routerPath, err = supergraph.FindRouter(ctx, supergraph.FindOptions{Log: r.Stderr})
	if err != nil && !errors.Is(err, supergraph.ErrNotFound) {
		return err
	}
	if err != nil {
		r.say("%v: Apollo Gateway stands in", err)
	}
	r.say("starting router")
	if r.routerLog, err = os.Create(r.logPath("router")); err != nil {
		return fmt.Errorf("start router: %w", err)
	}
	r.onStop(func() { _ = r.routerLog.Close() })
	r.onStop(r.ending.Wait)
	r.front = startFront(r.ports.hand("router"))
	r.onStop(r.front.stop)
	if err := r.runRouter(ctx); err != nil {
		return err
	}
	r.onStop(func() { r.router.Load().Stop() })
	kind := "Apollo Router"
	if r.router.Load().StandIn() {
		kind = "Apollo Gateway, which stands in for Apollo Router"
	}
	r.tell("router", "%s (%s)", r.routerURL(), kind)
	return nil
}

func (r *runner) routerURL() string { return "http://" + r.addresses["router"] + "/" }

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

// runRouter starts a router over the supergraph as it is now, has it get all requests from then on, and ends the one
// before, if there is one.
func (r *runner) runRouter(ctx context.Context) error {
	env, err := r.expander().expandAll(r.file.Router.Env)
	if err != nil {
		return err
	}
	options := supergraph.RouterOptions{
		Path: r.routerPath, Supergraph: r.schema, Introspection: true, Env: r.environ.with(env).pairs(), Log: r.routerLog,
	}
	if config := r.file.Router.Config.value; config != "" {
		options.Config = r.in(config)
	}
	router, err := supergraph.StartRouter(ctx, options)
	if err != nil {
		return err
	}
	if err := r.front.to(router.URL()); err != nil {
		router.Stop()
		return err
	}
	if before := r.router.Swap(router); before != nil {
		r.ending.Go(before.Stop)
	}
	go func() {
		<-router.Done()
		if r.router.Load() == router && !r.stopping.Load() {
			r.fail(router.Err())
		}
	}()
	return nil
}
