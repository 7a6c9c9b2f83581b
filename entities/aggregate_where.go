package entities

import (
	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
)

// AggregateConditions are the functions of aggregates that conditions compare, by their names in GraphQL and SQL, with
// the type of their result in GraphQL (Hasura, "filter based on aggregates").
var AggregateConditions = []struct{ Function, Result string }{{"bool_and", "Boolean"}, {"bool_or", "Boolean"}, {"count", "Int"}}

// Tells reports whether a function of AggregateConditions can be used on the field.
func (f *Field) Tells(function string) bool {
	switch {
	case !f.IsColumn():
		return false
	case function == "count":
		return true
	}
	return f.Column.Type.Base == pgCatalog("bool") && !isArray(f.Column)
}

var results = map[string]catalog.Type{"Boolean": baseType("bool"), "Int": baseType("int8")}

func baseType(name string) catalog.Type {
	return catalog.Type{Name: pgCatalog(name), Base: pgCatalog(name), Kind: catalog.BaseType, BaseKind: catalog.BaseType}
}

// aggregateWhere reads a <t>_aggregate_bool_exp: conditions on aggregates of the rows that f's relationship leads to. All
// must hold.
func (r *queryReader) aggregateWhere(f *Field) (loaders.Filter, error) {
	var and loaders.And
	err := r.object(func(function string) error {
		if r.dec.PeekKind() == 'n' {
			return r.fail("unexpected null value")
		}
		for _, known := range AggregateConditions {
			if known.Function == function {
				condition, err := r.having(f, function, results[known.Result])
				and = append(and, condition)
				return err
			}
		}
		return r.fail("unknown aggregate function")
	})
	return and, err
}

// having reads the condition on one function: which columns of which rows, and the predicate.
func (r *queryReader) having(f *Field, function string, result catalog.Type) (loaders.Filter, error) {
	out := loaders.Having{Target: r.target(f), Aggregate: loaders.Aggregate{Function: function}, Result: &catalog.Column{Name: "result", Type: result}}
	err := r.object(func(name string) (err error) {
		if r.dec.PeekKind() == 'n' && name != "predicate" { // as if it were absent
			return r.ignore()
		}
		switch name {
		case "arguments":
			out.Aggregate.Columns, err = r.aggregated(f.Object, function)
		case "distinct":
			out.Aggregate.Distinct, err = r.boolean()
		case "filter":
			out.Where, err = r.where(f.Object)
		case "predicate":
			out.Predicate, err = r.comparisons(out.Result, false)
		default:
			return r.fail("unknown argument")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.checked(out)
}

// checked refuses what SQL has no meaning for.
func (r *queryReader) checked(h loaders.Having) (loaders.Filter, error) {
	columns := h.Aggregate.Columns
	switch {
	case h.Predicate == nil:
		return nil, r.fail("missing predicate")
	case len(columns) == 0 && h.Aggregate.Function != "count":
		return nil, r.fail("missing arguments")
	case len(columns) == 0:
		h.Aggregate.Distinct = false // means nothing, as in Hasura
	}
	for _, c := range columns {
		if h.Aggregate.Distinct && !isOrdered(c.Type) {
			return nil, r.fail(noOrder, c.Type.Base.Name)
		}
	}
	return h, nil
}

// aggregated reads the names of columns.
func (r *queryReader) aggregated(t *Type, function string) (columns []*catalog.Column, err error) {
	err = r.list(func() error {
		name, err := r.text()
		if err != nil {
			return err
		}
		f := t.Field(name)
		if f == nil || !f.Tells(function) {
			return r.fail("%s of %q is not known", function, name)
		}
		if err := r.check(t, f); err != nil {
			return err
		}
		columns = append(columns, r.role.column(t, f.Column))
		return nil
	})
	return columns, err
}

func (r *queryReader) boolean() (bool, error) {
	v, err := r.value()
	if err != nil {
		return false, err
	}
	switch string(v) {
	case "true", "false":
		return string(v) == "true", nil
	}
	return false, r.fail("expecting a boolean")
}
