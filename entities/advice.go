package entities

import (
	"fmt"
	"slices"

	"github.com/joinery-graphql/joinery/metadata"
)

// The rules of [Model.Advice].
const (
	MissingIndexRule       = "missing-index"
	HiddenRelationshipRule = "hidden-relationship"
)

// Advice is what works, but hardly as it was meant: relationships whose columns no index of the target serves, and roles
// that may call an action but see nothing of a relationship of its output. md must be what the model was made from. All
// are warnings, each with its Rule.
func (m *Model) Advice(md *metadata.Metadata) metadata.Faults {
	a := &adviser{model: m}
	for _, o := range md.CustomTypes.Objects {
		for _, r := range o.Relationships {
			a.index(r.Pos, fmt.Sprintf("relationship %q of type %q", r.Name, o.Name), o.Name, r.Name)
		}
	}
	for _, source := range md.Sources {
		for _, t := range source.Tables {
			for _, r := range t.Relationships {
				a.index(r.Pos, fmt.Sprintf("relationship %q of table %q", r.Name, t.Name), t.TypeName(), r.Name)
			}
			for _, r := range t.RemoteRelationships {
				a.index(r.Pos, fmt.Sprintf("remote relationship %q of table %q", r.Name, t.Name), t.TypeName(), r.Name)
			}
		}
	}
	for _, action := range md.Actions {
		for _, p := range action.Permissions {
			a.hidden(md, action, p)
		}
	}
	return a.faults
}

type adviser struct {
	model  *Model
	faults metadata.Faults
}

func (a *adviser) warn(pos metadata.Pos, rule, item, hint, message string) {
	a.faults = append(a.faults, metadata.Fault{Pos: pos, Severity: metadata.Warning, Rule: rule, Item: item, Message: message, Hint: hint})
}

// relationship is a field of the model, nil where it has none of that name: faults say why.
func (a *adviser) relationship(typeName, name string) *Field {
	if t := a.model.Type(typeName); t != nil {
		if f := t.Field(name); f != nil && f.Relationship != nil {
			return f
		}
	}
	return nil
}

func (a *adviser) index(pos metadata.Pos, item, typeName, name string) {
	f := a.relationship(typeName, name)
	if f == nil || f.Relationship.indexed() {
		return
	}
	a.warn(pos, MissingIndexRule, item, f.Relationship.CreateIndex(),
		fmt.Sprintf("no index of table %q serves %s: each join reads the whole table", f.Relationship.Table().Name, quoted(f.Relationship.columnNames())))
}

// hidden looks at all relationships that the output has, itself or nested.
func (a *adviser) hidden(md *metadata.Metadata, action *metadata.Action, p metadata.ActionPermission) {
	role := a.model.Role(p.Role)
	for _, o := range reachable(md, outputs(action)...) {
		for _, r := range o.Relationships {
			f := a.relationship(o.Name, r.Name)
			if f == nil || role.Sees(a.model.Type(o.Name), f) {
				continue
			}
			a.warn(p.Pos, HiddenRelationshipRule, fmt.Sprintf("permission of role %q on action %q", p.Role, action.Name),
				fmt.Sprintf("give the role a select permission on table %q", f.Relationship.Table().Name),
				fmt.Sprintf("the role may call the action, but sees nothing of the relationship %q of its type %q", r.Name, o.Name))
		}
	}
}

// indexed reports whether an index of the target serves the relationship: one that begins with the columns that keys are
// compared with, or a key among them. A target that can't have an index of its own, such as a view, counts as served.
func (r *Relationship) indexed() bool {
	t, names := r.Table(), r.columnNames()
	if !t.Indexable() || t.HasIndex(names...) {
		return true
	}
	return slices.ContainsFunc(append([][]string{t.PrimaryKey}, t.Uniques...), func(key []string) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(c string) bool { return !slices.Contains(names, c) })
	})
}

// CreateIndex is the statement that makes an index for the relationship, for people to send.
func (r *Relationship) CreateIndex() string { return r.Table().CreateIndex(r.columnNames()...) }

func (r *Relationship) columnNames() []string {
	names := make([]string, len(r.Columns()))
	for i, c := range r.Columns() {
		names[i] = c.Name
	}
	return names
}
