package entities

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
)

// addComputedFields adds what functions give of a table's rows (Hasura, "Computed fields"): scalars only.
func (b *builder) addComputedFields(t *Type, db *Database, tracked *metadata.Table) {
	for _, c := range tracked.ComputedFields {
		if f := b.computedField(t, db, tracked, c); f != nil {
			b.addField(t, f, c.Pos)
		}
	}
}

// computedField is nil where there is a fault, which is worded as Hasura's where Hasura has it.
func (b *builder) computedField(t *Type, db *Database, tracked *metadata.Table, c *metadata.ComputedField) *Field {
	item := fmt.Sprintf("computed field %q of table %q", c.Name, tracked.Name)
	call := b.call(item, t.Table, db.Catalog, c)
	if call == nil {
		return nil
	}
	returns := call.Function.Returns
	column := &catalog.Column{Name: freeName(t.Table, c.Name), Type: returns, Computed: call}
	typ := columnType(returns)
	var why, hint string
	switch {
	case call.Function.ReturnsSet || returns.BaseKind == catalog.CompositeType:
		why = fmt.Sprintf("the function %q returns rows, not a scalar", c.Function)
	case returns.BaseKind == catalog.PseudoType:
		why = fmt.Sprintf("the function %q returns %s", c.Function, returns.Name.Name)
	default:
		why, hint = b.unfit(t, column, c.Name, typ.Named())
	}
	if why != "" {
		b.warn(c.Pos, item, hint, "not served: %s", why)
		return nil
	}
	return &Field{Name: c.Name, Description: cmp.Or(c.Comment, call.Function.Comment), Type: typ, Column: column}
}

// freeName is a name that no column of the table has: within a statement computed fields are named beside columns.
func freeName(t *catalog.Table, name string) string {
	for t.Column(name) != nil {
		name += "_"
	}
	return name
}

// call finds the function of a computed field and what its arguments are. It is nil where there is a fault. Of
// functions of one name, the one counts that takes the table's rows; Hasura has no such choice.
func (b *builder) call(item string, t *catalog.Table, c *catalog.Catalog, f *metadata.ComputedField) *catalog.Call {
	functions := c.Functions[catalog.Name(f.Function)]
	if len(functions) == 0 {
		b.fault(f.Pos, item, nearestFunction(f.Function, c), "the function %q does not exist", f.Function)
		return nil
	}
	var calls []*catalog.Call
	var why string
	for _, function := range functions {
		call := &catalog.Call{Function: function, Session: catalog.NoArgument}
		if reason := bind(call, t, f); reason != "" {
			why = reason
			continue
		}
		calls = append(calls, call)
	}
	switch len(calls) {
	case 0:
		b.fault(f.Pos, item, "", "%s", why)
		return nil
	case 1:
		return b.complete(item, calls[0], f)
	}
	b.fault(f.Pos, item, "give the functions different names", "function %q is overloaded. Overloaded functions are not supported", f.Function)
	return nil
}

// bind finds the arguments of a call: it says why it can't.
func bind(call *catalog.Call, t *catalog.Table, f *metadata.ComputedField) string {
	arguments := call.Function.Arguments
	if len(arguments) == 0 {
		return fmt.Sprintf("the function %q has no input arguments", f.Function)
	}
	argument := func(name string) int {
		return slices.IndexFunc(arguments, func(a catalog.Argument) bool { return a.Name == name })
	}
	described := fmt.Sprintf("%q", f.TableArgument)
	if f.TableArgument == "" {
		described = "first argument" // counts where none is named
	} else if call.Row = argument(f.TableArgument); call.Row < 0 {
		return fmt.Sprintf("%q is not an input argument of the function %q", f.TableArgument, f.Function)
	}
	if row := arguments[call.Row].Type; row.Array || row.Name != t.Name {
		return fmt.Sprintf("%s of the function %q is of type %s, not a row of the table %q", described, f.Function, columnType(row), t.Name)
	}
	if f.SessionArgument == "" {
		return ""
	}
	if call.Session = argument(f.SessionArgument); call.Session < 0 {
		return fmt.Sprintf("%q is not an input argument of the function %q", f.SessionArgument, f.Function)
	}
	if !holdsJSON(arguments[call.Session].Type) {
		return fmt.Sprintf("%q argument of the function %q is not of type JSON", f.SessionArgument, f.Function)
	}
	return ""
}

// complete refuses a call that lacks arguments: Hasura has clients give them, which is not served.
func (b *builder) complete(item string, call *catalog.Call, f *metadata.ComputedField) *catalog.Call {
	for i, a := range call.Function.Arguments {
		if i != call.Row && i != call.Session && !a.HasDefault {
			b.warn(f.Pos, item, "give the arguments of the function defaults", "not served: the function %q takes further arguments", f.Function)
			return nil
		}
	}
	return call
}

func nearestFunction(name metadata.TableName, c *catalog.Catalog) string {
	var names []string
	for n := range c.Functions {
		names = append(names, n.String())
	}
	slices.Sort(names)
	for _, n := range names {
		if strings.HasSuffix(n, "."+name.Name) { // only the schema is wrong, which may be far
			return fmt.Sprintf("did you mean %q?", n)
		}
	}
	return metadata.DidYouMean(name.String(), names)
}
