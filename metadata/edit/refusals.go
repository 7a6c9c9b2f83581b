package edit

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/joinery-graphql/joinery/metadata"
)

// Refusals are the actions, types and relationships of a directory that can't be edited, as warnings with the reason:
// each is tried.
func Refusals(dir fs.FS) metadata.Faults {
	m, _ := metadata.Read(dir)
	var out metadata.Faults
	try := func(item string, _ Change, err error) {
		if faults, ok := errors.AsType[metadata.Faults](err); ok {
			for _, f := range faults {
				f.Severity, f.Item, f.Message = metadata.Warning, item, "can't be edited: "+f.Message
				out = append(out, f)
			}
		}
	}
	for _, a := range m.Actions {
		c, err := RemoveAction(dir, a.Name)
		try(fmt.Sprintf("action %q", a.Name), c, err)
	}
	for _, o := range m.CustomTypes.Objects {
		item := fmt.Sprintf("object type %q", o.Name)
		c, err := RemoveType(dir, o.Name)
		try(item, c, err)
		if err == nil {
			c, err = AddRelationship(dir, o.Name, probe)
			try(item, c, err)
		}
		for _, r := range o.Relationships {
			c, err := RemoveRelationship(dir, o.Name, r.Name)
			try(fmt.Sprintf("relationship %q of %s", r.Name, item), c, err)
		}
	}
	return out
}

// probe is a relationship that could be added to any type.
var probe = metadata.Relationship{
	Name: "joinery_probe", Type: metadata.ObjectRelationship, Source: metadata.DefaultSource,
	Table: metadata.TableName{Schema: "public", Name: "t"}, Mapping: []metadata.FieldMapping{{Field: "f", Column: "c"}},
}
