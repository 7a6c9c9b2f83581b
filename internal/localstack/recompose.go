package localstack

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/joinery-graphql/joinery/supergraph"
)

// composeInterval is how often the subgraphs are asked for their SDL.
const composeInterval = 200 * time.Millisecond

// unsampled keeps the questions for SDL out of the traces.
const unsampled = "00-00000000000000000000000000000001-0000000000000001-00"

// keepComposed composes the supergraph anew whenever the SDL of a subgraph is another, until ctx ends, and has a router
// over it take the place of the one before. What doesn't compose is told, and the router keeps what it has.
func (r *runner) keepComposed(ctx context.Context) {
	config, err := r.supergraph()
	if err != nil {
		panic("BUG: composed before, and now: " + err.Error())
	}
	for i := range config.Subgraphs {
		headers := maps.Clone(config.Subgraphs[i].Schema.Headers)
		if headers == nil {
			headers = map[string]string{}
		}
		headers["traceparent"] = unsampled
		config.Subgraphs[i].Schema.Headers = headers
	}
	ticker := time.NewTicker(composeInterval)
	defer ticker.Stop()
	for {
		loaded, err := r.composer.Load(ctx, config)
		if err == nil { // else a subgraph is about to be replaced: r.watch tells if it ended
			r.follow(ctx, loaded)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// follow has the router serve what subgraphs are now.
func (r *runner) follow(ctx context.Context, loaded *supergraph.Config) {
	if !r.recompose(ctx, loaded) {
		return
	}
	switch err := r.runRouter(ctx); {
	case ctx.Err() != nil:
	case err != nil:
		r.say("the router keeps the supergraph before: %v", err)
	default:
		r.say("the supergraph was composed anew, and the router serves it")
	}
}

// recompose composes if the SDL isn't what it was, and reports whether there is a new supergraph.
func (r *runner) recompose(ctx context.Context, loaded *supergraph.Config) bool {
	now := sdls(loaded)
	if slices.Equal(now, r.composed) {
		return false
	}
	r.composed = now
	err := r.composeInto(ctx, loaded, r.schema)
	if err != nil && ctx.Err() == nil {
		r.say("the supergraph is not composed anew, the router keeps the one before:\n%v", err)
	}
	return err == nil
}

func sdls(loaded *supergraph.Config) []string {
	var out []string
	for _, s := range loaded.Subgraphs {
		out = append(out, s.Schema.SDL)
	}
	return out
}
