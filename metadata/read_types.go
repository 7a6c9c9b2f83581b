package metadata

import "fmt"

// readCustomTypes reads custom_types of actions.yaml. The CLI leaves fields and values out; the server form has them.
func (r *reader) readCustomTypes(n node) CustomTypes {
	f := r.mapping(n, "custom_types")
	var t CustomTypes
	for _, c := range f.list("objects") {
		t.Objects = append(t.Objects, r.readObject(c))
	}
	for _, c := range f.list("input_objects") {
		t.InputObjects = append(t.InputObjects, r.readInputObject(c))
	}
	for _, c := range f.list("enums") {
		t.Enums = append(t.Enums, r.readEnum(c))
	}
	for _, c := range f.list("scalars") {
		t.Scalars = append(t.Scalars, r.readScalar(c))
	}
	f.done()
	return t
}

// named starts to decode a thing that has a name and perhaps a description.
func (r *reader) named(n node, noun string) (f *mapping, pos Pos, name, description string) {
	f = r.mapping(n, noun)
	pos, name, description = f.pos(), f.need("name"), f.text("description")
	if name != "" {
		f.item = noun + quoted(name)
	}
	return f, pos, name, description
}

func (r *reader) readObject(n node) *Object {
	f, pos, name, description := r.named(n, "object type")
	o := &Object{Pos: pos, Name: name, Description: description}
	for _, c := range f.list("fields") {
		if field := r.readField(c, f.item, name); field != nil {
			o.Fields = append(o.Fields, field)
		}
	}
	for _, c := range f.list("relationships") {
		if rel := r.readRelationship(c, f.item); rel != nil {
			o.Relationships = append(o.Relationships, rel)
		}
	}
	f.done()
	return o
}

func (r *reader) readField(n node, item, object string) *Field {
	f := r.mapping(n, "field of "+item)
	field := &Field{Pos: f.pos(), Name: f.need("name"), Description: f.text("description")}
	if field.Name != "" {
		f.item = fmt.Sprintf("field %q of %s", field.Name, item)
	}
	f.need("type")
	field.Type = f.typeRef("type")
	if args := f.get("arguments"); !args.absent() && len(r.list(args, f.item)) > 0 {
		f.errorf(f.keyPos("arguments"), "the object %q can't have arguments", object)
	}
	f.done()
	if field.Name == "" || field.Type == nil {
		return nil
	}
	return field
}

func (r *reader) readInputObject(n node) *InputObject {
	f, pos, name, description := r.named(n, "input object")
	in := &InputObject{Pos: pos, Name: name, Description: description, Fields: r.readArguments(f, "fields", "field")}
	f.done()
	return in
}

func (r *reader) readEnum(n node) *Enum {
	f, pos, name, description := r.named(n, "enum type")
	e := &Enum{Pos: pos, Name: name, Description: description}
	for _, c := range f.list("values") {
		g := r.mapping(c, f.item)
		v := EnumValue{Pos: g.pos(), Name: g.need("value"), Description: g.text("description")}
		if v.Deprecated = g.boolean("is_deprecated"); v.Deprecated {
			v.DeprecationReason = "No longer supported"
		}
		g.done()
		if v.Name != "" {
			e.Values = append(e.Values, v)
		}
	}
	f.done()
	return e
}

func (r *reader) readScalar(n node) *Scalar {
	f, pos, name, description := r.named(n, "scalar")
	f.done()
	return &Scalar{Pos: pos, Name: name, Description: description}
}

// readRelationship reads an action relationship. It is nil where something that it needs is missing.
func (r *reader) readRelationship(n node, item string) *Relationship {
	f := r.mapping(n, "relationship of "+item)
	rel := &Relationship{Pos: f.pos(), Name: f.need("name"), Description: f.text("description")}
	if rel.Name != "" {
		f.item = fmt.Sprintf("relationship %q of %s", rel.Name, item)
	}
	rel.Type = f.relationshipType("type")
	rel.Table = f.needTable("remote_table")
	rel.Mapping = f.fieldMapping("field_mapping")
	if rel.Source = f.text("source"); rel.Source == "" {
		rel.Source = DefaultSource
	}
	f.done()
	if rel.Name == "" || rel.Type == "" || rel.Table == (TableName{}) || len(rel.Mapping) == 0 {
		return nil
	}
	return rel
}

func (f *mapping) relationshipType(key string) RelationshipType {
	switch t := RelationshipType(f.need(key)); t {
	case ObjectRelationship, ArrayRelationship, "":
		return t
	default:
		f.r.add(Fault{
			Pos: f.keyPos(key), Item: f.item, Message: fmt.Sprintf("unknown relationship type %q", t),
			Hint: `expected "object" or "array"`,
		})
		return ""
	}
}

// fieldMapping reads pairs of a field and a column.
func (f *mapping) fieldMapping(key string) []FieldMapping {
	var out []FieldMapping
	for _, p := range f.columnMapping(key) {
		out = append(out, FieldMapping{Pos: p.Pos, Field: p.Column, Column: p.RemoteColumn})
	}
	return out
}

// columnMapping reads a mapping of names to names, of which there must be at least one.
func (f *mapping) columnMapping(key string) []ColumnMapping {
	n := f.get(key)
	entries, ok := f.r.entries(n, f.item)
	switch {
	case n.failed:
		return nil
	case !ok && !n.absent():
		f.expected(key, "a mapping", n)
		return nil
	case len(entries) == 0:
		f.missing(key, "map at least one field to a column")
		return nil
	}
	var out []ColumnMapping
	for _, e := range entries {
		v := f.r.resolve(e.value)
		column, ok := v.text()
		if !ok || column == "" || e.key == "" {
			f.errorf(e.pos, "invalid %q: expected the name of a column for %q, found %s", key, e.key, v.describe())
			continue
		}
		out = append(out, ColumnMapping{Pos: e.pos, Column: e.key, RemoteColumn: column})
	}
	return out
}

// needTable reads the name of a table, which must be there.
func (f *mapping) needTable(key string) TableName {
	if f.get(key).absent() {
		if !f.get(key).failed {
			f.missing(key, "")
		}
		return TableName{}
	}
	return f.table(key)
}

// table reads the name of a table or function: a string, or a mapping with schema and name. Schema public is the
// default of both. It is zero where key is absent or wrong.
func (f *mapping) table(key string) TableName {
	n := f.get(key)
	if n.absent() {
		return TableName{}
	}
	if name, ok := n.text(); ok {
		if name == "" {
			f.missing(key, "")
			return TableName{}
		}
		return TableName{Schema: "public", Name: name}
	}
	g := f.r.mapping(n, f.itemOf(key))
	t := TableName{Schema: g.text("schema"), Name: g.need("name")}
	g.done()
	switch {
	case t.Name == "":
		return TableName{}
	case t.Schema == "":
		t.Schema = "public"
	}
	return t
}
