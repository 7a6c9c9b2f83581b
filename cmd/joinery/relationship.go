package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

type relationshipCommand struct {
	Add    relationshipAdd    `cmd:"" help:"Add a relationship to an object type of actions.graphql."`
	List   relationshipList   `cmd:"" help:"List the relationships of object types."`
	Edit   relationshipEdit   `cmd:"" help:"Change a relationship; what no flag gives stays."`
	Remove relationshipRemove `cmd:"" help:"Remove a relationship."`
}

// relationshipArgs name a relationship.
type relationshipArgs struct {
	Object string `arg:"" name:"type" help:"Object type, such as CreateUserOutput."`
	Name   string `arg:"" help:"Relationship name."`
}

// relationshipFlags are the form of Hasura's console.
type relationshipFlags struct {
	Type         string        `help:"Relationship type: object or array." placeholder:"object|array"`
	Source       string        `help:"Database: the name of a source." placeholder:"NAME"`
	Schema       string        `help:"Reference schema." placeholder:"NAME"`
	Table        string        `help:"Reference table." placeholder:"NAME"`
	FieldMapping []fieldColumn `help:"From a field of the type to a column of the table; several are compared together." placeholder:"FIELD=COLUMN"`
	Description  *string       `help:"Description of the field." placeholder:"TEXT"`
}

// fieldColumn is a pair of a field mapping.
type fieldColumn metadata.FieldMapping

// UnmarshalText reads FIELD=COLUMN.
func (f *fieldColumn) UnmarshalText(text []byte) error {
	field, column, ok := strings.Cut(string(text), "=")
	if !ok || field == "" || column == "" {
		return fmt.Errorf("invalid mapping %q: want FIELD=COLUMN, such as id=user_id", text)
	}
	f.Field, f.Column = field, column
	return nil
}

// over is r with what the flags give.
func (f relationshipFlags) over(r metadata.Relationship) metadata.Relationship {
	r.Type = metadata.RelationshipType(cmp.Or(f.Type, string(r.Type)))
	r.Source = cmp.Or(f.Source, r.Source)
	r.Table = metadata.TableName{Schema: cmp.Or(f.Schema, r.Table.Schema), Name: cmp.Or(f.Table, r.Table.Name)}
	if len(f.FieldMapping) > 0 {
		r.Mapping = nil
		for _, m := range f.FieldMapping {
			r.Mapping = append(r.Mapping, metadata.FieldMapping(m))
		}
	}
	if f.Description != nil {
		r.Description = *f.Description
	}
	return r
}

type relationshipAdd struct {
	editFlags
	relationshipArgs
	relationshipFlags
}

// Run adds the relationship. Source and schema are Hasura's defaults where no flag gives them.
func (c *relationshipAdd) Run(p *program) error {
	r := c.over(metadata.Relationship{Name: c.Name, Source: metadata.DefaultSource, Table: metadata.TableName{Schema: "public"}})
	return c.edit(p, func(dir fs.FS) (edit.Change, error) { return edit.AddRelationship(dir, c.Object, r) })
}

type relationshipEdit struct {
	editFlags
	relationshipArgs
	relationshipFlags
	Rename string `help:"New name." placeholder:"NAME"`
}

// Run changes the relationship.
func (c *relationshipEdit) Run(p *program) error {
	return c.edit(p, func(dir fs.FS) (edit.Change, error) {
		r := c.over(c.old(dir))
		r.Name = cmp.Or(c.Rename, c.Name)
		return edit.ReplaceRelationship(dir, c.Object, c.Name, r)
	})
}

// old is the relationship as it is; where there is none, edit says so.
func (c *relationshipEdit) old(dir fs.FS) metadata.Relationship {
	m, _ := metadata.Read(dir)
	if o := m.CustomTypes.Object(c.Object); o != nil {
		for _, r := range o.Relationships {
			if r.Name == c.Name {
				return *r
			}
		}
	}
	return metadata.Relationship{Source: metadata.DefaultSource, Table: metadata.TableName{Schema: "public"}}
}

type relationshipRemove struct {
	editFlags
	relationshipArgs
}

// Run removes the relationship.
func (c *relationshipRemove) Run(p *program) error {
	return c.edit(p, func(dir fs.FS) (edit.Change, error) { return edit.RemoveRelationship(dir, c.Object, c.Name) })
}

type relationshipList struct {
	metadataFlags
	Object string `arg:"" optional:"" name:"type" help:"Object type; all where none is given."`
}

// Run lists relationships as Hasura's console does, with their places.
func (c *relationshipList) Run(p *program) error {
	dir, err := c.directory()
	if err != nil {
		return err
	}
	m, faults := metadata.Read(dir)
	if err := faults.Err(); err != nil {
		return c.placeError(err)
	}
	if c.Object != "" && m.CustomTypes.Object(c.Object) == nil {
		return fmt.Errorf("object type with name %q does not exist", c.Object)
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, o := range m.CustomTypes.Objects {
		if c.Object != "" && o.Name != c.Object {
			continue
		}
		for _, r := range o.Relationships {
			_, _ = fmt.Fprintf(w, "%s.%s\t%s\t%s\t%s:%d\n", o.Name, r.Name, r.Type, joins(r), filepath.Join(c.Metadata, r.Pos.File), r.Pos.Line)
		}
	}
	return w.Flush()
}

// joins is what a relationship joins, as Hasura's console writes it: field → source . schema.table . column.
func joins(r *metadata.Relationship) string {
	var fields, columns []string
	for _, m := range r.Mapping {
		fields, columns = append(fields, m.Field), append(columns, m.Column)
	}
	from, to := strings.Join(fields, ", "), strings.Join(columns, ", ")
	if len(fields) > 1 {
		from, to = "( "+from+" )", "( "+to+" )"
	}
	return fmt.Sprintf("%s → %s . %s.%s . %s", from, r.Source, r.Table.Schema, r.Table.Name, to)
}
