package edit

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/joinery-graphql/joinery/metadata"
)

// checkRelationship says what a relationship lacks, in the words of Hasura's console. It looks at nothing else: whether
// the table is tracked and the columns are there is known when the changed directory is checked.
func checkRelationship(r metadata.Relationship) Invalid {
	var out Invalid
	need := func(ok bool, field, message string) {
		if !ok {
			out = append(out, FieldFault{field, message})
		}
	}
	need(r.Name != "", "name", "relationship name is mandatory")
	need(r.Type == metadata.ObjectRelationship || r.Type == metadata.ArrayRelationship, "type", `relationship type is mandatory; choose "array" or "object"`)
	need(r.Source != "", "source", "please select a reference data source")
	need(r.Table.Schema != "", "schema", "please select a reference schema")
	need(r.Table.Name != "", "table", "please select a reference table")
	incomplete := func(m metadata.FieldMapping) bool { return m.Field == "" || m.Column == "" }
	need(len(r.Mapping) > 0 && !slices.ContainsFunc(r.Mapping, incomplete), "mapping",
		"please choose the mapping between table column(s) and type field(s)")
	taken := map[string]bool{}
	for _, m := range r.Mapping {
		need(m.Field == "" || !taken[m.Field], "mapping", fmt.Sprintf("the field %q is mapped twice", m.Field))
		taken[m.Field] = true
	}
	return out
}

// AddRelationship adds a relationship to the object type called typeName, behind those that it has.
func AddRelationship(dir fs.FS, typeName string, r metadata.Relationship) (Change, error) {
	return relationshipEdit(dir, typeName, func(relationships []any) ([]any, error) {
		if faults := checkRelationship(r); len(faults) > 0 {
			return nil, faults
		}
		if err := freeRelationship(relationships, r.Name); err != nil {
			return nil, err
		}
		return append(relationships, relationshipValue(nil, r)), nil
	}, func(o *metadata.Object) { o.Relationships = append(o.Relationships, &r) })
}

// ReplaceRelationship makes the relationship called name of the object type called typeName into r, whose name may be
// another. Comments and keys that r has nothing about are kept.
func ReplaceRelationship(dir fs.FS, typeName, name string, r metadata.Relationship) (Change, error) {
	return relationshipEdit(dir, typeName, func(relationships []any) ([]any, error) {
		i, err := findRelationship(relationships, typeName, name)
		if err != nil {
			return nil, err
		}
		if faults := checkRelationship(r); len(faults) > 0 {
			return nil, faults
		}
		if r.Name != name {
			if err := freeRelationship(relationships, r.Name); err != nil {
				return nil, err
			}
		}
		out := slices.Clone(relationships)
		out[i] = relationshipValue(out[i].(yaml.MapSlice), r)
		return out, nil
	}, func(o *metadata.Object) {
		if i := slices.IndexFunc(o.Relationships, named(name)); i >= 0 {
			o.Relationships[i] = &r
		} else { // it could not be read before
			o.Relationships = append(o.Relationships, &r)
		}
	})
}

// RemoveRelationship takes a relationship away from the object type called typeName. The last one takes the key
// "relationships" with it, as Hasura's export has it.
func RemoveRelationship(dir fs.FS, typeName, name string) (Change, error) {
	return relationshipEdit(dir, typeName, func(relationships []any) ([]any, error) {
		i, err := findRelationship(relationships, typeName, name)
		if err != nil {
			return nil, err
		}
		return slices.Delete(slices.Clone(relationships), i, i+1), nil
	}, func(o *metadata.Object) { o.Relationships = slices.DeleteFunc(o.Relationships, named(name)) })
}

func named(name string) func(*metadata.Relationship) bool {
	return func(r *metadata.Relationship) bool { return r.Name == name }
}

// relationshipEdit changes the relationships of a type.
func relationshipEdit(dir fs.FS, typeName string, values func([]any) ([]any, error), model func(*metadata.Object)) (Change, error) {
	m, _ := metadata.Read(dir)
	if m.CustomTypes.Object(typeName) == nil {
		names := make([]string, len(m.CustomTypes.Objects))
		for i, o := range m.CustomTypes.Objects {
			names[i] = o.Name
		}
		return Change{}, &NotFound{fmt.Sprintf("object type with name %q does not exist", typeName), metadata.DidYouMean(typeName, names)}
	}
	return edited(dir, func(root yaml.MapSlice) (yaml.MapSlice, error) {
		return inType(root, "objects", typeName, func(object yaml.MapSlice) (yaml.MapSlice, error) {
			relationships, err := listOf(object, "relationships")
			if err != nil {
				return nil, err
			}
			relationships, err = values(relationships)
			if len(relationships) == 0 {
				return without(object, "relationships"), err
			}
			return with(object, "relationships", relationships), err
		})
	}, func(m *metadata.Metadata) { model(m.CustomTypes.Object(typeName)) })
}

func freeRelationship(relationships []any, name string) error {
	i, err := find(relationships, "relationship", name)
	if i >= 0 && err == nil {
		err = invalid("name", "Relationship with name %q already exists.", name)
	}
	return err
}

func findRelationship(relationships []any, typeName, name string) (int, error) {
	i, err := find(relationships, "relationship", name)
	if i < 0 && err == nil {
		err = &NotFound{
			fmt.Sprintf("relationship with name %q of object type %q does not exist", name, typeName),
			metadata.DidYouMean(name, namesOf(relationships)),
		}
	}
	return i, err
}

// relationshipValue is what stands in the file, made of what stood there.
func relationshipValue(v yaml.MapSlice, r metadata.Relationship) yaml.MapSlice {
	table, _ := field(v, "remote_table")
	_, hasSource := field(v, "source")
	isNew := v == nil
	v = with(with(v, "name", r.Name), "type", string(r.Type))
	if isNew || hasSource || r.Source != metadata.DefaultSource {
		v = with(v, "source", r.Source)
	}
	if tableOf(table) != r.Table {
		v = with(v, "remote_table", yaml.MapSlice{{Key: "schema", Value: r.Table.Schema}, {Key: "name", Value: r.Table.Name}})
	}
	mapping := yaml.MapSlice{}
	for _, m := range r.Mapping {
		mapping = with(mapping, m.Field, m.Column)
	}
	v = with(v, "field_mapping", mapping)
	if r.Description == "" {
		return without(v, "description")
	}
	return with(v, "description", r.Description)
}

// tableOf is the table that a value names, in either of its forms.
func tableOf(v any) metadata.TableName {
	name := metadata.TableName{Schema: "public"}
	switch v := v.(type) {
	case string:
		name.Name = v
	case yaml.MapSlice:
		for _, e := range v {
			s, _ := e.Value.(string)
			switch e.Key {
			case "schema":
				name.Schema = s
			case "name":
				name.Name = s
			}
		}
	}
	return name
}
