package subgraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/loaders"
)

// executable is the schema as gqlgen's server runs it.
type executable struct {
	subgraph *Schema
	options  Options
	plans    *planCache
	metrics  *limitMetrics
}

var _ graphql.ExecutableSchema = (*executable)(nil)

// Schema is what documents are validated against.
func (e *executable) Schema() *ast.Schema { return e.subgraph.schema }

// Complexity leaves every field at gqlgen's default.
func (e *executable) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec answers an operation that was parsed, validated and given its variables. It is what gqlgen would call; the
// transport goes straight to operation.
func (e *executable) Exec(ctx context.Context) graphql.ResponseHandler {
	answer, errs := e.operation(ctx, graphql.GetOperationContext(ctx))
	return graphql.OneShot(&graphql.Response{Data: bytes.TrimPrefix(answer, []byte(answerHead)), Errors: errs})
}

// execution is one operation under way.
type execution struct {
	*executable
	oc      *graphql.OperationContext
	session *auth.Session
	loaders *loaders.Loaders
	data    []byte // from start on; before it is answerHead
	start   int
	errors  gqlerror.List
	answers []answer // by place of the root field
	results []*entities.Result
	trace   *federatedTrace // nil unless a router asks for it

	statements []*loaders.DatabaseError // that are in the log
	late       bool                     // the request's time was up

	explanation *explanation // nil where nobody asked for one
	extended    bool         // the answer has extensions

	calls    atomic.Int64 // of actions that give fields
	once     sync.Once
	parallel chan struct{} // those under way
}

// operation answers an operation: answerHead and the data, or empty where there is none.
func (e *executable) operation(ctx context.Context, oc *graphql.OperationContext) (answer []byte, errs gqlerror.List) {
	ctx, span, end := e.span(ctx, oc)
	defer end()
	session := auth.FromContext(ctx)
	x := &execution{executable: e, oc: oc, session: session}
	options := e.options.Loaders
	r := requestFrom(ctx)
	if r != nil && r.explain != "" {
		x.explanation = newExplanation(session.Role, span, r.explain)
		options = x.explanation.observe(options)
	}
	x.loaders = loaders.New(loaders.Session{Role: session.Role, Variables: session.Variables}, options)
	r.coalesce(x.loaders, oc.Operation.Operation)
	x.data = append(r.answer(), answerHead...)
	x.start = len(x.data)
	x.trace = newFederatedTrace(r)
	x.run(ctx)
	if x.trace != nil {
		x.trace.appendExtension(x)
	}
	for _, result := range x.results {
		result.Release()
	}
	x.loaders.Release()
	if span.IsRecording() {
		describe(span, oc, x.errors)
	}
	if x.explanation != nil && r.watched != "" {
		e.options.JoinPlans.keep(r.watched, x.explanation.finish())
	}
	if len(x.data) == x.start {
		return nil, x.errors
	}
	if x.explanation != nil && r.watched == "" {
		x.extend("joinPlan", x.explanation.finish())
	}
	return x.data, x.errors
}

// extend adds a member to the answer's extensions, behind the data.
func (x *execution) extend(name string, value []byte) {
	if x.extended {
		x.data[len(x.data)-1] = ','
	} else {
		x.data = append(x.data, `,"extensions":{`...)
	}
	x.extended = true
	x.data, _ = jsontext.AppendQuote(x.data, name)
	x.data = append(append(append(x.data, ':'), value...), '}')
}

// span is that of the request, which has one operation, where somebody records it; a span more would say nothing more,
// and is a third of what tracing a small request costs. Else it is one of the operation's own, named by OpenTelemetry's
// rule for GraphQL servers (semantic conventions, GraphQL server spans): by its type, not its name.
func (e *executable) span(ctx context.Context, oc *graphql.OperationContext) (context.Context, trace.Span, func()) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() || e.options.Tracer == nil {
		return ctx, span, func() {}
	}
	ctx, span := e.options.Tracer.Start(ctx, string(oc.Operation.Operation))
	return ctx, span, func() { span.End() }
}

func describe(span trace.Span, oc *graphql.OperationContext, errs gqlerror.List) {
	attrs := []attribute.KeyValue{semconv.GraphQLOperationTypeKey.String(string(oc.Operation.Operation))}
	if oc.Operation.Name != "" {
		attrs = append(attrs, semconv.GraphQLOperationName(oc.Operation.Name))
	}
	span.SetAttributes(attrs...)
	if len(errs) > 0 {
		span.SetStatus(codes.Error, "the answer has errors")
	}
}

// run answers the root fields: those of a query side by side, with shared waves; those of a mutation one after the
// other, each with all its waves (GraphQL, section 6.2.2).
func (x *execution) run(ctx context.Context) {
	p, err := x.plans.get(x.oc.Doc, x.oc.Operation, x.subgraph.model.Role(x.session.Role), x.oc.Variables)
	if err == nil {
		err = p.cost.check(x.oc.Variables, &x.options.Limits)
	}
	if err != nil {
		x.fail(ctx, nil, err)
		return
	}
	if x.trace != nil {
		x.trace.plan = p
	}
	requestFrom(ctx).setCacheControl(p.cacheControl)
	x.answers = make([]answer, len(p.fields))
	if x.oc.Operation.Operation != ast.Mutation {
		x.answer(ctx, p.fields, p.shared)
	}
	x.data = append(x.data, '{')
	for i, f := range p.fields {
		if x.oc.Operation.Operation == ast.Mutation {
			x.answer(ctx, p.fields[i:i+1], f.plan)
		}
		if i > 0 {
			x.data = append(x.data, ',')
		}
		x.data = append(x.data, f.prefix...)
		if !x.write(ctx, p, f, &x.answers[i]) {
			x.data = append(x.data[:x.start], "null"...)
			return
		}
	}
	x.data = append(x.data, '}')
}

// answer is what a root field starts from, and the run that joins its objects.
type answer struct {
	input  entities.Input
	result *entities.Result // nil where the field has no objects
}

// answer gets the inputs of some root fields side by side, then loads all their relationships.
func (x *execution) answer(ctx context.Context, fields []*rootField, p *plan) {
	if x.trace != nil {
		defer x.trace.answering(fields)()
	}
	if x.explanation != nil {
		p = x.explanation.add(fields, p, x.oc.Variables)
	}
	x.call(ctx, fields)
	for _, f := range fields {
		input := &x.answers[f.place].input
		switch f.kind {
		case entitiesRoot:
			input.JSON, input.Err = argument(f.Field, "representations", x.oc.Variables)
		case tableRoot:
			input.JSON, input.Err = appendArguments(nil, f.Field, x.oc.Variables)
		}
	}
	if p == nil {
		return
	}
	inputs := make([]entities.Input, len(p.fields))
	for i, f := range p.fields {
		inputs[i] = x.answers[f.place].input
	}
	result := p.Run(ctx, x.loaders, x, inputs, x.oc.Variables)
	x.results = append(x.results, result)
	for _, f := range p.fields {
		x.answers[f.place].result = result
	}
}

// call calls the handlers of the actions among some root fields at once.
func (x *execution) call(ctx context.Context, fields []*rootField) {
	var calls []*rootField
	for _, f := range fields {
		if f.kind != actionRoot {
			continue
		}
		if x.answers[f.place].input.Err = f.denied; f.denied == nil {
			calls = append(calls, f)
		}
	}
	if len(calls) == 0 {
		return
	}
	x.loaders.Pause()
	defer x.loaders.Resume()
	switch len(calls) {
	case 1:
		x.answers[calls[0].place].input = x.callOne(ctx, calls[0])
	default:
		x.callAll(ctx, calls)
	}
}

func (x *execution) callAll(ctx context.Context, calls []*rootField) {
	var wg sync.WaitGroup
	for _, f := range calls {
		wg.Go(func() { x.answers[f.place].input = x.callOne(ctx, f) })
	}
	wg.Wait()
}

func (x *execution) callOne(ctx context.Context, f *rootField) entities.Input {
	arguments, err := appendArguments(nil, f.Field, x.oc.Variables)
	if err != nil {
		return entities.Input{Err: err}
	}
	run := x.explanation.calls(f)
	output := x.callAction(ctx, f.action.Name, arguments, run.observe(0))
	run.end(output)
	return output
}

// write renders a root field. It is false where the field may not be null, but is.
func (x *execution) write(ctx context.Context, p *operationPlan, f *rootField, a *answer) bool {
	switch f.kind {
	case typenameRoot:
		x.data, _ = jsontext.AppendQuote(x.data, p.typeName)
		return true
	case serviceRoot:
		x.data = x.service(x.data, f)
		return true
	case introspectionRoot:
		return x.introspect(ctx, f)
	}
	if a.result == nil {
		return x.writeScalar(ctx, p.typeName, f, a.input)
	}
	data, errs, ok := a.result.Append(x.data, f.root, f.path)
	x.data = data
	for _, e := range errs {
		x.fail(ctx, e.Path, e.Err)
	}
	return ok
}

// writeScalar renders the output of an action that is no object.
func (x *execution) writeScalar(ctx context.Context, typeName string, f *rootField, in entities.Input) bool {
	err := in.Err
	switch {
	case err != nil:
	case !jsontext.Value(in.JSON).IsValid():
		err = fmt.Errorf("invalid JSON from action %q", f.action.Name)
	case f.action.Output.NonNull && jsontext.Value(in.JSON).Kind() == 'n':
		err = &entities.NullError{Type: typeName, Field: f.Name}
	default:
		x.data = append(x.data, in.JSON...)
		return true
	}
	x.fail(ctx, f.path, err)
	x.data = append(x.data, "null"...)
	return !f.action.Output.NonNull
}

func (x *execution) fail(ctx context.Context, path entities.Path, err error) {
	message, extensions := wording(err)
	if limit := exceeded(err); limit != "" {
		x.metrics.count(ctx, limit)
	}
	if isTimeUp(ctx, err) {
		message, extensions = context.Cause(ctx).Error(), code(CodeTimeLimitExceeded)
		if !x.late {
			x.metrics.count(ctx, "timeout")
		}
		x.late = true
	}
	x.errors = append(x.errors, &gqlerror.Error{Message: message, Path: astPath(path), Extensions: extensions})
	if isHidden(err) && ctx.Err() == nil && !x.logged(err) { // a client that is gone is no fault
		x.options.Log.ErrorContext(ctx, "request failed", "path", astPath(path).String(), "error", err)
	}
}

// logged notes an error of a statement, and reports whether it was noted before: all places that need the statement
// show it.
func (x *execution) logged(err error) bool {
	var statement *loaders.DatabaseError
	if !errors.As(err, &statement) {
		return false
	}
	if slices.Contains(x.statements, statement) {
		return true
	}
	x.statements = append(x.statements, statement)
	return false
}

// service answers _service, also where introspection is off (subgraph specification, "Fetch service capabilities").
func (x *execution) service(dst []byte, f *rootField) []byte {
	c := &collector{schema: x.subgraph, variables: x.oc.Variables}
	dst = append(dst, '{')
	for i, sub := range c.fields("_Service", f.sets...) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, _ = jsontext.AppendQuote(dst, sub.Alias)
		dst = append(dst, ':')
		value := x.subgraph.sdl
		if sub.Name == "__typename" {
			value = "_Service"
		}
		dst, _ = jsontext.AppendQuote(dst, value)
	}
	return append(dst, '}')
}

// introspect answers __schema and __type.
func (x *execution) introspect(ctx context.Context, f *rootField) bool {
	if x.oc.DisableIntrospection || slices.Contains(x.subgraph.introspectionDisabledFor, x.session.Role) {
		x.errors = append(x.errors, &gqlerror.Error{
			Message: "introspection is disabled", Path: ast.Path{ast.PathName(f.Alias)}, Extensions: code(CodeIntrospectionDisabled),
		})
		x.data = append(x.data, "null"...)
		return f.Name == "__type"
	}
	i := &introspector{collector: collector{schema: x.subgraph, variables: x.oc.Variables}}
	text, err := json.Marshal(i.root(f))
	if err != nil {
		x.fail(ctx, f.path, err)
		text = []byte("null")
	}
	x.data = append(x.data, text...)
	return true
}
