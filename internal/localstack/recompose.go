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

// keepComposed composes the supergraph anew whenever the SDL of a subgraph is another, until ctx ends. The router reloads
// it. What doesn't compose is told, and the router keeps what it has.
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
			r.recompose(ctx, loaded)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// recompose composes if the SDL isn't what it was.
func (r *runner) recompose(ctx context.Context, loaded *supergraph.Config) {
	now := sdls(loaded)
	if slices.Equal(now, r.composed) {
		return
	}
	r.composed = now
	switch err := r.composeInto(ctx, loaded, r.schema); {
	case ctx.Err() != nil:
	case err != nil:
		r.say("the supergraph is not composed anew, the router keeps the one before:\n%v", err)
	default:
		r.say("the supergraph is composed anew, and the router reloads it")
	}
}

func sdls(loaded *supergraph.Config) []string {
	var out []string
	for _, s := range loaded.Subgraphs {
		out = append(out, s.Schema.SDL)
	}
	return out
}
