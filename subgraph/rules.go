package subgraph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// validationRules are gqlparser's with some of our own. Without suggestions no error says what the schema has.
func validationRules(maxFields int, suggest bool) *rules.Rules {
	r := rules.NewDefaultRules()
	r.AddRule("IntRange", intRange)
	r.ReplaceRule("OverlappingFieldsCanBeMerged", mergeable(2*maxFields))
	if !suggest {
		r.ReplaceRule("FieldsOnCorrectType", rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc)
		r.ReplaceRule("KnownArgumentNames", rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
		r.ReplaceRule("KnownTypeNames", rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
		r.ReplaceRule("ScalarLeafs", rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc)
		r.ReplaceRule("ValuesOfCorrectType", rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	}
	return r
}

// intRange refuses literals that are no Int (GraphQL, section 3.5.1), which gqlparser takes up to 64 bits.
func intRange(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Kind != ast.IntValue || v.Definition == nil || v.Definition.Name != "Int" {
			return
		}
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			addError(core.Message("Int cannot represent non 32-bit signed integer value: %s", v.Raw), core.At(v.Position))
		}
	})
}

// mergeable is "Field Selection Merging" (GraphQL, section 5.3.2) in time proportional to the selected fields, fragments
// expanded: being the same is transitive, so each field is compared with the first of its name only. gqlparser's rule
// compares all pairs, and with fragments all pairs again and again. It ends after budget fields, which no document
// within the limits has: one whose fragments form a cycle selects without end.
func mergeable(budget int) core.RuleFunc {
	return func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnOperation(func(_ *core.Walker, op *ast.OperationDefinition) {
			m := &mergeRule{budget: budget, addError: addError}
			m.merge(nil, []ast.SelectionSet{op.SelectionSet})
		})
	}
}

type mergeRule struct {
	budget    int
	conflicts int
	addError  core.AddErrFunc
}

// occurrences are the fields of one response name.
type occurrences struct {
	name   string
	fields []*ast.Field
}

// place is where fields are: below another place, or at the root. Fragments in a cycle nest until the budget ends, and
// a copy of the path for each level would take its square of memory.
type place struct {
	below *place
	name  string
}

// maxConflicts bounds what one operation is told of: in a cycle a conflict comes back at each level.
const maxConflicts = 10

// conflict words a conflict from the root on, of which a deep place has the first levels.
func (p *place) conflict(reason string) string {
	var names []string
	for ; p != nil; p = p.below {
		names = append(names, p.name)
	}
	slices.Reverse(names)
	var b strings.Builder
	for _, name := range names[:min(len(names), maxConflicts)] {
		fmt.Fprintf(&b, "%q conflict because subfields ", name)
	}
	return strings.TrimSuffix(b.String(), "subfields ") + reason
}

// merge checks all fields of sets that are selected of the same object.
func (m *mergeRule) merge(below *place, sets []ast.SelectionSet) {
	for _, o := range m.collect(sets) {
		here := &place{below, o.name}
		groups := byParent(o.fields)
		if len(groups) > 1 {
			m.shapes(here, o.fields)
		}
		for _, fields := range groups {
			if m.same(here, fields, conflict) {
				m.merge(here, selectionsOf(fields))
			}
		}
	}
}

// shapes checks fields of objects of different types: only their answers' shapes must agree.
func (m *mergeRule) shapes(here *place, fields []*ast.Field) {
	if !m.same(here, fields, shapeConflict) {
		return
	}
	for _, o := range m.collect(selectionsOf(fields)) {
		m.shapes(&place{here, o.name}, o.fields)
	}
}

// same compares all fields with the first.
func (m *mergeRule) same(here *place, fields []*ast.Field, compare func(a, b *ast.Field) string) bool {
	if m.conflicts == maxConflicts {
		return false
	}
	for _, f := range fields[1:] {
		if reason := compare(fields[0], f); reason != "" {
			m.addError(core.Message("Fields %s. Use different aliases on the fields to fetch both if this was intentional.", here.conflict(reason)),
				core.At(f.Position))
			m.conflicts++
			return false
		}
	}
	return true
}

// collect groups the fields of sets by response name, in the order of first occurrence.
func (m *mergeRule) collect(sets []ast.SelectionSet) []*occurrences {
	var out []*occurrences
	byName, visited := map[string]*occurrences{}, map[string]bool{}
	var add func(set ast.SelectionSet)
	add = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if s.Definition == nil || s.ObjectDefinition == nil || m.budget == 0 { // what is unknown has an error of its own
					continue
				}
				m.budget--
				o := byName[s.Alias]
				if o == nil {
					o = &occurrences{name: s.Alias}
					byName[s.Alias] = o
					out = append(out, o)
				}
				o.fields = append(o.fields, s)
			case *ast.InlineFragment:
				add(s.SelectionSet)
			case *ast.FragmentSpread:
				if !visited[s.Name] && s.Definition != nil {
					visited[s.Name] = true
					add(s.Definition.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		add(set)
	}
	return out
}

func selectionsOf(fields []*ast.Field) []ast.SelectionSet {
	var sets []ast.SelectionSet
	for _, f := range fields {
		if len(f.SelectionSet) > 0 {
			sets = append(sets, f.SelectionSet)
		}
	}
	return sets
}

// byParent groups fields that the same object can have: one of an interface or a union stands in every group.
func byParent(fields []*ast.Field) [][]*ast.Field {
	var groups [][]*ast.Field
	var abstract []*ast.Field
	index := map[string]int{}
	for _, f := range fields {
		if f.ObjectDefinition.IsAbstractType() {
			abstract = append(abstract, f)
			continue
		}
		i, ok := index[f.ObjectDefinition.Name]
		if !ok {
			i = len(groups)
			index[f.ObjectDefinition.Name] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	if len(groups) == 0 {
		return [][]*ast.Field{abstract}
	}
	for i := range groups {
		groups[i] = append(groups[i], abstract...)
	}
	return groups
}

// conflict says why two fields of an object can't be one, or is "".
func conflict(a, b *ast.Field) string {
	switch {
	case a.Name != b.Name:
		return fmt.Sprintf("%q and %q are different fields", a.Name, b.Name)
	case !sameArguments(a.Arguments, b.Arguments):
		return "they have differing arguments"
	}
	return shapeConflict(a, b)
}

func shapeConflict(a, b *ast.Field) string {
	if sameShape(a.Definition.Type, b.Definition.Type, len(a.SelectionSet) == 0 && len(b.SelectionSet) == 0) {
		return ""
	}
	return fmt.Sprintf("they return conflicting types %q and %q", a.Definition.Type, b.Definition.Type)
}

// sameShape compares scalars and enums by name, and of objects only that they are.
func sameShape(a, b *ast.Type, leaf bool) bool {
	switch {
	case a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil):
		return false
	case a.Elem != nil:
		return sameShape(a.Elem, b.Elem, leaf)
	}
	return !leaf || a.NamedType == b.NamedType
}

func sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	for _, arg := range a {
		other := b.ForName(arg.Name)
		if other == nil || !sameValue(arg.Value, other.Value) {
			return false
		}
	}
	return true
}

// sameValue compares literals; the members of an object may stand in any order.
func sameValue(a, b *ast.Value) bool {
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	x, y := a.Children, b.Children
	if a.Kind == ast.ObjectValue {
		x, y = sortedMembers(x), sortedMembers(y)
	}
	for i := range x {
		if x[i].Name != y[i].Name || !sameValue(x[i].Value, y[i].Value) {
			return false
		}
	}
	return true
}

func sortedMembers(members ast.ChildValueList) ast.ChildValueList {
	return slices.SortedStableFunc(slices.Values(members), func(a, b *ast.ChildValue) int { return strings.Compare(a.Name, b.Name) })
}
