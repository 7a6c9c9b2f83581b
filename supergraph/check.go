package supergraph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// Codes of problems that composition doesn't look for.
const (
	// KeyNotResolvedCode is that of a key by which a subgraph refers to an entity, but by which none finds it.
	KeyNotResolvedCode = "KEY_NOT_RESOLVED"
	// EntityNotReturnedCode is that of an entity which only one subgraph has and no field of any gives.
	EntityNotReturnedCode = "ENTITY_NOT_RETURNED"
)

// Checked is what [Check] found.
type Checked struct {
	Problems  []Problem // errors and hints of composition, and those of this package's codes; nil where there are none
	Subgraphs []Types   // what each subgraph has, in the order of the config
}

// Types are the objects, interfaces and unions of a subgraph.
type Types struct {
	Subgraph string
	Types    []Type // in the order of the SDL, extensions behind
}

// Type is an object, interface or union type of a subgraph, or an extension of one.
type Type struct {
	Name    string
	Line    int
	Keys    []TypeKey
	Fields  []Field  // without those that are @external
	Members []string // of a union

	abstract bool // one of its interfaces may give it
}

// TypeKey is a @key.
type TypeKey struct {
	Fields     string // in one form: each field set sorted, one space between
	Resolvable bool
	Line       int
}

// Field is a field of a [Type].
type Field struct {
	Name, Type string // the type without lists and non-null marks
	Line       int
}

// Has reports whether the subgraph resolves the field.
func (t Types) Has(typeName, field string) bool {
	for _, typ := range t.Types {
		if typ.Name == typeName && slices.ContainsFunc(typ.Fields, func(f Field) bool { return f.Name == field }) {
			return true
		}
	}
	return false
}

// Check composes cfg and looks for what composes but can't be meant: keys that nobody resolves, entities that nobody
// gives. What composition objects to is among the problems; the errors are the others of [Composer.Compose].
func Check(ctx context.Context, cfg *Config, options Options) (*Checked, error) {
	c := Composer{Options: options}
	defer c.Close()
	return c.Check(ctx, cfg)
}

// Check is the function Check for who checks again and again.
func (c *Composer) Check(ctx context.Context, cfg *Config) (*Checked, error) {
	sdls, err := c.sdls(ctx, cfg)
	if err != nil {
		return nil, err
	}
	checked := &Checked{}
	result, err := c.compose(ctx, cfg, sdls)
	var problems Problems
	switch {
	case errors.As(err, &problems):
		checked.Problems = problems
	case err != nil:
		return nil, err
	default:
		checked.Problems = result.Problems
	}
	for i, s := range cfg.Subgraphs {
		if types, err := readTypes(sdls[i]); err == nil { // composition has said what is wrong with the SDL
			checked.Subgraphs = append(checked.Subgraphs, Types{s.Name, types})
		}
	}
	checked.Problems = append(checked.Problems, locate(cfg, entityProblems(checked.Subgraphs))...)
	return checked, nil
}

// readTypes reads the types of a subgraph's SDL.
func readTypes(sdl string) ([]Type, error) {
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("read a subgraph's SDL: %w", err)
	}
	var types []Type
	for _, d := range slices.Concat(doc.Definitions, doc.Extensions) {
		if d.Kind == ast.Object || d.Kind == ast.Interface || d.Kind == ast.Union && d.Name != "_Entity" {
			types = append(types, readType(d))
		}
	}
	return types, nil
}

func readType(d *ast.Definition) Type {
	t := Type{Name: d.Name, Line: d.Position.Line, Members: d.Types, abstract: len(d.Interfaces) > 0}
	for _, key := range slices.Concat(d.Directives.ForNames("key"), d.Directives.ForNames("federation__key")) {
		k := TypeKey{Resolvable: true, Line: key.Position.Line}
		if a := key.Arguments.ForName("fields"); a != nil {
			k.Fields = fieldSet(a.Value.Raw)
		}
		if a := key.Arguments.ForName("resolvable"); a != nil {
			k.Resolvable = a.Value.Raw != "false"
		}
		t.Keys = append(t.Keys, k)
	}
	for _, f := range d.Fields {
		if f.Directives.ForName("external") == nil && f.Directives.ForName("federation__external") == nil {
			t.Fields = append(t.Fields, Field{f.Name, f.Type.Name(), f.Position.Line})
		}
	}
	return t
}

// fieldSet brings a field set into one form. What isn't one stays as it is: composition objects to it.
func fieldSet(fields string) string {
	doc, err := parser.ParseQuery(&ast.Source{Input: "{" + fields + "}"})
	if err != nil || len(doc.Operations) != 1 {
		return fields
	}
	return sortedSelection(doc.Operations[0].SelectionSet)
}

func sortedSelection(set ast.SelectionSet) string {
	var out []string
	for _, s := range set {
		if f, ok := s.(*ast.Field); ok {
			name := f.Name
			if len(f.SelectionSet) > 0 {
				name += " { " + sortedSelection(f.SelectionSet) + " }"
			}
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// entityProblems are those of [Check]'s own codes.
func entityProblems(subgraphs []Types) (problems []Problem) {
	e := entities{resolved: map[[2]string]bool{}, owners: map[string]int{}, given: map[string]bool{}}
	for _, s := range subgraphs {
		e.add(s)
	}
	for _, s := range subgraphs {
		for _, t := range s.Types {
			problems = append(problems, e.problems(s.Subgraph, t)...)
		}
	}
	return problems
}

// entities is what is known of the types of all subgraphs.
type entities struct {
	resolved map[[2]string]bool // by type and key
	owners   map[string]int     // how many subgraphs have the type
	given    map[string]bool    // a field gives the type
}

func (e *entities) add(s Types) {
	had := map[string]bool{}
	for _, t := range s.Types {
		if !had[t.Name] {
			e.owners[t.Name]++
		}
		had[t.Name] = true
		for _, k := range t.Keys {
			if k.Resolvable {
				e.resolved[[2]string{t.Name, k.Fields}] = true
			}
		}
		for _, f := range t.Fields {
			e.given[f.Type] = true
		}
		for _, m := range t.Members {
			e.given[m] = true
		}
		e.given[t.Name] = e.given[t.Name] || t.abstract
	}
}

func (e *entities) problems(subgraph string, t Type) (problems []Problem) {
	add := func(level Level, code string, line int, format string, args ...any) {
		problems = append(problems, Problem{
			Level: level, Code: code, Locations: []Location{{Subgraph: subgraph, Line: line, Column: 1}},
			Message: fmt.Sprintf("["+subgraph+"] "+format, args...),
		})
	}
	for _, k := range t.Keys {
		if !e.resolved[[2]string{t.Name, k.Fields}] {
			add(LevelError, KeyNotResolvedCode, k.Line, "no subgraph resolves the key %q of type %q", k.Fields, t.Name)
		}
	}
	if len(t.Keys) > 0 && e.owners[t.Name] == 1 && !e.given[t.Name] {
		add(LevelWarn, EntityNotReturnedCode, t.Line, "no field of the supergraph gives the entity %q, and no other subgraph has it", t.Name)
	}
	return problems
}
