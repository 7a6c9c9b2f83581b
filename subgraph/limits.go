package subgraph

import (
	"context"
	"fmt"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// Limits bound what one request may cost. Zero means the default of DefaultLimits; there is no way to turn a limit off
// but a large number.
type Limits struct {
	BodyBytes       int64 // of a request's body, also after decompression
	Tokens          int   // of a document
	Depth           int   // of fields that have fields of their own, within each other
	Aliases         int   // of an operation, fragments expanded
	RootFields      int   // of an operation: each may call a handler
	Fields          int   // that a document selects, fragments expanded
	Complexity      int   // objects that an operation is sure not to exceed, see ListSize
	ListSize        int   // objects that a list without a limit counts as
	Representations int   // of each _entities
	Calls           int   // of actions that give fields, of an operation
	Values          int   // of a request's variables, but not of lists of representations

	Timeout      time.Duration // from a request's last byte to its answer
	Concurrent   int           // requests that are executed at once
	Queued       int           // that wait for that
	QueueTimeout time.Duration // how long they wait
}

// DefaultLimits are far above what clients and routers send, and low enough that no request within them takes more than
// a few milliseconds of Joinery's own time.
var DefaultLimits = Limits{
	BodyBytes:       4 << 20,
	Tokens:          15_000,
	Depth:           30,
	Aliases:         500,
	RootFields:      100,
	Fields:          15_000,
	Complexity:      100_000,
	ListSize:        10,
	Representations: 50_000,
	Calls:           1_000,
	Values:          200_000,
	Timeout:         60 * time.Second,
	Concurrent:      1_000,
	Queued:          1_000,
	QueueTimeout:    5 * time.Second,
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	orDefault(&l.BodyBytes, d.BodyBytes)
	orDefault(&l.Tokens, d.Tokens)
	orDefault(&l.Depth, d.Depth)
	orDefault(&l.Aliases, d.Aliases)
	orDefault(&l.RootFields, d.RootFields)
	orDefault(&l.Fields, d.Fields)
	orDefault(&l.Complexity, d.Complexity)
	orDefault(&l.ListSize, d.ListSize)
	orDefault(&l.Representations, d.Representations)
	orDefault(&l.Calls, d.Calls)
	orDefault(&l.Values, d.Values)
	orDefault(&l.Timeout, d.Timeout)
	orDefault(&l.Concurrent, d.Concurrent)
	orDefault(&l.Queued, d.Queued)
	orDefault(&l.QueueTimeout, d.QueueTimeout)
	return l
}

func orDefault[N int | int64 | time.Duration](n *N, def N) {
	if *n <= 0 {
		*n = def
	}
}

// timeUp is the cause of a context whose request took too long.
type timeUp struct{ after time.Duration }

func (t *timeUp) Error() string { return fmt.Sprintf("request took longer than %v", t.after) }

// limitError says that a request asks for too much. Its text is meant for the client.
type limitError struct {
	limit  string // a name of the metric's
	reason string
}

func (e *limitError) Error() string { return e.reason }

func tooMany(limit, reason string, limitIs int) *limitError {
	return &limitError{limit: limit, reason: fmt.Sprintf(reason, limitIs)}
}

// check measures each operation of a document, before anything else is done with it. It takes time in proportion to
// the document, however often its fragments are spread.
func (l *Limits) check(doc *ast.QueryDocument) error {
	m := measurer{doc: doc, fragments: map[string]*size{}, max: l.Fields}
	for _, f := range doc.Fragments {
		m.fragment(&ast.FragmentSpread{Name: f.Name})
	}
	if m.cycle != nil {
		return &cycleError{m.cycle}
	}
	total := 0
	for _, op := range doc.Operations {
		s := m.selections(op.SelectionSet)
		total += s.fields
		switch {
		case total > l.Fields:
			return tooMany("fields", "operation selects more than %d fields", l.Fields)
		case s.depth > l.Depth:
			return tooMany("depth", "operation is nested deeper than %d", l.Depth)
		case s.aliases > l.Aliases:
			return tooMany("aliases", "operation has more than %d aliases", l.Aliases)
		case s.width > l.RootFields:
			return tooMany("root_fields", "operation has more than %d root fields", l.RootFields)
		}
	}
	if m.deepValue {
		return tooMany("depth", "a value is nested deeper than %d", maxValueDepth)
	}
	return nil
}

// cycleError says that a fragment leads to itself, which gqlparser finds, too, but one of its rules tries all ways through
// such fragments.
type cycleError struct{ spread *ast.FragmentSpread }

func (e *cycleError) Error() string {
	return fmt.Sprintf("Cannot spread fragment %q within itself.", e.spread.Name)
}

// maxValueDepth bounds literals. What reads them works with their text at each level.
const maxValueDepth = 100

// size is what selections amount to, fragments expanded.
type size struct {
	fields  int // up to a little above the measurer's max
	width   int // fields at the top
	aliases int
	depth   int
}

// measurer measures each fragment once.
type measurer struct {
	doc       *ast.QueryDocument
	fragments map[string]*size // nil while the fragment is being measured
	max       int
	deepValue bool                // one was seen
	cycle     *ast.FragmentSpread // within the fragment that it spreads
}

func (m *measurer) selections(set ast.SelectionSet) (out size) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			out.add(m.field(s), m.max)
		case *ast.InlineFragment:
			out.add(m.selections(s.SelectionSet), m.max)
		case *ast.FragmentSpread:
			if f := m.fragment(s); f != nil {
				out.add(*f, m.max)
			}
		}
	}
	return out
}

func (m *measurer) field(f *ast.Field) size {
	out := m.selections(f.SelectionSet)
	if len(f.SelectionSet) > 0 {
		out.depth++
	}
	if f.Alias != f.Name {
		out.aliases++
	}
	for _, a := range f.Arguments {
		m.deepValue = m.deepValue || deeper(a.Value, maxValueDepth)
	}
	out.fields++
	out.width = 1
	return out
}

// deeper reports whether a value nests deeper than levels.
func deeper(v *ast.Value, levels int) bool {
	for _, c := range v.Children {
		if levels == 0 || deeper(c.Value, levels-1) {
			return true
		}
	}
	return false
}

func (m *measurer) fragment(spread *ast.FragmentSpread) *size {
	name := spread.Name
	known, ok := m.fragments[name]
	if ok && known == nil {
		m.cycle = spread
	}
	if ok {
		return known
	}
	f := m.doc.Fragments.ForName(name)
	if f == nil { // validation tells
		return nil
	}
	m.fragments[name] = nil
	s := m.selections(f.SelectionSet)
	m.fragments[name] = &s
	return &s
}

// add adds what stands beside. Fragments that spread the next one twice double, so it stops above the limit.
func (s *size) add(other size, limit int) {
	s.fields = min(s.fields+other.fields, limit+1)
	s.width = min(s.width+other.width, limit+1)
	s.aliases = min(s.aliases+other.aliases, limit+1)
	s.depth = max(s.depth, other.depth)
}

// limitMetrics count requests that a limit refused.
type limitMetrics struct {
	exceeded metric.Int64Counter
}

func newLimitMetrics(meter metric.Meter) *limitMetrics {
	if meter == nil {
		meter = noop.Meter{}
	}
	// The instrument's name is a constant, so making it can't fail.
	exceeded, _ := meter.Int64Counter("joinery.limit.exceeded", metric.WithUnit("{request}"), metric.WithDescription("Requests that a limit refused."))
	return &limitMetrics{exceeded: exceeded}
}

func (m *limitMetrics) count(ctx context.Context, limit string) {
	m.exceeded.Add(ctx, 1, metric.WithAttributes(attribute.String("joinery.limit", limit)))
}
