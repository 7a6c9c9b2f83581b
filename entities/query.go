package entities

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
)

// ArgumentError says what is wrong with the arguments of an array relationship. Its text is meant for the client and
// names the place within the arguments, such as "where.name._eq".
type ArgumentError struct {
	Place  string
	Reason string
}

// Error is the place and the reason.
func (e *ArgumentError) Error() string { return e.Place + ": " + e.Reason }

// maxQueryDepth bounds how deep conditions may nest: Postgres' own stack is the limit otherwise.
const maxQueryDepth = 50

// maxQueryParts bounds the members of objects and elements of lists in arguments, but not of _in, which is one value:
// Postgres plans many conditions in more than proportional time, and takes 65,535 parameters.
const maxQueryParts = 3_000

// Query makes what the arguments of an array relationship ask of its target's rows: a JSON object with where, order_by,
// distinct_on, limit and offset, as Hasura types them (hasura-actions.md sections 7.2 and 10.2). Names are GraphQL's.
// The error is an *[ArgumentError], or a *[PermissionError] where the role may not see what the arguments name. The rows
// that relationships lead to are those that the role may see; the target's own are up to the caller.
func (t *Type) Query(role *Role, arguments []byte) (*loaders.Query, error) {
	r := &queryReader{role: role, dec: jsontext.NewDecoder(bytes.NewReader(arguments), jsontext.AllowDuplicateNames(true))}
	q := &loaders.Query{}
	err := r.object(func(name string) error { return r.argument(t, q, name) })
	if err == nil {
		err = checkDistinct(q)
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

// queryReader reads arguments. place is where it is, for errors.
type queryReader struct {
	role  *Role
	dec   *jsontext.Decoder
	place []string
	parts int // so far
}

func (r *queryReader) fail(format string, args ...any) error {
	return &ArgumentError{Place: strings.Join(r.place, "."), Reason: fmt.Sprintf(format, args...)}
}

// check fails where the role may not see a field of t.
func (r *queryReader) check(t *Type, f *Field) error {
	err := r.role.field(t, f)
	if denied := new(PermissionError); errors.As(err, &denied) {
		denied.Place = strings.Join(r.place, ".")
	}
	return err
}

// target is where a relationship leads to, among the rows that the role may see.
func (r *queryReader) target(f *Field) loaders.Target {
	t := f.Relationship.target()
	t.Where = r.role.of(f.Object).filter
	return t
}

func (r *queryReader) argument(t *Type, q *loaders.Query, name string) (err error) {
	if r.dec.PeekKind() == 'n' { // an argument that is null is as if it were absent
		return r.ignore()
	}
	switch name {
	case "where":
		q.Where, err = r.where(t)
	case "order_by":
		q.OrderBy, err = r.orders(t)
	case "distinct_on":
		q.DistinctOn, err = r.distinctOn(t)
	case "limit":
		var n int64
		n, err = r.count()
		q.Limit = &n
	case "offset":
		q.Offset, err = r.count()
	default:
		return r.fail("unknown argument")
	}
	return err
}

// object reads an object, with each member's name in the place.
func (r *queryReader) object(member func(name string) error) error {
	if r.dec.PeekKind() != '{' {
		return r.fail("expecting an object")
	}
	if len(r.place) > maxQueryDepth {
		return r.fail("nested deeper than %d", maxQueryDepth)
	}
	if err := r.skip(); err != nil {
		return err
	}
	for r.dec.PeekKind() != '}' {
		token, err := r.dec.ReadToken()
		if err != nil {
			return r.fail("invalid JSON")
		}
		r.place = append(r.place, token.String())
		if err := r.part(); err != nil {
			return err
		}
		if err := member(token.String()); err != nil {
			return err
		}
		r.place = r.place[:len(r.place)-1]
	}
	return r.skip()
}

// list reads a list, or a single value as a list of one (GraphQL, section 3.11).
func (r *queryReader) list(element func() error) error {
	if r.dec.PeekKind() != '[' {
		return element()
	}
	if err := r.skip(); err != nil {
		return err
	}
	for r.dec.PeekKind() != ']' {
		if err := r.part(); err != nil {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
	return r.skip()
}

func (r *queryReader) part() error {
	if r.parts++; r.parts > maxQueryParts {
		return r.fail("more than %d conditions", maxQueryParts)
	}
	return nil
}

// skip passes over a bracket.
func (r *queryReader) skip() error {
	if _, err := r.dec.ReadToken(); err != nil {
		return r.fail("invalid JSON")
	}
	return nil
}

func (r *queryReader) value() (jsontext.Value, error) {
	v, err := r.dec.ReadValue()
	if err != nil {
		return nil, r.fail("invalid JSON")
	}
	return v, nil
}

// ignore passes over a value.
func (r *queryReader) ignore() error {
	_, err := r.value()
	return err
}

func (r *queryReader) text() (string, error) {
	v, err := r.value()
	if err != nil {
		return "", err
	}
	if v.Kind() != '"' {
		return "", r.fail("expecting a name")
	}
	return string(unquoteName(v)), nil
}

// count reads a number of rows. Hasura's words where it is negative.
func (r *queryReader) count() (int64, error) {
	v, err := r.value()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.Trim(string(v), `"`), 10, 64)
	switch {
	case err != nil:
		return 0, r.fail("expecting an integer")
	case n < 0:
		return 0, r.fail("unexpected negative value")
	}
	return n, nil
}

// where reads a <t>_bool_exp. All members must hold.
func (r *queryReader) where(t *Type) (loaders.Filter, error) {
	var and loaders.And
	err := r.object(func(name string) error {
		f, err := r.condition(t, name)
		and = append(and, f)
		return err
	})
	if len(and) == 1 {
		return and[0], err
	}
	return and, err
}

func (r *queryReader) condition(t *Type, name string) (loaders.Filter, error) {
	switch name {
	case "_and":
		all, err := r.conditions(t)
		return loaders.And(all), err
	case "_or":
		all, err := r.conditions(t)
		return loaders.Or(all), err
	case "_not":
		f, err := r.where(t)
		return loaders.Not{Filter: f}, err
	}
	f := t.Field(name)
	if f == nil || !f.InQueries() {
		return nil, r.fail("type %q has no such field", t.Name)
	}
	if err := r.check(t, f); err != nil {
		return nil, err
	}
	if f.Aggregate {
		return r.aggregateWhere(f)
	}
	if f.Relationship != nil {
		where, err := r.where(f.Object)
		return loaders.Exists{Target: r.target(f), Where: where}, err
	}
	return r.comparisons(r.role.column(t, f.Column), false)
}

func (r *queryReader) conditions(t *Type) (all []loaders.Filter, err error) {
	err = r.list(func() error {
		f, err := r.where(t)
		all = append(all, f)
		return err
	})
	return all, err
}

// target is a table's relationship as a query follows it.
func (r *Relationship) target() loaders.Target {
	return loaders.Target{Table: r.join.Table, Own: r.columns, Remote: r.join.Columns}
}

// comparisons reads a <scalar>_comparison_exp. A null value is refused: an equality with it is never true, and a filter
// that a client meant as "no filter" would be surprising, too. Hasura refuses it as well.
func (r *queryReader) comparisons(c *catalog.Column, asText bool) (loaders.Filter, error) {
	var and loaders.And
	err := r.object(func(name string) error {
		if r.dec.PeekKind() == 'n' {
			return r.fail("unexpected null value")
		}
		f, err := r.comparison(c, asText, name)
		and = append(and, f)
		return err
	})
	if len(and) == 1 {
		return and[0], err
	}
	return and, err
}

func (r *queryReader) comparison(c *catalog.Column, asText bool, operator string) (f loaders.Filter, err error) {
	switch operator {
	case "_cast":
		err = r.object(func(string) error {
			f, err = r.comparisons(c, true)
			return err
		})
		if f == nil {
			f = loaders.And{}
		}
		return f, err
	case "_is_null":
		return r.isNull(c)
	}
	op := loaders.Operator(operator)
	if !op.Valid() {
		return nil, r.fail("unknown operator")
	}
	if (op == "_in" || op == "_nin") && !asText && isArray(c) {
		return r.arrayIn(c, op)
	}
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	return r.compare(c, asText, op, v)
}

func (r *queryReader) compare(c *catalog.Column, asText bool, op loaders.Operator, json []byte) (loaders.Filter, error) {
	v, err := loaders.NewValue(c.Type, asText, op, json)
	if err != nil {
		return nil, r.fail("%v", err)
	}
	return loaders.Comparison{Column: c, AsText: asText, Operator: op, Value: v}, nil
}

func isArray(c *catalog.Column) bool { return c.Type.Array || c.Type.BaseArray }

// arrayIn compares an array column with several arrays one by one: Postgres has no arrays of arrays.
func (r *queryReader) arrayIn(c *catalog.Column, op loaders.Operator) (loaders.Filter, error) {
	var or loaders.Or
	err := r.list(func() error {
		v, err := r.value()
		if err != nil {
			return err
		}
		f, err := r.compare(c, false, "_eq", v)
		or = append(or, f)
		return err
	})
	if op == "_nin" {
		return loaders.Not{Filter: or}, err
	}
	return or, err
}

func (r *queryReader) isNull(c *catalog.Column) (loaders.Filter, error) {
	v, err := r.value()
	switch {
	case err != nil:
		return nil, err
	case string(v) == "true":
		return loaders.IsNull{Column: c}, nil
	case string(v) == "false":
		return loaders.Not{Filter: loaders.IsNull{Column: c}}, nil
	}
	return nil, r.fail("expecting a boolean")
}

// noOrder is said of types such as json.
const noOrder = "values of type %s have no order"

func (r *queryReader) distinctOn(t *Type) (columns []*catalog.Column, err error) {
	err = r.list(func() error {
		name, err := r.text()
		if err != nil {
			return err
		}
		f := t.Field(name)
		if f == nil || !f.IsColumn() {
			return r.fail("type %q has no column %q", t.Name, name)
		}
		if err := r.check(t, f); err != nil {
			return err
		}
		if !f.Ordered() {
			return r.fail(noOrder, f.Type.Named())
		}
		if c := r.role.column(t, f.Column); !slices.Contains(columns, c) { // twice is once, as in Postgres
			columns = append(columns, c)
		}
		return nil
	})
	return columns, err
}

// checkDistinct holds Postgres' rule in Hasura's words: rows of a group must stand together.
func checkDistinct(q *loaders.Query) error {
	if len(q.OrderBy) == 0 {
		return nil
	}
	for i := range q.DistinctOn {
		if i >= len(q.OrderBy) || len(q.OrderBy[i].Path) > 0 || !slices.Contains(q.DistinctOn, q.OrderBy[i].Column) {
			return &ArgumentError{Place: "distinct_on", Reason: `"distinct_on" columns must match initial "order_by" columns`}
		}
	}
	return nil
}

// checkCounts refuses to tell values apart that have no equality.
func checkCounts(aggregates []loaders.Aggregate) error {
	for _, a := range aggregates {
		for _, c := range a.Columns {
			if a.Distinct && !isOrdered(c.Type) {
				return &ArgumentError{Place: "count", Reason: fmt.Sprintf(noOrder, c.Type.Base.Name)}
			}
		}
	}
	return nil
}

// orders reads a list of <t>_order_by. Members of one object count in their order.
func (r *queryReader) orders(t *Type) (orders []loaders.Order, err error) {
	err = r.list(func() error { return r.order(t, nil, &orders) })
	return orders, err
}

func (r *queryReader) order(t *Type, path []loaders.Target, orders *[]loaders.Order) error {
	return r.object(func(name string) error {
		if r.dec.PeekKind() == 'n' {
			return r.ignore()
		}
		f := t.Field(name)
		if f == nil || !f.InQueries() {
			return r.fail("type %q has no such field", t.Name)
		}
		if err := r.check(t, f); err != nil {
			return err
		}
		switch {
		case f.Aggregate:
			return r.orderByAggregate(f.Object, append(slices.Clone(path), r.target(f)), orders)
		case f.Relationship != nil:
			return r.order(f.Object, append(slices.Clone(path), r.target(f)), orders)
		}
		if !f.Ordered() {
			return r.fail(noOrder, f.Type.Named())
		}
		return r.direction(loaders.Order{Path: path, Column: r.role.column(t, f.Column)}, orders)
	})
}

const aggregateSuffix = "_aggregate"

func (r *queryReader) orderByAggregate(t *Type, path []loaders.Target, orders *[]loaders.Order) error {
	return r.object(func(function string) error {
		switch {
		case r.dec.PeekKind() == 'n':
			return r.ignore()
		case function == "count":
			return r.direction(loaders.Order{Path: path, Aggregate: &loaders.Aggregate{Function: function}}, orders)
		}
		return r.object(func(name string) error {
			f := t.Field(name)
			if f == nil || !f.Allows(function) {
				return r.fail("%s of %q is not known", function, name)
			}
			if err := r.check(t, f); err != nil {
				return err
			}
			return r.direction(loaders.Order{Path: path, Aggregate: &loaders.Aggregate{Function: function, Columns: []*catalog.Column{r.role.column(t, f.Column)}}}, orders)
		})
	})
}

var directions = map[string]loaders.Order{
	"asc": {}, "asc_nulls_first": {Nulls: loaders.NullsFirst}, "asc_nulls_last": {Nulls: loaders.NullsLast},
	"desc": {Desc: true}, "desc_nulls_first": {Desc: true, Nulls: loaders.NullsFirst}, "desc_nulls_last": {Desc: true, Nulls: loaders.NullsLast},
}

func (r *queryReader) direction(o loaders.Order, orders *[]loaders.Order) error {
	name, err := r.text()
	if err != nil {
		return err
	}
	d, ok := directions[name]
	if !ok {
		return r.fail("unknown order %q", name)
	}
	o.Desc, o.Nulls = d.Desc, d.Nulls
	*orders = append(*orders, o)
	return nil
}
