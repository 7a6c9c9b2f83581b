package subgraph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
)

// The arguments of array relationships and what they need: names and shapes are Hasura's (hasura-actions.md sections 7.2
// and 12), so that documents written for it stay valid.

// queryArguments are the arguments of a field that gives rows.
func (w *sdlWriter) queryArguments(f *entities.Field) string {
	t := f.Object.Name
	arguments := []member{
		{"distinct_on", "[" + w.ask(t+"_select_column") + "!]"},
		{"limit", "Int"},
		{"offset", "Int"},
		{"order_by", "[" + w.ask(t+"_order_by") + "!]"},
		{"where", w.ask(t + "_bool_exp")},
	}
	parts := make([]string, len(arguments))
	for i, a := range arguments {
		parts[i] = a.name + ": " + a.typ + w.onArgument(f.Name, a.name)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (w *sdlWriter) ask(name string) string {
	w.used[name] = true
	return name
}

// queriedTypes are the types that a query can be about or reach: what array relationships and Query give, and all that a
// relationship leads to from there.
func queriedTypes(m *entities.Model) map[*entities.Type]bool {
	seen := map[*entities.Type]bool{}
	var visit func(t *entities.Type)
	visit = func(t *entities.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		for _, f := range t.Fields {
			if f.Relationship != nil && f.InQueries() {
				visit(f.Object)
			}
		}
	}
	for _, t := range append([]*entities.Type{m.Query}, m.Types...) {
		for _, f := range t.Fields {
			if f.TakesQuery() {
				visit(f.Object)
			}
		}
	}
	return seen
}

// aggregatedTypes are those whose rows an array relationship of a queried type gives.
func aggregatedTypes(queried map[*entities.Type]bool) map[*entities.Type]bool {
	out := map[*entities.Type]bool{}
	for t := range queried {
		for _, f := range t.Fields {
			if f.Aggregate && f.InQueries() {
				out[f.Object] = true
			}
		}
	}
	return out
}

// member is a field of a type that is made for queries.
type member struct{ name, typ string }

// define writes a type unless it has no members: GraphQL has no empty types. It reports whether it wrote it.
func (w *sdlWriter) define(keyword, name string, members []member) bool {
	if len(members) == 0 {
		return false
	}
	w.open("", keyword, name, "")
	for _, m := range members {
		if m.typ == "" {
			fmt.Fprintf(w, "  %s%s\n", m.name, w.onField(m.name))
			continue
		}
		w.used[strings.Trim(m.typ, "[]!")] = true
		name, _, _ := strings.Cut(m.name, "(")
		fmt.Fprintf(w, "  %s: %s%s\n", m.name, m.typ, w.onField(name))
	}
	w.WriteString("}\n")
	return true
}

// queries writes what queries over rows of t need.
func (w *sdlWriter) queries(t *entities.Type) {
	w.boolExp(t)
	w.orderBy(t)
	var columns []member
	for _, f := range t.Fields {
		if f.IsColumn() {
			columns = append(columns, member{name: f.Name})
		}
	}
	w.define("enum", t.Name+"_select_column", columns)
	w.aggregates(t)
	if w.conditions[t] {
		w.aggregateBoolExp(t)
	}
}

func (w *sdlWriter) boolExp(t *entities.Type) {
	name := t.Name + "_bool_exp"
	members := []member{{"_and", "[" + name + "!]"}, {"_not", name}, {"_or", "[" + name + "!]"}}
	for _, f := range t.Fields {
		switch {
		case !f.InQueries():
		case f.Aggregate:
			members = append(members, member{f.Name, f.Object.Name + "_aggregate_bool_exp"})
		case f.Relationship != nil:
			members = append(members, member{f.Name, f.Object.Name + "_bool_exp"})
		case f.Column != nil:
			members = append(members, member{f.Name, w.comparison(f)})
		}
	}
	w.define("input", name, members)
}

// comparison is the name of the field's comparisons, which are written later, once for each scalar.
func (w *sdlWriter) comparison(f *entities.Field) string {
	name := f.Type.Named() + "_comparison_exp"
	if f.Type.Elem != nil {
		name = f.Type.Named() + "_array_comparison_exp"
	}
	w.comparisons[name] = f
	return name
}

// aggregateBoolExp writes conditions on aggregates of rows of t.
func (w *sdlWriter) aggregateBoolExp(t *entities.Type) {
	name := t.Name + "_aggregate_bool_exp"
	var members []member
	for _, c := range entities.AggregateConditions {
		var columns []member
		for _, f := range t.Fields {
			if f.Tells(c.Function) {
				columns = append(columns, member{name: f.Name})
			}
		}
		arguments := "[" + t.Name + "_select_column!]"
		if c.Function != "count" {
			arguments = fmt.Sprintf("%s_select_column_%s_%s_arguments_columns", t.Name, name, c.Function)
			if !w.define("enum", arguments, columns) {
				continue
			}
			arguments += "!"
		}
		predicate := w.comparison(&entities.Field{Type: &metadata.Type{Name: c.Result}})
		w.define("input", name+"_"+c.Function, []member{
			{"arguments", arguments}, {"distinct", "Boolean"}, {"filter", t.Name + "_bool_exp"}, {"predicate", predicate + "!"},
		})
		members = append(members, member{c.Function, name + "_" + c.Function})
	}
	w.define("input", name, members)
}

func (w *sdlWriter) orderBy(t *entities.Type) {
	var members []member
	for _, f := range t.Fields {
		switch {
		case !f.InQueries():
		case f.Relationship == nil:
			members = append(members, member{f.Name, "order_by"})
		case f.Aggregate:
			members = append(members, member{f.Name, f.Object.Name + "_aggregate_order_by"})
		case f.Type.Elem == nil:
			members = append(members, member{f.Name, f.Object.Name + "_order_by"})
		}
	}
	w.define("input", t.Name+"_order_by", members)
}

// aggregates writes <t>_aggregate and what it holds, and the inputs that order by it.
func (w *sdlWriter) aggregates(t *entities.Type) {
	w.define("type", t.Name+"_aggregate", []member{{"aggregate", t.Name + "_aggregate_fields"}, {"nodes", "[" + t.Name + "!]!"}})
	fields := []member{{fmt.Sprintf("count(columns: [%s_select_column!], distinct: Boolean)", t.Name), "Int!"}}
	orders := []member{{"count", "order_by"}}
	for _, function := range entities.AggregateFunctions {
		var values, order []member
		for _, f := range t.Fields {
			if f.Allows(function) {
				values = append(values, member{f.Name, f.AggregateType(function)})
				order = append(order, member{f.Name, "order_by"})
			}
		}
		if w.define("type", fmt.Sprintf("%s_%s_fields", t.Name, function), values) {
			w.define("input", fmt.Sprintf("%s_%s_order_by", t.Name, function), order)
			fields = append(fields, member{function, fmt.Sprintf("%s_%s_fields", t.Name, function)})
			orders = append(orders, member{function, fmt.Sprintf("%s_%s_order_by", t.Name, function)})
		}
	}
	w.define("type", t.Name+"_aggregate_fields", fields)
	w.define("input", t.Name+"_aggregate_order_by", orders)
}

// shared writes what all queries share: the order, and each scalar's comparisons.
func (w *sdlWriter) shared() {
	if !w.used["order_by"] {
		return
	}
	var orders []member
	for _, name := range []string{"asc", "asc_nulls_first", "asc_nulls_last", "desc", "desc_nulls_first", "desc_nulls_last"} {
		orders = append(orders, member{name: name})
	}
	w.define("enum", "order_by", orders)
	if hasJSONB := w.comparisons["jsonb_comparison_exp"] != nil; hasJSONB {
		w.define("input", "jsonb_cast_exp", []member{{"String", "String_comparison_exp"}})
		if w.comparisons["String_comparison_exp"] == nil {
			w.comparisons["String_comparison_exp"] = &entities.Field{Type: &metadata.Type{Name: "String"}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.comparisons)) {
		w.define("input", name, comparisonMembers(w.comparisons[name]))
	}
}

// texts are the scalars that have patterns.
var texts = map[string]bool{"String": true, "bpchar": true, "citext": true, "name": true}

// comparisonMembers are the operators of a scalar, or of an array of it. The same scalar has the same operators in every
// Joinery, so that two of them compose.
func comparisonMembers(f *entities.Field) []member {
	t, name := f.Type, f.Type.Named()
	if f.Column != nil && !f.Ordered() {
		return []member{{"_is_null", "Boolean"}}
	}
	if f.Enum != nil {
		members := append(operatorMembers(name, "_eq"), operatorMembers("["+name+"!]", "_in")...)
		members = append(append(members, member{"_is_null", "Boolean"}), operatorMembers(name, "_neq")...)
		return append(members, operatorMembers("["+name+"!]", "_nin")...)
	}
	value := name
	if t.Elem != nil {
		value = "[" + name + "!]"
	}
	members := operatorMembers(value, "_eq", "_gt", "_gte", "_lt", "_lte", "_neq")
	members = append(members, operatorMembers("["+value+"!]", "_in", "_nin")...)
	members = append(members, member{"_is_null", "Boolean"})
	switch {
	case t.Elem != nil:
		members = append(members, operatorMembers(value, "_contained_in", "_contains")...)
	case texts[name]:
		members = append(members, operatorMembers(value, "_ilike", "_iregex", "_like", "_nilike", "_niregex", "_nlike", "_nregex", "_nsimilar", "_regex", "_similar")...)
	case name == "jsonb":
		members = append(members, member{"_cast", "jsonb_cast_exp"}, member{"_has_key", "String"}, member{"_has_keys_all", "[String!]"}, member{"_has_keys_any", "[String!]"})
		members = append(members, operatorMembers(value, "_contained_in", "_contains")...)
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return members
}

func operatorMembers(typ string, names ...string) []member {
	members := make([]member, len(names))
	for i, name := range names {
		members[i] = member{name, typ}
	}
	return members
}
