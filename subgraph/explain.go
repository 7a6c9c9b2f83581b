package subgraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/remotes"
)

// ExplainHeader has the admin's answers tell how they came about, in extensions.joinPlan: "plan" what was planned,
// "analyze" also what was sent and what came back, with Postgres' own EXPLAIN.
const ExplainHeader = "X-Joinery-Explain"

// explainMode is the value of [ExplainHeader]; "" where nobody asks.
type explainMode string

const (
	explainPlan    explainMode = "plan"
	explainAnalyze explainMode = "analyze"
)

func explainOf(r *http.Request) (explainMode, error) {
	values := r.Header[ExplainHeader]
	if len(values) == 0 {
		return "", nil
	}
	switch mode := explainMode(values[0]); mode {
	case explainPlan, explainAnalyze:
		return mode, nil
	}
	return "", errors.New(`invalid header x-joinery-explain: want "plan" or "analyze"`)
}

// JoinPlan is how an operation is answered: its waves, in the order in which they run. Those of a mutation are its root
// fields' one after the other. Times are in milliseconds.
type JoinPlan struct {
	Role       string  `json:"role"`
	TraceID    string  `json:"traceId,omitempty"`
	DurationMs float64 `json:"durationMs,omitempty"`
	Waves      []*Wave `json:"waves"`
	// Errors are why fields never have a value, in whatever rows: the role may not have them, or a representation doesn't
	// resolve them.
	Errors []PlannedError `json:"errors,omitempty"`
}

// PlannedError is why a field never has a value.
type PlannedError struct {
	Position string `json:"position"` // the response keys, with dots between
	Message  string `json:"message"`
}

// Wave is what runs side by side: at depth 0 the actions, then the joins, expressions, actions of fields and remote
// relationships of each depth.
type Wave struct {
	Depth   int              `json:"depth"`
	Actions []*PlannedAction `json:"actions"`
	Loads   []*PlannedLoad   `json:"loads"`
	Remotes []*PlannedRemote `json:"remotes,omitempty"`
}

// PlannedAction is a call of an action's handler, or the calls of one that gives a field, for all places that need it.
type PlannedAction struct {
	Name      string        `json:"name"`
	Path      entities.Path `json:"path,omitempty"`      // of the root field
	Positions []string      `json:"positions,omitempty"` // of a field that it gives, as a load's
	*ActionRun
}

// ActionRun is what became of the calls. All is zero where there were no objects: nothing was called then.
type ActionRun struct {
	Calls             int     `json:"calls"`           // of a field, one for all objects of the same arguments, or one for a batch; too many aren't made
	Failed            int     `json:"failed"`          // of the calls
	Error             string  `json:"error,omitempty"` // of the first that failed, as clients get it
	DurationMs        float64 `json:"durationMs"`      // of all
	*actions.Exchange         // of the first; nil where it wasn't sent
}

// PlannedLoad is what one statement gives, for all places that need it. It is sent once for each part of the keys.
type PlannedLoad struct {
	Relationship string            `json:"relationship"`
	Type         entities.LoadKind `json:"type"`
	Positions    []string          `json:"positions"` // the response keys from the root field on, with dots between
	Source       string            `json:"source"`
	Table        string            `json:"table,omitempty"` // none is read by an expression
	Index        string            `json:"index,omitempty"` // one that serves the keys' comparison; Postgres may choose another
	SQL          string            `json:"sql,omitempty"`
	Error        string            `json:"error,omitempty"` // why there is no statement
	*LoadRun
}

// LoadRun is what became of a load. All is zero where it had no keys: nothing was sent then.
type LoadRun struct {
	Keys         int             `json:"keys"` // asked for, with duplicates
	KeysUnique   int             `json:"keysUnique"`
	Rows         int             `json:"rows"`
	Statements   int             `json:"statements"`
	DurationMs   float64         `json:"durationMs"`
	Explain      json.RawMessage `json:"explain,omitempty"` // Postgres' EXPLAIN of the first statement, with its parameters' values
	ExplainError string          `json:"explainError,omitempty"`
}

// PlannedRemote is a remote relationship with one selection, for all places that need it. Those of one remote schema share the
// wave's request.
type PlannedRemote struct {
	RemoteSchema string   `json:"remoteSchema"`
	Positions    []string `json:"positions"` // as a load's
	*RemoteRun
}

// RemoteRun is what became of a remote relationship. All is zero where it had no keys: nothing was sent then.
type RemoteRun struct {
	Keys       int     `json:"keys"`       // different ones, which are all that is sent
	DurationMs float64 `json:"durationMs"` // until all remote schemas of the wave had answered
}

// explanation makes the join plan of an operation. A nil one does nothing.
type explanation struct {
	plan    JoinPlan
	analyze bool
	start   time.Time
	actions map[any]*ActionRun // by root field, or by the ID of a field's calls

	mu      sync.Mutex
	loads   map[*loaders.Statement]*LoadRun
	remotes map[any]*RemoteRun // by selection
}

func newExplanation(role string, span trace.Span, mode explainMode) *explanation {
	e := &explanation{
		plan: JoinPlan{Role: role, Waves: []*Wave{}}, analyze: mode == explainAnalyze, start: time.Now(),
		actions: map[any]*ActionRun{}, loads: map[*loaders.Statement]*LoadRun{}, remotes: map[any]*RemoteRun{},
	}
	if id := span.SpanContext().TraceID(); id.IsValid() {
		e.plan.TraceID = id.String()
	}
	return e
}

// add tells of some root fields that are answered together, and returns a plan that does as theirs and is known here by
// its statements.
func (e *explanation) add(fields []*rootField, p *plan, variables map[string]any) *plan {
	calls := newWave(0)
	for _, f := range fields {
		switch {
		case f.kind != actionRoot:
		case f.denied != nil:
			e.fail(f.path, f.denied)
		default:
			calls.Actions = append(calls.Actions, &PlannedAction{Name: f.action.Name, Path: f.path, ActionRun: e.run(f)})
		}
	}
	e.wave(calls)
	if p == nil {
		return nil
	}
	bound := &plan{Plan: p.Bind(variables), fields: p.fields}
	waves, failed := bound.Explain(rootPaths(p.fields))
	for _, f := range failed {
		e.fail(f.Position, f.Err)
	}
	for depth, loads := range waves {
		wave := newWave(depth + 1)
		for _, l := range loads {
			switch {
			case l.Remote != nil:
				wave.Remotes = append(wave.Remotes, e.remote(l))
			case l.Action != "":
				wave.Actions = append(wave.Actions, &PlannedAction{Name: l.Action, Positions: positions(l), ActionRun: e.run(l.ID)})
			default:
				wave.Loads = append(wave.Loads, e.load(l))
			}
		}
		e.wave(wave)
	}
	return bound
}

func (e *explanation) fail(path entities.Path, err error) {
	message, _ := wording(err)
	e.plan.Errors = append(e.plan.Errors, PlannedError{dotted(path), message})
}

func newWave(depth int) *Wave {
	return &Wave{Depth: depth, Actions: []*PlannedAction{}, Loads: []*PlannedLoad{}}
}

func (e *explanation) wave(w *Wave) {
	if len(w.Actions)+len(w.Loads)+len(w.Remotes) > 0 {
		e.plan.Waves = append(e.plan.Waves, w)
	}
}

// rootPaths are where the objects of root fields stand in the answer. A field of a table is within its root's object.
func rootPaths(fields []*rootField) []entities.Path {
	paths := make([]entities.Path, len(fields))
	for i, f := range fields {
		if f.kind != tableRoot {
			paths[i] = f.path
		}
	}
	return paths
}

func (e *explanation) load(l *entities.ExplainedLoad) *PlannedLoad {
	r := l.Relationship
	out := &PlannedLoad{Relationship: r.Name, Type: l.Kind, Positions: positions(l), Source: r.Source.Name}
	if r.Table != nil {
		out.describe(r)
	}
	if l.Err != nil {
		out.Error, _ = wording(l.Err)
		return out
	}
	out.SQL = l.Statement.SQL()
	if e.analyze {
		out.LoadRun = &LoadRun{}
		e.loads[l.Statement] = out.LoadRun
	}
	return out
}

func (l *PlannedLoad) describe(r *loaders.Relationship) {
	l.Table = r.Table.Name.String()
	if index := r.Index(); index != nil {
		l.Index = index.Name
	}
}

func (e *explanation) remote(l *entities.ExplainedLoad) *PlannedRemote {
	r, _ := l.Remote.(*remotes.Relationship)
	out := &PlannedRemote{RemoteSchema: r.RemoteSchema(), Positions: positions(l)}
	if e.analyze {
		out.RemoteRun = &RemoteRun{}
		e.remotes[l.Selection] = out.RemoteRun
	}
	return out
}

// followed tells what became of remote relationships.
func (e *explanation) followed(calls []*entities.RemoteCall, took time.Duration) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range calls {
		if run := e.remotes[c.Selection]; run != nil {
			*run = RemoteRun{Keys: len(c.Inputs), DurationMs: milliseconds(took)}
		}
	}
}

func positions(l *entities.ExplainedLoad) []string {
	out := []string{}
	for _, p := range l.Positions {
		out = append(out, dotted(p))
	}
	return out
}

func dotted(p entities.Path) string {
	keys := make([]string, len(p))
	for i, key := range p {
		keys[i] = fmt.Sprint(key)
	}
	return strings.Join(keys, ".")
}

// observe has the loaders tell what becomes of each load.
func (e *explanation) observe(o loaders.Options) loaders.Options {
	if !e.analyze {
		return o
	}
	next := o.Observe
	o.Explain = true
	o.Observe = func(seen loaders.Observed) {
		e.loaded(seen)
		if next != nil {
			next(seen)
		}
	}
	return o
}

func (e *explanation) loaded(seen loaders.Observed) {
	e.mu.Lock()
	defer e.mu.Unlock()
	run := e.loads[seen.Statement]
	if run == nil {
		return // no join of the plan's
	}
	*run = LoadRun{
		Keys: seen.Keys, KeysUnique: seen.KeysUnique, Rows: seen.Rows, Statements: seen.Statements, DurationMs: milliseconds(seen.Duration), Explain: seen.Plan,
	}
	if seen.PlanErr != nil {
		run.ExplainError = seen.PlanErr.Error()
	}
}

// run is where it is told what becomes of an action's calls; nil where nobody wants to know.
func (e *explanation) run(id any) *ActionRun {
	if !e.analyze {
		return nil
	}
	e.actions[id] = &ActionRun{}
	return e.actions[id]
}

// calls begins to watch an action's calls. A nil explanation watches nothing, and nil is what it returns.
func (e *explanation) calls(id any) *watchedCalls {
	if e == nil || !e.analyze {
		return nil
	}
	return &watchedCalls{e.actions[id], time.Now()}
}

// watchedCalls are an action's calls under way. A nil one does nothing.
type watchedCalls struct {
	run   *ActionRun
	start time.Time
}

// observe has a call, if it is the first, tell what it sent and what came back.
func (c *watchedCalls) observe(number int) func(actions.Exchange) {
	if c == nil || number > 0 {
		return nil
	}
	return func(x actions.Exchange) { c.run.Exchange = &x }
}

// end tells what the calls gave.
func (c *watchedCalls) end(outputs ...entities.Input) {
	if c == nil {
		return
	}
	c.run.Calls, c.run.DurationMs = len(outputs), milliseconds(time.Since(c.start))
	for _, o := range outputs {
		if o.Err == nil {
			continue
		}
		if c.run.Failed++; c.run.Failed == 1 {
			c.run.Error, _ = wording(o.Err)
		}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// finish is the join plan as JSON.
func (e *explanation) finish() []byte {
	if e.analyze {
		e.plan.DurationMs = milliseconds(time.Since(e.start))
	}
	text, err := json.Marshal(&e.plan)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return text
}

// Explain tells how an operation of the session would be answered. Nothing is run; body is that of a GraphQL request. The
// errors are those that the request would get before anything is run.
func (h *Handler) Explain(ctx context.Context, session *auth.Session, body []byte) (*JoinPlan, gqlerror.List) {
	ctx = withRequest(graphql.StartOperationTrace(auth.NewContext(ctx, session)), &request{http: &http.Request{}})
	params := &graphql.RawParams{}
	if err := new(buffers).decodeParams(body, params); err != nil {
		return nil, gqlerror.List{{Message: err.Error(), Extensions: code(CodeBadRequest)}}
	}
	oc, errs := h.post.exec.CreateOperationContext(ctx, params)
	if errs != nil {
		return nil, h.post.exec.DispatchError(graphql.WithOperationContext(ctx, oc), errs).Errors
	}
	schema := h.post.schema
	p, err := schema.plans.get(oc.Doc, oc.Operation, schema.subgraph.model.Role(session.Role), oc.Variables)
	if err == nil {
		err = p.cost.check(oc.Variables, &h.options.Limits)
	}
	if err != nil {
		message, extensions := wording(err)
		return nil, gqlerror.List{{Message: message, Extensions: extensions}}
	}
	e := newExplanation(session.Role, trace.SpanFromContext(ctx), explainPlan)
	if oc.Operation.Operation != ast.Mutation {
		e.add(p.fields, p.shared, oc.Variables)
		return &e.plan, nil
	}
	for i, f := range p.fields {
		e.add(p.fields[i:i+1], f.plan, oc.Variables)
	}
	return &e.plan, nil
}

// Answer answers the body of a GraphQL request whose caller is known, with its join plan.
func (h *Handler) Answer(ctx context.Context, session *auth.Session, body []byte) []byte {
	header := http.Header{"Content-Type": {jsonType}}
	r := (&http.Request{Method: http.MethodPost, Header: header, Body: io.NopCloser(bytes.NewReader(body)), URL: &url.URL{}}).WithContext(ctx)
	w := &answerWriter{header: http.Header{}}
	h.post.do(auth.NewContext(ctx, session), session, explainAnalyze, w, r)
	return w.body
}

// answerWriter keeps an answer.
type answerWriter struct {
	header http.Header
	body   []byte
}

func (w *answerWriter) Header() http.Header { return w.header }
func (w *answerWriter) WriteHeader(int)     {}

func (w *answerWriter) Write(p []byte) (int, error) {
	w.body = append(w.body, p...)
	return len(p), nil
}
