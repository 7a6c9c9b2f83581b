package subgraph

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/joinery-graphql/joinery/metadata"
)

// Place is where the metadata has what stands at a line of the SDL that was made of it: the field's place, or else the
// type's. It is zero where the metadata has no such place.
func Place(md *metadata.Metadata, sdl string, line int) metadata.Pos {
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		return metadata.Pos{}
	}
	d := before(slices.Concat(doc.Definitions, doc.Extensions), line, func(d *ast.Definition) *ast.Position { return d.Position })
	if d == nil {
		return metadata.Pos{}
	}
	f := before(d.Fields, line, func(f *ast.FieldDefinition) *ast.Position { return f.Position })
	if d.Name == "Query" || d.Name == "Mutation" {
		return rootPlace(md, f)
	}
	field := ""
	if f != nil {
		field = f.Name
	}
	return typePlace(md, d.Name, field)
}

// before is the last of things at or before a line, nil where there is none.
func before[T any](things []*T, line int, pos func(*T) *ast.Position) (last *T) {
	for _, t := range things {
		if p := pos(t); p != nil && p.Line <= line && (last == nil || p.Line > pos(last).Line) {
			last = t
		}
	}
	return last
}

// rootPlace is that of an action, or of the table that a field reads.
func rootPlace(md *metadata.Metadata, f *ast.FieldDefinition) metadata.Pos {
	if f == nil {
		return metadata.Pos{}
	}
	for _, a := range md.Actions {
		if a.Name == f.Name {
			return a.Pos
		}
	}
	return typePlace(md, f.Type.Name(), "")
}

// typePlace is that of a type or its field; of a type that is derived from a table's, such as users_bool_exp, the table's.
func typePlace(md *metadata.Metadata, name, field string) metadata.Pos {
	types := &md.CustomTypes
	if o := types.Object(name); o != nil {
		return objectPlace(o, field)
	}
	for _, in := range types.InputObjects {
		if in.Name == name {
			return in.Pos
		}
	}
	for _, e := range types.Enums {
		if e.Name == name {
			return e.Pos
		}
	}
	for _, s := range types.Scalars {
		if s.Name == name {
			return s.Pos
		}
	}
	if t := tableOf(md, name); t != nil {
		return tablePlace(t, field)
	}
	return metadata.Pos{}
}

func objectPlace(o *metadata.Object, field string) metadata.Pos {
	if f := o.Field(field); f != nil {
		return f.Pos
	}
	for _, r := range o.Relationships {
		if r.Name == field || r.Name+aggregateSuffix == field {
			return r.Pos
		}
	}
	return o.Pos
}

const aggregateSuffix = "_aggregate"

func tablePlace(t *metadata.Table, field string) metadata.Pos {
	for _, r := range t.Relationships {
		if r.Name == field || r.Name+aggregateSuffix == field {
			return r.Pos
		}
	}
	for _, r := range t.RemoteRelationships {
		if r.Name == field || r.Name+aggregateSuffix == field {
			return r.Pos
		}
	}
	for _, c := range t.Columns {
		if c.CustomName == field && field != "" {
			return c.Pos
		}
	}
	for _, f := range t.ComputedFields {
		if f.Name == field {
			return f.Pos
		}
	}
	return t.Pos
}

// tableOf is the table whose type's name is the longest that a type's name is, or begins with before a "_".
func tableOf(md *metadata.Metadata, name string) (found *metadata.Table) {
	for _, s := range md.Sources {
		for _, t := range s.Tables {
			own := t.TypeName()
			if (own == name || strings.HasPrefix(name, own+"_")) && (found == nil || len(own) > len(found.TypeName())) {
				found = t
			}
		}
	}
	return found
}
