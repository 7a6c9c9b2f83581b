package loaders_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// forever is a wait that no test comes to the end of.
const forever = time.Hour

var traceID = trace.TraceID{1}

var reader = loaders.Session{Role: "reader", Variables: map[string]string{"x-hasura-user-id": "1"}}

// sibling is a request of a trace.
type sibling struct {
	*loaders.Loaders
	*loaders.Sibling
}

func newSibling(c *loaders.Coalescer, session loaders.Session, o loaders.Options) sibling {
	s := sibling{loaders.New(session, o), c.Enter(traceID, session)}
	s.Coalesce(s.Sibling)
	return s
}

// end is how a request ends.
func (s sibling) end() {
	s.Leave()
	s.Release()
}

// loadUser is a request for a user under a context of its own.
func (s sibling) loadUser(ctx context.Context, t *testing.T, d *database) error {
	t.Helper()
	defer s.end()
	statement := d.byID()
	keys := statement.NewKeySet()
	if _, err := keys.Add([]byte(`1`)); err != nil {
		t.Error(err)
	}
	thunk := s.Load(ctx, statement, keys)
	s.Flush()
	_, err := thunk()
	return err
}

// sideBySide runs requests at once, to their ends.
func sideBySide(siblings []sibling, request func(i int, s sibling)) {
	var wg sync.WaitGroup
	for i, s := range siblings {
		wg.Go(func() {
			defer s.end()
			request(i, s)
		})
	}
	wg.Wait()
}

func (d *database) byID() *loaders.Statement {
	return loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "id"), d.columns("users", "name"), nil)
}

// TestCoalesce has three siblings, each with a statement of its own that is the same, load at once.
func TestCoalesce(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	c := loaders.NewCoalescer(forever)
	keys := [][]string{{`1`, `2`}, {`3`, `2`, `null`}, {`404`, `1`, `"x"`}}
	want := [][]string{{`"u1";`, `"u2";`}, {`"u3";`, `"u2";`, ``}, {``, `"u1";`, `error: invalid input syntax for type bigint`}}
	var mu sync.Mutex
	var seen []loaders.Observed
	observe := func(o loaders.Observed) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, o)
	}
	siblings := []sibling{}
	for range keys {
		siblings = append(siblings, newSibling(c, reader, loaders.Options{Observe: observe}))
	}
	got := make([][]string, len(keys))
	sideBySide(siblings, func(i int, s sibling) { got[i] = load(t, s.Loaders, d.byID(), keys[i]...) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := d.counter.Count(); n != 1 || len(seen) != 1 {
		t.Fatalf("%d statements, %d batches observed, want 1", n, len(seen))
	}
	if o := seen[0]; o.Requests != 3 || o.Keys != 8 || o.KeysUnique != 4 {
		t.Errorf("observed %+v", o)
	}
}

// TestCoalesceSets has a sibling with several key sets for the statement, which are merged before.
func TestCoalesceSets(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	c := loaders.NewCoalescer(forever)
	one, other := newSibling(c, reader, loaders.Options{}), newSibling(c, reader, loaders.Options{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer one.end()
		s := d.byID()
		a, b := ask(t, one.Loaders, s, `5`, `1`), ask(t, one.Loaders, s, `1`, `4`)
		if diff := cmp.Diff([]string{`"u5";`, `"u1";`, `"u1";`, `"u4";`}, append(wait(t, a, one.Loaders), rows(t, b)...)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	wg.Go(func() {
		defer other.end()
		if diff := cmp.Diff([]string{`"u4";`, `"u9";`}, load(t, other.Loaders, d.byID(), `4`, `9`)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	wg.Wait()
	if n := d.counter.Count(); n != 1 {
		t.Errorf("%d statements, want 1", n)
	}
}

// TestCoalesceLinks looks for all requests at the span of what they share: it is below one of them and links to the other.
func TestCoalesceLinks(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	c := loaders.NewCoalescer(forever)
	var wg sync.WaitGroup
	var requests []trace.SpanID
	for _, s := range []sibling{newSibling(c, reader, loaders.Options{Tracer: tracer}), newSibling(c, reader, loaders.Options{Tracer: tracer})} {
		ctx, request := tracer.Start(t.Context(), "request")
		requests = append(requests, request.SpanContext().SpanID())
		wg.Go(func() {
			if err := s.loadUser(ctx, t, d); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	spans := recorder.Ended()
	if len(spans) != 1 || len(spans[0].Links()) != 1 {
		t.Fatalf("got %d spans, want 1 with a link", len(spans))
	}
	got := []trace.SpanID{spans[0].Parent().SpanID(), spans[0].Links()[0].SpanContext.SpanID()}
	if got[0] == got[1] || !slices.Contains(requests, got[0]) || !slices.Contains(requests, got[1]) {
		t.Errorf("below and linked to %v, want %v", got, requests)
	}
}

// TestCoalesceNot lists what doesn't share statements, and waits for nothing else.
func TestCoalesceNot(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	posts := d.relationship(metadata.ArrayRelationship, "posts", "user_id")
	limited := func(n int64) *loaders.Statement {
		return loaders.NewStatement(posts, d.columns("posts", "id"), &loaders.Query{Limit: &n})
	}
	for _, test := range []struct {
		name       string
		sessions   [2]loaders.Session
		statements [2]*loaders.Statement
	}{
		{name: "another role", sessions: [2]loaders.Session{reader, {Role: "writer", Variables: reader.Variables}}},
		{name: "another session variable", sessions: [2]loaders.Session{reader, {Role: "reader", Variables: map[string]string{"x-hasura-user-id": "2"}}}},
		{name: "a session variable more", sessions: [2]loaders.Session{reader, {Role: "reader", Variables: map[string]string{"x-hasura-user-id": "1", "x-hasura-org": "1"}}}},
		{name: "other columns", sessions: [2]loaders.Session{reader, reader}, statements: [2]*loaders.Statement{d.byID(), loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "id"), d.columns("users", "id"), nil)}},
		{name: "other arguments", sessions: [2]loaders.Session{reader, reader}, statements: [2]*loaders.Statement{limited(1), limited(2)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.counter.Reset()
			c := loaders.NewCoalescer(forever)
			siblings := []sibling{newSibling(c, test.sessions[0], loaders.Options{}), newSibling(c, test.sessions[1], loaders.Options{})}
			sideBySide(siblings, func(i int, s sibling) {
				statement := test.statements[i]
				if statement == nil {
					statement = d.byID()
				}
				load(t, s.Loaders, statement, `1`)
			})
			if n := d.counter.Count(); n != 2 {
				t.Errorf("%d statements, want 2", n)
			}
		})
	}
}

// TestCoalesceAlone: a request without siblings, or whose siblings are further on, waits for nobody.
func TestCoalesceAlone(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	c := loaders.NewCoalescer(forever)
	early := newSibling(c, reader, loaders.Options{})
	load(t, early.Loaders, d.byID(), `1`)
	late := newSibling(c, reader, loaders.Options{})
	load(t, late.Loaders, d.byID(), `1`)
	late.Flush() // a wave without joins
	early.end()
	load(t, late.Loaders, d.byID(), `1`)
	late.end()
	if n := d.counter.Count(); n != 3 {
		t.Errorf("%d statements, want 3", n)
	}
	if s := c.Enter(trace.TraceID{}, reader); s != nil {
		t.Error("a request without a trace has siblings")
	}
}

// TestCoalesceLast: a request has nothing more to share after its last wave, which it shares, and is not waited for any more.
func TestCoalesceLast(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	c := loaders.NewCoalescer(forever)
	short, long := newSibling(c, reader, loaders.Options{}), newSibling(c, reader, loaders.Options{})
	none := newSibling(c, reader, loaders.Options{})
	none.Expect(0)
	short.Expect(1)
	long.Expect(2)
	var wg sync.WaitGroup
	wg.Go(func() { load(t, short.Loaders, d.byID(), `1`) })
	wg.Go(func() {
		load(t, long.Loaders, d.byID(), `1`)
		load(t, long.Loaders, d.byID(), `2`)
	})
	wg.Wait()
	if n := d.counter.Count(); n != 2 {
		t.Errorf("%d statements, want 2", n)
	}
	for _, s := range []sibling{short, long, none} {
		s.end()
	}
}

// TestCoalescePause: nobody waits for a request that waits for something else.
func TestCoalescePause(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	c := loaders.NewCoalescer(forever)
	s, pauses := newSibling(c, reader, loaders.Options{}), newSibling(c, reader, loaders.Options{})
	pauses.Pause()
	load(t, s.Loaders, d.byID(), `1`)
	pauses.Resume()
	var wg sync.WaitGroup
	wg.Go(func() { load(t, s.Loaders, d.byID(), `1`) })
	pauses.Flush() // a wave without joins, which s had
	load(t, pauses.Loaders, d.byID(), `1`)
	wg.Wait()
	if n := d.counter.Count(); n != 2 {
		t.Errorf("%d statements, want 2", n)
	}
	s.end()
	pauses.end()
}

// TestCoalesceLeave: nobody waits any longer for a sibling that ends, nor beyond the time.
func TestCoalesceLeave(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	c := loaders.NewCoalescer(forever)
	s, ends := newSibling(c, reader, loaders.Options{}), newSibling(c, reader, loaders.Options{})
	var wg sync.WaitGroup
	wg.Go(func() { load(t, s.Loaders, d.byID(), `1`) })
	ends.end()
	wg.Wait()
	s.end()

	c = loaders.NewCoalescer(time.Millisecond)
	s, late := newSibling(c, reader, loaders.Options{}), newSibling(c, reader, loaders.Options{})
	load(t, s.Loaders, d.byID(), `1`)
	load(t, late.Loaders, d.byID(), `1`)
	s.end()
	late.end()
	if n := d.counter.Count(); n != 3 {
		t.Errorf("%d statements, want 3", n)
	}
}

// TestCoalesceRefused: keys that Postgres refuses cost the request that has them, however many they are.
func TestCoalesceRefused(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	born := func() *loaders.Statement {
		return loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "born"), d.columns("users", "id"), nil)
	}
	for _, refused := range []int{1, 200} {
		c := loaders.NewCoalescer(forever)
		good, bad := newSibling(c, reader, loaders.Options{}), newSibling(c, reader, loaders.Options{})
		var wg sync.WaitGroup
		wg.Go(func() {
			defer good.end()
			if got := load(t, good.Loaders, born(), `"2000-01-02"`, `"2000-01-03"`); !cmp.Equal(got, []string{"1;", "2;"}) {
				t.Errorf("beside %d: got %q", refused, got)
			}
		})
		wg.Go(func() {
			defer bad.end()
			keys := []string{`"2000-01-04"`}
			for i := range refused {
				keys = append(keys, fmt.Sprintf(`"never%d"`, i))
			}
			a := ask(t, bad.Loaders, born(), keys...)
			bad.Flush()
			result, err := a.thunk()
			if refused > 1 {
				if err == nil || !strings.Contains(err.Error(), "too many keys") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if from, to, err := result.Key(0); err != nil || to-from != 1 {
				t.Errorf("got %d rows, %v", to-from, err)
			}
			var invalid *loaders.InvalidKeyError
			if _, _, err := result.Key(1); !errors.As(err, &invalid) {
				t.Errorf("got %v", err)
			}
		})
		wg.Wait()
	}
}

// TestCoalesceCancel ends one sibling, then all of them, while their statement waits for a lock.
func TestCoalesceCancel(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	for _, both := range []bool{false, true} {
		lock, err := d.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lock.Exec(t.Context(), `lock table users`); err != nil {
			t.Fatal(err)
		}
		c := loaders.NewCoalescer(forever)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		cancels := make([]context.CancelFunc, 2)
		siblings := []sibling{newSibling(c, reader, loaders.Options{}), newSibling(c, reader, loaders.Options{})}
		for i, s := range siblings {
			ctx, cancel := context.WithCancel(t.Context())
			cancels[i] = cancel
			wg.Go(func() { errs[i] = s.loadUser(ctx, t, d) })
		}
		awaitLocked(t, lock)
		cancels[0]()
		if both {
			cancels[1]()
			wg.Wait()
		}
		if err := lock.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		cancels[1]()
		for i, err := range errs {
			if both != errors.Is(err, context.Canceled) || !both && err != nil {
				t.Errorf("both %v, sibling %d: %v", both, i, err)
			}
		}
	}
}

// awaitLocked waits until a statement waits for the lock.
func awaitLocked(t *testing.T, lock pgx.Tx) {
	t.Helper()
	for waiting := 0; waiting == 0; {
		err := lock.QueryRow(t.Context(), `select count(*) from pg_locks where not granted and relation = 'users'::regclass`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCoalesceRandom has many siblings load random keys in waves, with waits so short that some meet and some don't.
func TestCoalesceRandom(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	c := loaders.NewCoalescer(200 * time.Microsecond)
	var wg sync.WaitGroup
	for worker := range 8 {
		random := rand.New(rand.NewPCG(1, uint64(worker)))
		wg.Go(func() {
			for range 200 {
				s := newSibling(c, reader, loaders.Options{})
				for range 1 + random.IntN(3) {
					var keys, want []string
					for range 1 + random.IntN(20) {
						id := 1 + random.IntN(100)
						keys, want = append(keys, fmt.Sprint(id)), append(want, fmt.Sprintf(`"u%d";`, id))
					}
					if got := load(t, s.Loaders, d.byID(), keys...); !cmp.Equal(want, got) {
						t.Errorf("got %q, want %q", got, want)
					}
				}
				s.end()
			}
		})
	}
	wg.Wait()
}

// TestCoalesceRefusedExpression: values that an expression can't be computed for cost the request that has them, however many
// they are, and whichever request comes first.
func TestCoalesceRefusedExpression(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, `select 1`)
	quotient := func() *loaders.Statement { return loaders.NewExpressionStatement(d.expression(`100 / price`, "int4")) }
	var refused []string
	for i := range 300 {
		refused = append(refused, fmt.Sprintf(`0 %d "" {}`, i))
	}
	for range 10 {
		c := loaders.NewCoalescer(forever)
		good, bad := newSibling(c, reader, loaders.Options{}), newSibling(c, reader, loaders.Options{})
		var wg sync.WaitGroup
		wg.Go(func() {
			defer bad.end()
			for _, got := range load(t, bad.Loaders, quotient(), refused...) {
				if !strings.HasPrefix(got, "error: the expression of test.value can't be computed") {
					t.Errorf("got %q", got)
				}
			}
		})
		wg.Go(func() {
			defer good.end()
			if got := load(t, good.Loaders, quotient(), `4 1 "" {}`, `5 1 "" {}`); !cmp.Equal(got, []string{"25;", "20;"}) {
				t.Errorf("got %q", got)
			}
		})
		wg.Wait()
	}
}
