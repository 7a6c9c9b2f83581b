package metadata

import (
	"cmp"
	"fmt"
)

func (c *checker) checkTypes() {
	for _, o := range c.m.CustomTypes.Objects {
		c.checkObject(o)
	}
	for _, in := range c.m.CustomTypes.InputObjects {
		c.checkInputObject(in)
	}
	for _, e := range c.m.CustomTypes.Enums {
		c.checkEnum(e)
	}
}

func (c *checker) checkObject(o *Object) {
	if len(o.Fields) == 0 {
		c.errorf(o.Pos, o.item(), "missing fields")
	}
	taken := map[string]bool{}
	claim := func(pos Pos, item, name string) {
		if taken[name] {
			c.errorf(pos, item, "the object %q has duplicate fields: %s", o.Name, name)
		}
		taken[name] = true
		c.name(pos, item, name)
	}
	for _, f := range o.Fields {
		item := fmt.Sprintf("field %q of %s", f.Name, o.item())
		claim(f.Pos, item, f.Name)
		c.fieldType(f.Pos, item, f.Name, f.Type.Named(), "object type", o.Name, c.isOutput)
	}
	for _, rel := range o.Relationships {
		claim(rel.Pos, rel.item(o), rel.Name)
		c.checkRelationship(o, rel)
	}
}

func (c *checker) checkInputObject(in *InputObject) {
	item := "input object" + quoted(in.Name)
	if len(in.Fields) == 0 {
		c.errorf(in.Pos, item, "missing fields")
	}
	name := func(f *Argument) string { return f.Name }
	repeats(in.Fields, name, func(f *Argument, name string) {
		c.errorf(f.Pos, item, "the input object %q has duplicate fields: %s", in.Name, name)
	})
	for _, f := range in.Fields {
		fieldItem := fmt.Sprintf("field %q of %s", f.Name, item)
		c.name(f.Pos, fieldItem, f.Name)
		c.fieldType(f.Pos, fieldItem, f.Name, f.Type.Named(), "input object type", in.Name, c.isInput)
	}
}

// fieldType reports a type that a field cannot have. The two spaces are Hasura's.
func (c *checker) fieldType(pos Pos, item, field, named, noun, owner string, fits func(string) bool) {
	if c.typesComplete && !fits(named) {
		c.add(Fault{
			Pos: pos, Item: item, Message: fmt.Sprintf("the type %q for field %q in  %s %q does not exist", named, field, noun, owner),
			Hint: c.typeHint(named, fits),
		})
	}
}

func (c *checker) checkEnum(e *Enum) {
	item := "enum type" + quoted(e.Name)
	if len(e.Values) == 0 {
		c.errorf(e.Pos, item, "missing values")
	}
	repeats(e.Values, func(v EnumValue) string { return v.Name }, func(v EnumValue, name string) {
		c.errorf(v.Pos, item, "the enum type %q has duplicate values: %s", e.Name, name)
	})
	for _, v := range e.Values {
		switch v.Name {
		case "true", "false", "null": // GraphQL specification, section 3.9
			c.errorf(v.Pos, item, "the enum value %q is not allowed by GraphQL", v.Name)
		default:
			c.name(v.Pos, item, v.Name)
		}
	}
}

func (rel *Relationship) item(o *Object) string {
	return fmt.Sprintf("relationship %q of %s", rel.Name, o.item())
}

func (c *checker) checkRelationship(o *Object, rel *Relationship) {
	c.checkRelationshipTable(o, rel)
	for _, p := range rel.Mapping {
		c.checkMappedField(o, rel, p)
	}
}

// checkMappedField wants a field of scalar or enum type.
func (c *checker) checkMappedField(o *Object, rel *Relationship, p FieldMapping) {
	f := o.Field(p.Field)
	switch {
	case f == nil && c.typesComplete:
		names := namesOf(o.Fields, func(f *Field) string { return f.Name })
		c.add(Fault{
			Pos: p.Pos, Item: rel.item(o),
			Message: fmt.Sprintf("the field %q for relationship %q in object type %q does not exist", p.Field, rel.Name, o.Name),
			Hint:    cmp.Or(c.didYouMean(p.Field, names), fmt.Sprintf("its fields are %q", names[:min(len(names), 10)])),
		})
	case f == nil:
	case f.Type.Elem != nil:
		c.errorf(p.Pos, rel.item(o), "the type of the field %q for relationship %q in object type %q is a list type",
			p.Field, rel.Name, o.Name)
	case c.objects[f.Type.Named()] != nil:
		c.add(Fault{
			Pos: p.Pos, Item: rel.item(o),
			Message: fmt.Sprintf("Relationships cannot be defined with nested object fields: %q", rel.Name),
			Hint:    fmt.Sprintf("the field %q is of object type %q; put the relationship on that type", p.Field, f.Type.Named()),
		})
	}
}

func (c *checker) checkRelationshipTable(o *Object, rel *Relationship) {
	if c.tables[tableKey{rel.Source, rel.Table}] != nil || !c.tablesComplete {
		return
	}
	f := Fault{Pos: rel.Pos, Item: rel.item(o)}
	s := c.source(rel.Source, f)
	if s == nil {
		return
	}
	f.Message = fmt.Sprintf("the remote table %q for relationship %q of object type %q does not exist", rel.Table.display(), rel.Name, o.Name)
	f.Hint = c.tableHint(s, rel.Table)
	c.add(f)
}

// source returns the source called name. Where there is none it completes the fault and returns nil.
func (c *checker) source(name string, f Fault) *Source {
	if s := c.m.Source(name); s != nil {
		return s
	}
	f.Message = fmt.Sprintf("source with name %q does not exist", name)
	names := namesOf(c.m.Sources, func(s *Source) string { return s.Name })
	f.Hint = cmp.Or(c.didYouMean(name, names), "declare it in "+sourcesFile)
	c.add(f)
	return nil
}

// tableHint names the tracked table that was most likely meant.
func (c *checker) tableHint(s *Source, name TableName) string {
	if !s.Postgres() {
		return fmt.Sprintf("source %q is of kind %q, whose tables are not served", s.Name, s.Kind)
	}
	for _, t := range s.Tables {
		if t.Name.Name == name.Name {
			return fmt.Sprintf("did you mean %q?", t.Name)
		}
	}
	display := func(t *Table) string { return t.Name.display() }
	if hint := c.didYouMean(name.display(), namesOf(s.Tables, display)); hint != "" {
		return hint
	}
	return fmt.Sprintf("track it in source %q", s.Name)
}
