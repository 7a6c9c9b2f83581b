package entities

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
)

// AggregateFunctions are the aggregates over one column, by their names in GraphQL and SQL, which are the same.
var AggregateFunctions = []string{
	"avg", "max", "min", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance",
}

// Allows reports whether an aggregate function can be used on the field: numbers have all, and what Postgres can order
// has min and max (Postgres, section 9.21).
func (f *Field) Allows(function string) bool {
	switch {
	case !f.IsColumn() || f.Enum != nil || isArray(f.Column):
		return false
	case isNumber(f.Column.Type):
		return true
	case function == "min" || function == "max":
		return hasMinMax(f.Column.Type)
	}
	return function == "sum" && f.Column.Type.Base == pgCatalog("money")
}

func pgCatalog(name string) catalog.Name { return catalog.Name{Schema: "pg_catalog", Name: name} }

var numbers = map[string]bool{"int2": true, "int4": true, "int8": true, "float4": true, "float8": true, "numeric": true}

func isNumber(t catalog.Type) bool { return t.Base.Schema == "pg_catalog" && numbers[t.Base.Name] }

var ordered = map[string]bool{
	"text": true, "varchar": true, "bpchar": true, "date": true, "time": true, "timetz": true, "timestamp": true, "timestamptz": true,
	"interval": true, "money": true, "inet": true, "oid": true,
}

func hasMinMax(t catalog.Type) bool {
	return t.BaseKind == catalog.EnumType || t.Base.Name == "citext" || t.Base.Schema == "pg_catalog" && ordered[t.Base.Name]
}

// unordered are the types of pg_catalog without an order (a btree operator class); most have no equality either.
var unordered = map[string]bool{
	"json": true, "jsonpath": true, "xml": true, "point": true, "line": true, "lseg": true, "box": true, "path": true, "polygon": true, "circle": true,
	"xid": true, "cid": true, "aclitem": true, "refcursor": true, "pg_snapshot": true, "txid_snapshot": true,
}

// Ordered reports whether the field is a column or computed field whose values can be compared and ordered.
func (f *Field) Ordered() bool { return f.Column != nil && isOrdered(f.Column.Type) }

func isOrdered(t catalog.Type) bool { return t.Base.Schema != "pg_catalog" || !unordered[t.Base.Name] }

// AggregateType is the GraphQL type of a function of the field: floats for means and deviations, else the field's own.
func (f *Field) AggregateType(function string) string {
	switch function {
	case "sum", "min", "max":
		return columnType(f.Column.Type).Named() // federation.yaml may say another of the field
	}
	return "Float"
}

// Aggregate is an aggregate of some of the type's columns, by their names in GraphQL; unknown names are left out.
// Without columns, count counts rows, and distinct means nothing, as in Hasura.
func (t *Type) Aggregate(function string, names []string, distinct bool) *loaders.Aggregate {
	out := &loaders.Aggregate{Function: function}
	for _, name := range names {
		if f := t.Field(name); f != nil && f.IsColumn() {
			out.Columns = append(out.Columns, f.Column)
		}
	}
	out.Distinct = distinct && len(out.Columns) > 0
	return out
}

// Aggregated is what is wanted of an aggregate: a tree whose leaves are values and rows.
type Aggregated struct {
	Key      string             // the response key; of the tree's root it is the field's
	TypeName string             // __typename: this text; else empty
	Value    *loaders.Aggregate // a value; else nil
	Nodes    *Selection         // the rows; else nil
	Fields   []Aggregated       // an object; else nil
}

// aggregateTree is a planned Aggregated.
type aggregateTree struct {
	prefix []byte // the response key, quoted, with its colon; empty for the root
	key    string // the response key, of what can have errors; "" for the root
	kind   aggregateTreeKind
	text   []byte // of a type name
	cell   int
	count  bool  // a value that is 0, not null, without rows
	err    error // of a value that the role may not see
	fields []*aggregateTree
	array  *outField // of rows: as an array relationship
	values int       // of the root: the place of the values' join among the parent's, or noJoin
}

type aggregateTreeKind uint8

const (
	aggregateObject aggregateTreeKind = iota
	aggregateTypename
	aggregateValue
	aggregateNodes
	aggregateFailed
)

// aggregate plans an aggregate: one load for all its values, one for its rows, each where it is wanted.
func (p *planner) aggregate(n *node, f SelectedField, keys joinKeys, depth int) *aggregateTree {
	a := &aggregatePlanner{planner: p, parent: n, field: f, keys: keys, depth: depth, values: noJoin}
	out := a.tree(f.Aggregate)
	out.values, out.key = a.values, ""
	return out
}

// noJoin stands where nothing is loaded.
const noJoin = -1

type aggregatePlanner struct {
	*planner
	parent *node
	field  SelectedField
	keys   joinKeys
	depth  int
	values int // the place of the values' join among the parent's
}

// cell is where a value will be.
func (a *aggregatePlanner) cell(value loaders.Aggregate) int {
	l := a.load(a.field.Field.Relationship.join, a.field.Field.Object, a.field.Arguments, true, a.depth)
	if a.values == noJoin {
		a.values = len(a.parent.joins)
		a.newJoin(a.parent, l, a.keys)
	}
	columns := make([]*catalog.Column, len(value.Columns))
	for i, c := range value.Columns {
		columns[i] = a.role.column(l.target, c)
	}
	value.Columns = columns
	return l.aggregateCell(value)
}

// denied returns the error of aggregating columns that the role may not see.
func (a *aggregatePlanner) denied(value *loaders.Aggregate) error {
	t := a.field.Field.Object
	for _, f := range t.Fields {
		if f.Column != nil && slices.Contains(value.Columns, f.Column) {
			if err := a.role.field(t, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *aggregatePlanner) tree(g *Aggregated) *aggregateTree {
	prefix, _ := jsontext.AppendQuote(nil, g.Key)
	out := &aggregateTree{prefix: append(prefix, ':')}
	switch {
	case g.TypeName != "":
		out.kind = aggregateTypename
		out.text, _ = jsontext.AppendQuote(nil, g.TypeName)
	case g.Value != nil && a.denied(g.Value) != nil:
		out.kind, out.key, out.err, out.count = aggregateFailed, g.Key, a.denied(g.Value), g.Value.Function == "count"
	case g.Value != nil:
		out.kind, out.cell, out.count = aggregateValue, a.cell(*g.Value), g.Value.Function == "count"
	case g.Nodes != nil:
		out.kind = aggregateNodes
		out.array = &outField{key: g.Key, kind: arrayField, index: len(a.parent.joins)}
		a.join(a.parent, a.field.Field.Relationship.join, a.field.Arguments, a.keys, g.Nodes, a.depth)
	default:
		out.key = g.Key
		for i := range g.Fields {
			out.fields = append(out.fields, a.tree(&g.Fields[i]))
		}
	}
	return out
}

// aggregate writes an aggregate over the rows of one parent. A parent with a null key has no rows.
func (w *renderer) aggregate(n *node, f *outField, parent int) bool {
	a := &aggregateRenderer{renderer: w, node: n, parent: parent, row: -1}
	if f.tree.values != noJoin {
		a.values = &w.run.joined[n.joins[f.tree.values].id]
		from, to, err := a.values.objects(parent)
		if err != nil {
			w.fail(err)
			return false
		}
		if from < to {
			a.row = row(a.values.rowIndex(), int(from))
		}
	}
	return a.write(f.tree)
}

type aggregateRenderer struct {
	*renderer
	node   *node
	parent int
	values *joined
	row    int // of values; -1: the key is null
}

func (a *aggregateRenderer) write(t *aggregateTree) bool {
	switch t.kind {
	case aggregateTypename:
		a.buf = append(a.buf, t.text...)
	case aggregateValue:
		a.value(t)
	case aggregateNodes:
		a.push(t.array.key)
		defer a.pop()
		return a.rows(a.node, t.array, a.parent)
	case aggregateFailed:
		a.push(t.key)
		defer a.pop()
		a.fail(t.err)
		return !t.count && a.null()
	case aggregateObject:
		return a.nullableObject(t)
	}
	return true
}

// nullableObject writes an object, or null where it holds a null that may not be. Only the root may not be null.
func (a *aggregateRenderer) nullableObject(t *aggregateTree) bool {
	if t.key == "" {
		return a.object(t)
	}
	a.push(t.key)
	defer a.pop()
	start := len(a.buf)
	if a.object(t) {
		return true
	}
	a.buf = a.buf[:start]
	return a.null()
}

func (a *aggregateRenderer) object(t *aggregateTree) bool {
	a.buf = append(a.buf, '{')
	ok := true
	for i, f := range t.fields {
		if i > 0 {
			a.buf = append(a.buf, ',')
		}
		a.buf = append(a.buf, f.prefix...)
		ok = a.write(f) && ok
	}
	a.buf = append(a.buf, '}')
	return ok
}

func (a *aggregateRenderer) value(t *aggregateTree) {
	switch {
	case a.row < 0 && t.count:
		a.buf = append(a.buf, '0')
	case a.row < 0:
		a.null()
	default:
		if json := a.values.rows.Cell(a.row, t.cell); json != nil {
			a.buf = append(a.buf, json...)
		} else {
			a.null()
		}
	}
}
