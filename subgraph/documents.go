package subgraph

import (
	"context"
	"errors"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/metadata"
)

const (
	maxDocuments     = 1_000   // that are kept parsed and planned
	maxDocumentBytes = 1 << 20 // of their text together; parsed it takes up to a hundred times as much memory
	maxPersisted     = 1_000   // texts of persisted documents
	maxPersistedText = 4 << 20 // bytes of them together
)

// document is what is known of a text.
type document struct {
	parsed *ast.QueryDocument // nil until it was found valid
	lists  map[string]bool    // the variables that are lists of _Any in every operation
	texts  map[string]bool    // those that are lists of a scalar whose values strings are
	orders bool               // it may have variables the order of whose members counts
	choice bool               // it has several operations, all of which have names

	allowed []metadata.AllowedCollection // that hold it; nil where there is no allow-list
	sizes   map[string]operationSize     // by operation; nil where roles have no limits
}

// documents keeps documents that were found valid. Before a new one is validated, it holds it to the limits: some of
// validation takes more time than in proportion to the document.
type documents struct {
	cache   *weighted[string, *document]
	schema  *ast.Schema
	limits  *Limits
	access  *access
	metrics *limitMetrics
}

var (
	_ graphql.OperationParameterMutator = (*documents)(nil)
	_ graphql.OperationContextMutator   = (*documents)(nil)
	_ graphql.Cache[*ast.QueryDocument] = (*documents)(nil)
)

func newDocuments(s *ast.Schema, l *Limits, a *access, m *limitMetrics) *documents {
	return &documents{schema: s, cache: newWeighted[string, *document](maxDocuments, maxDocumentBytes), limits: l, access: a, metrics: m}
}

// ExtensionName implements gqlgen's graphql.HandlerExtension.
func (*documents) ExtensionName() string { return "Documents" }

// Validate implements gqlgen's graphql.HandlerExtension.
func (*documents) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters looks the document up, for all of the request, or checks it. A new one is parsed twice: gqlgen
// takes no document that isn't valid yet.
func (d *documents) MutateOperationParameters(ctx context.Context, p *graphql.RawParams) *gqlerror.Error {
	r := requestFrom(ctx)
	if known, ok := d.cache.get(p.Query); ok {
		r.document = known
		return d.admit(ctx, known, p.OperationName)
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: p.Query}, d.limits.Tokens)
	if err != nil {
		return d.parseError(ctx, err)
	}
	if err := d.limits.check(parsed); err != nil {
		return d.refuse(ctx, err)
	}
	r.document = &document{
		lists: listVariables(parsed, func(element string) bool { return element == "_Any" }), texts: listVariables(parsed, d.takesStrings),
		orders: strings.Contains(p.Query, orderSuffix), choice: len(parsed.Operations) > 1 && parsed.Operations.ForName("") == nil,
	}
	if d.access.list != nil {
		r.document.allowed = d.access.list[normalise(parsed)]
	}
	return d.admit(ctx, r.document, p.OperationName)
}

// admit refuses a document that isn't in the allow-list for the caller, or whose operation isn't chosen. The admin may ask for
// all, as in Hasura.
func (d *documents) admit(ctx context.Context, known *document, operation string) *gqlerror.Error {
	if d.access.list != nil {
		if session := auth.FromContext(ctx); !session.IsAdmin() && !allows(known.allowed, session.Role) {
			return &gqlerror.Error{Message: "query is not allowed", Extensions: code(CodeNotAllowed)}
		}
	}
	if operation == "" && known.choice {
		return &gqlerror.Error{Message: "missing operationName: the document has several operations", Extensions: code(CodeValidationFailed)}
	}
	return nil
}

// MutateOperationContext holds the operation to Hasura's limits of the caller's role.
func (d *documents) MutateOperationContext(ctx context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	if d.access.limits == nil {
		return nil
	}
	session := auth.FromContext(ctx)
	if session.IsAdmin() {
		return nil
	}
	if err := checkSize(d.access.limits, session.Role, requestFrom(ctx).document.sizes[oc.Operation.Name]); err != nil {
		return d.refuse(ctx, err)
	}
	return nil
}

// takesStrings reports whether every string is a value of a type: of String and ID, and of custom scalars.
func (d *documents) takesStrings(typ string) bool {
	def := d.schema.Types[typ]
	return def != nil && def.Kind == ast.Scalar && typ != "Int" && typ != "Float" && typ != "Boolean"
}

// listVariables are the variables that are lists of such elements in every operation of a document.
func listVariables(doc *ast.QueryDocument, of func(element string) bool) map[string]bool {
	lists := map[string]bool{}
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			before, seen := lists[v.Variable]
			lists[v.Variable] = v.Type.Elem != nil && of(v.Type.Elem.NamedType) && (before || !seen)
		}
	}
	return lists
}

func (d *documents) parseError(ctx context.Context, err error) *gqlerror.Error {
	e := gqlerror.WrapIfUnwrapped(err)
	if strings.HasPrefix(e.Message, "exceeded token limit") {
		return d.refuse(ctx, tooMany("tokens", "document has more than %d tokens", d.limits.Tokens))
	}
	errcode.Set(e, errcode.ParseFailed)
	return e
}

func (d *documents) refuse(ctx context.Context, err error) *gqlerror.Error {
	if limit := exceeded(err); limit != "" {
		d.metrics.count(ctx, limit)
		return &gqlerror.Error{Message: err.Error(), Extensions: code(CodeLimitExceeded)}
	}
	e := &gqlerror.Error{Message: err.Error(), Extensions: code(CodeValidationFailed)}
	if cycle := new(cycleError); errors.As(err, &cycle) {
		e.Locations = []gqlerror.Location{{Line: cycle.spread.Position.Line, Column: cycle.spread.Position.Column}}
	}
	return e
}

// Get is what MutateOperationParameters found.
func (*documents) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	parsed := requestFrom(ctx).document.parsed
	return parsed, parsed != nil
}

// Add keeps a valid document.
func (d *documents) Add(ctx context.Context, query string, parsed *ast.QueryDocument) {
	known := requestFrom(ctx).document
	known.parsed = parsed
	if d.access.limits != nil {
		known.sizes = operationSizes(parsed)
	}
	d.cache.add(query, known, len(query))
}
