package subgraph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
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
	orders bool               // it may have variables the order of whose members counts
}

// documents keeps documents that were found valid. Before a new one is validated, it holds it to the limits: some of
// validation takes more time than in proportion to the document.
type documents struct {
	cache   *weighted[string, *document]
	limits  *Limits
	metrics *limitMetrics
}

var (
	_ graphql.OperationParameterMutator = (*documents)(nil)
	_ graphql.Cache[*ast.QueryDocument] = (*documents)(nil)
)

func newDocuments(l *Limits, m *limitMetrics) *documents {
	return &documents{cache: newWeighted[string, *document](maxDocuments, maxDocumentBytes), limits: l, metrics: m}
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
		return nil
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: p.Query}, d.limits.Tokens)
	if err != nil {
		return d.parseError(ctx, err)
	}
	if err := d.limits.check(parsed); err != nil {
		return d.refuse(ctx, err)
	}
	r.document = &document{lists: representationVariables(parsed), orders: strings.Contains(p.Query, orderSuffix)}
	return nil
}

// representationVariables are the variables that are lists of _Any in every operation of a document.
func representationVariables(doc *ast.QueryDocument) map[string]bool {
	lists := map[string]bool{}
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			before, seen := lists[v.Variable]
			lists[v.Variable] = v.Type.Elem != nil && v.Type.Elem.NamedType == "_Any" && (before || !seen)
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

func (d *documents) refuse(ctx context.Context, err *limitError) *gqlerror.Error {
	d.metrics.count(ctx, err.limit)
	return &gqlerror.Error{Message: err.Error(), Extensions: code(CodeLimitExceeded)}
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
	d.cache.add(query, known, len(query))
}
