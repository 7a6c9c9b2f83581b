package auth0profile

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/graph-gophers/dataloader/v7"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/internal/graph"
)

// store answers batches of ids from the cache and the tenant. It is safe for concurrent use.
type store struct {
	tenant  *tenant
	cache   *cache
	timeout time.Duration
	tracer  trace.Tracer
	log     *slog.Logger
}

func newStore(c Config) (*store, error) {
	tenant, err := newTenant(c)
	if err != nil {
		return nil, err
	}
	provider := c.TracerProvider
	if provider == nil {
		provider = noop.NewTracerProvider()
	}
	return &store{
		tenant:  tenant,
		cache:   newCache(c.CacheSize, c.CacheTTL),
		timeout: c.Timeout,
		tracer:  provider.Tracer("github.com/joinery-graphql/joinery/supergraph/auth0profile"),
		log:     c.Logger,
	}, nil
}

// load returns the outcomes of the ids, which are unique, in their order. asked is how often they
// were asked for, duplicates included.
func (s *store) load(ctx context.Context, ids []string, asked int) (outcomes []outcome) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	ctx, span := s.tracer.Start(ctx, "auth0.profiles")
	defer span.End()

	outcomes = make([]outcome, len(ids))
	defer s.recover(ctx, outcomes)
	var unknown []int
	for i, id := range ids {
		profile, ok := s.cache.get(id)
		if !ok {
			unknown = append(unknown, i)
		}
		outcomes[i] = outcome{profile: profile}
	}
	var n calls
	if len(unknown) > 0 {
		s.ask(ctx, ids, unknown, outcomes, &n)
	}
	s.report(ctx, span, outcomes, &n)
	span.SetAttributes(
		attribute.Int("auth0.profiles.asked", asked),
		attribute.Int("auth0.profiles.unique", len(ids)),
		attribute.Int("auth0.profiles.cached", len(ids)-len(unknown)),
	)
	return outcomes
}

// recover, deferred, makes an error of a panic: the dataloader would print it past the log.
func (s *store) recover(ctx context.Context, outcomes []outcome) {
	cause := recover()
	if cause == nil {
		return
	}
	err := recovered(s.log)(ctx, cause)
	for i := range outcomes {
		outcomes[i] = outcome{err: err}
	}
}

// ask fills the outcomes at the places that are unknown.
func (s *store) ask(ctx context.Context, ids []string, unknown []int, outcomes []outcome, n *calls) {
	wanted := make([]string, len(unknown))
	for j, i := range unknown {
		wanted[j] = ids[i]
	}
	answers := s.tenant.find(ctx, wanted, n)
	for _, i := range unknown {
		outcomes[i] = answers[ids[i]]
		if outcomes[i].err == nil {
			s.cache.put(ids[i], outcomes[i].profile)
		}
	}
}

// report tells the span and, where profiles could not be had, the log. Neither gets an id.
func (s *store) report(ctx context.Context, span trace.Span, outcomes []outcome, n *calls) {
	var found, failed int
	var failure error
	for _, o := range outcomes {
		switch {
		case o.err != nil:
			failed++
			failure = o.err
		case o.profile != nil:
			found++
		}
	}
	span.SetAttributes(
		attribute.Int("auth0.profiles.found", found),
		attribute.Int64("auth0.profiles.searches", n.searches.Load()),
		attribute.Int64("auth0.profiles.reads", n.reads.Load()),
	)
	if failure == nil {
		return
	}
	span.SetStatus(codes.Error, reason(failure))
	attrs := []slog.Attr{
		slog.String("reason", reason(failure)), slog.Int("failed", failed), slog.Int("unique", len(outcomes)),
	}
	if id := span.SpanContext().TraceID(); id.IsValid() {
		attrs = append(attrs, slog.String("trace_id", id.String()))
	}
	s.log.LogAttrs(ctx, slog.LevelWarn, "profiles could not be had from Auth0", attrs...)
}

// batch is the loader of one request. All ids of its _entities fields are collected before the
// first profile is waited for, so that they make one batch.
type batch struct {
	loader *dataloader.Loader[string, *graph.Auth0Profile]
	once   sync.Once
	asked  int // written before the batch runs
}

func newBatch(s *store) *batch {
	b := &batch{}
	b.loader = dataloader.NewBatchedLoader(
		func(ctx context.Context, ids []string) []*dataloader.Result[*graph.Auth0Profile] {
			results := make([]*dataloader.Result[*graph.Auth0Profile], len(ids))
			for i, o := range s.load(ctx, ids, b.asked) {
				results[i] = &dataloader.Result[*graph.Auth0Profile]{Data: o.profile, Error: o.err}
			}
			return results
		},
		// The default is a channel of 1000 places per batch.
		dataloader.WithInputCapacity[string, *graph.Auth0Profile](16),
	)
	return b
}

// collect loads the ids that gather returns, once in the life of the batch, and starts asking. It
// doesn't wait for the profiles.
func (b *batch) collect(ctx context.Context, gather func() []string) {
	b.once.Do(func() {
		ids := gather()
		b.asked = len(ids)
		for _, id := range ids {
			b.loader.Load(ctx, id)
		}
		b.loader.Flush()
	})
}

// profile waits for the profile of one id; nil is a user who doesn't exist.
func (b *batch) profile(ctx context.Context, id string) (*graph.Auth0Profile, error) {
	thunk := b.loader.Load(ctx, id)
	b.loader.Flush() // nothing to do where the id was collected
	return thunk()
}

type batchKey struct{}

func withBatch(ctx context.Context, b *batch) context.Context {
	return context.WithValue(ctx, batchKey{}, b)
}

func batchFrom(ctx context.Context) *batch {
	b, ok := ctx.Value(batchKey{}).(*batch)
	if !ok {
		panic("BUG: no batch in the context of an operation")
	}
	return b
}
