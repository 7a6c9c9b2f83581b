package subgraph

import (
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/joinery-graphql/joinery/metadata"
)

// access is what the metadata says of who may ask for what, and how much of it.
type access struct {
	list   allowList           // nil where all may be asked for
	limits *metadata.APILimits // nil where roles have none
	rates  *rates              // nil where roles have none
}

func newAccess(md *metadata.Metadata, enabled bool) *access {
	out := &access{limits: md.APILimits}
	if enabled {
		out.list = newAllowList(md)
	}
	if md.APILimits != nil && md.APILimits.Rate != nil {
		out.rates = newRates(md.APILimits.Rate)
	}
	return out
}

// timeout is the time of a request of a role: the shorter of the limits.
func (a *access) timeout(role string, limit time.Duration) time.Duration {
	if a.limits == nil || role == metadata.AdminRole {
		return limit
	}
	if seconds, ok := a.limits.Time.Of(role); ok {
		return min(limit, time.Duration(seconds)*time.Second)
	}
	return limit
}

// allowList are the documents that callers may ask for, in their normal form.
type allowList map[string][]metadata.AllowedCollection

// newAllowList collects the documents of the metadata's allow-list, which metadata.Read found to be GraphQL.
func newAllowList(md *metadata.Metadata) allowList {
	out := allowList{}
	for _, a := range md.AllowList {
		c := md.Collection(a.Collection)
		if c == nil {
			continue
		}
		for _, q := range c.Queries {
			if doc, err := parser.ParseQuery(&ast.Source{Input: q.Document}); err == nil {
				normal := normalise(doc)
				out[normal] = append(out[normal], a)
			}
		}
	}
	return out
}

// normalise is the text of a document without what may differ from the allowed one, as Hasura compares them: white space,
// comments, __typename, the order of arguments and of the members of objects, and how a string is quoted. It changes the
// document.
func normalise(doc *ast.QueryDocument) string {
	for _, op := range doc.Operations {
		for _, v := range op.VariableDefinitions {
			if v.DefaultValue != nil {
				sortMembers(v.DefaultValue)
			}
		}
		sortDirectives(op.Directives)
		op.SelectionSet = withoutTypename(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		sortDirectives(f.Directives)
		f.SelectionSet = withoutTypename(f.SelectionSet)
	}
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithIndent("")).FormatQueryDocument(doc)
	return text.String()
}

func withoutTypename(set ast.SelectionSet) ast.SelectionSet {
	out := set[:0]
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name == "__typename" {
				continue
			}
			sortArguments(s.Arguments)
			sortDirectives(s.Directives)
			s.SelectionSet = withoutTypename(s.SelectionSet)
		case *ast.InlineFragment:
			sortDirectives(s.Directives)
			s.SelectionSet = withoutTypename(s.SelectionSet)
		case *ast.FragmentSpread:
			sortDirectives(s.Directives)
		}
		out = append(out, selection)
	}
	return out
}

func sortDirectives(directives ast.DirectiveList) {
	for _, d := range directives {
		sortArguments(d.Arguments)
	}
}

func sortArguments(arguments ast.ArgumentList) {
	slices.SortStableFunc(arguments, func(a, b *ast.Argument) int { return strings.Compare(a.Name, b.Name) })
	for _, a := range arguments {
		sortMembers(a.Value)
	}
}

func sortMembers(v *ast.Value) {
	if v.Kind == ast.ObjectValue {
		v.Children = sortedMembers(v.Children)
	}
	for _, c := range v.Children {
		sortMembers(c.Value)
	}
}

// allows reports whether a role may ask for a document with these entries of the list.
func allows(entries []metadata.AllowedCollection, role string) bool {
	return slices.ContainsFunc(entries, func(a metadata.AllowedCollection) bool { return a.Allows(role) })
}
