package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

// edit makes the change of the files, without looking at what comes of it.
func (r *RelationshipChange) edit(c *Console) (edit.Change, error) {
	switch {
	case r.Relationship == nil:
		return edit.RemoveRelationship(c.dir(), r.Type, r.Name)
	case r.Name == "":
		return edit.AddRelationship(c.dir(), r.Type, r.Relationship.metadata())
	default:
		return edit.ReplaceRelationship(c.dir(), r.Type, r.Name, r.Relationship.metadata())
	}
}

func (r *Relationship) metadata() metadata.Relationship {
	out := metadata.Relationship{
		Name: r.Name, Description: r.Description, Type: metadata.RelationshipType(r.Type), Source: r.Source, Table: metadata.TableName(r.Table),
	}
	for _, m := range r.FieldMapping {
		out.Mapping = append(out.Mapping, metadata.FieldMapping{Field: m.From, Column: m.To})
	}
	return out
}

func (r *RelationshipChange) description() string {
	switch {
	case r.Relationship == nil:
		return fmt.Sprintf("remove relationship %q of type %q", r.Name, r.Type)
	case r.Name == "":
		return fmt.Sprintf("add relationship %q to type %q", r.Relationship.Name, r.Type)
	}
	return fmt.Sprintf("change relationship %q of type %q", r.Name, r.Type)
}

// editFaults are why an edit can't be made, nil where err is of another kind.
func editFaults(err error) []FieldFault {
	var invalid edit.Invalid
	var missing *edit.NotFound
	var places metadata.Faults
	switch {
	case errors.As(err, &invalid):
		out := make([]FieldFault, len(invalid))
		for i, f := range invalid {
			out[i] = FieldFault{Field: f.Field, Message: f.Message}
		}
		return out
	case errors.As(err, &missing):
		return []FieldFault{{Message: missing.Message, Hint: missing.Hint}}
	case errors.As(err, &places):
		return wholeFaults(places)
	}
	return nil
}

// wholeFaults are about no field of a form, but have a place.
func wholeFaults(faults metadata.Faults) []FieldFault {
	out := make([]FieldFault, len(faults))
	for i, f := range faults {
		f.Hint = ""
		out[i] = FieldFault{Message: f.String(), Hint: faults[i].Hint}
	}
	return out
}

// faults tells at which field of the form each fault of the changed metadata is. Those of other things are about the whole.
func (r *RelationshipChange) faults(found metadata.Faults) []FieldFault {
	var own, others []FieldFault
	for _, f := range found {
		if r.concerns(f) {
			own = append(own, FieldFault{Field: fieldOf(f.Message), Message: f.Message, Hint: f.Hint})
		} else {
			others = append(others, wholeFaults(metadata.Faults{f})...)
		}
	}
	return append(own, others...)
}

// fieldOf knows a fault of a relationship by its wording (hasura-actions.md section 7.3).
func fieldOf(message string) string {
	for _, known := range []struct{ beginning, field string }{
		{"the remote table ", "table"},
		{"source with name ", "source"},
		{"the field ", "mapping"},
		{"the column ", "mapping"},
		{"the type of the field ", "mapping"},
		{"Relationships cannot be defined with nested object fields", "mapping"},
	} {
		if strings.HasPrefix(message, known.beginning) {
			return known.field
		}
	}
	return "name"
}

// concerns reports whether a fault is the relationship's: packages name it in two forms, and a name that the type has already
// is a fault of the type.
func (r *RelationshipChange) concerns(f metadata.Fault) bool {
	if r.Relationship == nil {
		return false
	}
	return f.Item == fmt.Sprintf("relationship %q of type %q", r.Relationship.Name, r.Type) ||
		f.Item == fmt.Sprintf("relationship %q of object type %q", r.Relationship.Name, r.Type) ||
		f.Message == fmt.Sprintf("the object %q has duplicate fields: %s", r.Type, r.Relationship.Name)
}

func (c *Console) previewRelationship(ctx context.Context, r RelationshipChange) (Preview, error) {
	out, trial, err := c.preview(ctx, &r)
	if trial == nil {
		return out, err
	}
	defer trial.Close()
	if r.Relationship != nil {
		out.Roles = roleViews(trial, &r)
		out.Index = advice(c.service.Served().Catalogs, r.Relationship)
	}
	return out, nil
}

// preview tells what a change would do. The trial is nil where that isn't known; else it must be closed.
func (c *Console) preview(ctx context.Context, wanted change) (Preview, Trial, error) {
	out := Preview{Faults: []FieldFault{}, Roles: []RoleView{}, Warnings: []Fault{}, Supergraph: Supergraph{Errors: []string{}, Subgraphs: []SubgraphTypes{}}}
	made, trial, faults, err := c.try(ctx, wanted)
	out.Faults = append(out.Faults, faults...)
	if err != nil {
		return out, nil, err
	}
	out.Diff = made.Diff()
	if trial == nil {
		return out, nil, nil
	}
	served := c.service.Served()
	out.SDLDiff = edit.Change{Files: []edit.File{{Path: "subgraph.graphql", Before: []byte(served.SDL), After: []byte(trial.SDL())}}}.Diff()
	out.Supergraph = c.service.Supergraph(ctx, trial.SDL())
	out.Warnings = newWarnings(trial.Warnings(), served.Faults)
	return out, trial, nil
}

// newWarnings are those of what would be served that aren't there now, wherever they stand.
func newWarnings(now, before metadata.Faults) []Fault {
	same := func(a, b metadata.Fault) bool { return a.Item == b.Item && a.Message == b.Message }
	var out metadata.Faults
	for _, f := range now {
		if !slices.ContainsFunc(before, func(b metadata.Fault) bool { return same(f, b) }) {
			out = append(out, f)
		}
	}
	return faults(out)
}

// roleViews tells of each role whether it sees the relationship: it must reach the type by an action and may see rows of the
// table.
func roleViews(trial Trial, r *RelationshipChange) []RoleView {
	md := trial.Metadata()
	out := []RoleView{{Role: metadata.AdminRole, Sees: true}}
	callers := callers(md, usedBy(md)[r.Type])
	for _, role := range roles(md) {
		v := RoleView{Role: role, Sees: true}
		switch {
		case !trial.Sees(role, r.Type, r.Relationship.Name):
			v.Sees, v.Why = false, fmt.Sprintf("it has no select permission on the table %q", metadata.TableName(r.Relationship.Table))
		case !callers[role]:
			v.Sees, v.Why = false, fmt.Sprintf("it may call no action that gives the type %q", r.Type)
		}
		out = append(out, v)
	}
	return out
}

// callers are the roles that may call one of some actions, those included that inherit it.
func callers(md *metadata.Metadata, names []string) map[string]bool {
	out := map[string]bool{}
	for _, a := range md.Actions {
		if slices.Contains(names, a.Name) {
			for _, p := range a.Permissions {
				out[p.Role] = true
			}
		}
	}
	for range md.InheritedRoles { // one of another may come first
		for _, r := range md.InheritedRoles {
			if slices.ContainsFunc(r.RoleSet, func(parent string) bool { return out[parent] }) {
				out[r.Role] = true
			}
		}
	}
	return out
}

// advice says whether an index serves the relationship; nil where the database doesn't have the table.
func advice(catalogs map[string]*catalog.Catalog, r *Relationship) *IndexAdvice {
	known := catalogs[r.Source]
	if known == nil || known.Tables[catalog.Name(r.Table)] == nil {
		return nil
	}
	table := known.Tables[catalog.Name(r.Table)]
	columns := make([]string, len(r.FieldMapping))
	for i, m := range r.FieldMapping {
		columns[i] = m.To
	}
	switch index := table.Index(columns...); {
	case index != nil:
		return &IndexAdvice{Served: true, Name: index.Name}
	case !table.Indexable():
		return &IndexAdvice{Served: false}
	}
	return &IndexAdvice{Suggestion: table.CreateIndex(columns...)}
}

func (c *Console) saveRelationship(ctx context.Context, r RelationshipChange) (State, error) {
	return c.save(ctx, r.Revision, &r)
}

// save writes a change that can be served, and has it served, unless the files changed since the revision that it was made
// for.
func (c *Console) save(ctx context.Context, revision string, wanted change) (State, error) {
	return c.write(ctx, revision, func() error {
		made, trial, faults, err := c.try(ctx, wanted)
		if trial != nil {
			trial.Close()
		}
		if len(faults) > 0 {
			return &apiError{http.StatusUnprocessableEntity, ErrorBody{Code: "invalid", Message: faults[0].Message, Faults: faults}}
		}
		if err != nil {
			return err
		}
		if err := c.apply(made); err != nil {
			return err
		}
		if len(made.Files) > 0 {
			c.undo = append(c.undo, undo{wanted.description(), made})
			c.undo = c.undo[max(0, len(c.undo)-maxUndo):]
		}
		return nil
	})
}

// write changes the files, one change at a time, then has them served.
func (c *Console) write(ctx context.Context, revision string, change func() error) (State, error) {
	if err := c.writeFiles(revision, change); err != nil {
		return State{}, err
	}
	if err := c.service.Reload(ctx); err != nil { // the state tells that the one before is served
		c.options.Log.WarnContext(ctx, "a change of the console could not be served", "error", err)
	}
	return c.state(), nil
}

func (c *Console) writeFiles(revision string, change func() error) error {
	c.editing.Lock()
	defer c.editing.Unlock()
	now, err := c.revision()
	if err != nil {
		return fmt.Errorf("read the metadata directory: %w", err)
	}
	if now != revision {
		return conflict("the metadata was changed by somebody else in the meantime: look at it as it is now, then save again")
	}
	return change()
}

func (c *Console) apply(change edit.Change) error {
	if err := edit.Writable(c.options.Dir); err != nil {
		return &apiError{http.StatusForbidden, ErrorBody{Code: "read-only", Message: err.Error()}}
	}
	err := change.Apply(c.options.Dir)
	var changed *edit.Conflict
	if errors.As(err, &changed) {
		return conflict(changed.Error())
	}
	return err
}

func conflict(message string) error {
	return &apiError{http.StatusConflict, ErrorBody{Code: "conflict", Message: message}}
}

// takeBack undoes the last change.
func (c *Console) takeBack(ctx context.Context, r UndoRequest) (State, error) {
	return c.write(ctx, r.Revision, func() error {
		if len(c.undo) == 0 {
			return badRequest("nothing to undo")
		}
		last := len(c.undo) - 1
		if err := c.apply(c.undo[last].change.Inverse()); err != nil {
			return err
		}
		c.undo = c.undo[:last]
		return nil
	})
}

// sampleRows is how many rows of an array a sample shows.
const sampleRows = 5

// sample asks what would be served for the relationship of one object.
func (c *Console) sample(ctx context.Context, r SampleRequest) (Sample, error) {
	out := Sample{Faults: []FieldFault{}}
	if r.Relationship == nil {
		return out, badRequest("missing relationship")
	}
	_, trial, faults, err := c.try(ctx, &r.RelationshipChange)
	if err != nil || trial == nil {
		out.Faults = append(out.Faults, faults...)
		return out, err
	}
	defer trial.Close()
	role := cmp.Or(r.Role, metadata.AdminRole)
	out.Query = sampleQuery(describe(trial.Metadata(), c.service.Served().Catalogs, ""), &r.RelationshipChange, role)
	if out.Query == "" {
		out.Faults = []FieldFault{{Message: fmt.Sprintf("the role %q sees no column of the table %q", role, metadata.TableName(r.Relationship.Table))}}
		return out, nil
	}
	representation := map[string]any{"__typename": r.Type}
	for name, value := range r.Key {
		representation[name] = value
	}
	body, err := json.Marshal(map[string]any{"query": out.Query, "variables": map[string]any{"representations": []any{representation}}})
	if err != nil {
		return out, badRequest("invalid key: " + err.Error())
	}
	out.Answer = trial.Ask(ctx, role, lowerKeys(r.Variables), body)
	return out, nil
}

func lowerKeys(m map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range m {
		out[strings.ToLower(name)] = value
	}
	return out
}

// sampleQuery selects what the role may see of the table's columns; "" where that is none.
func sampleQuery(md Metadata, r *RelationshipChange, role string) string {
	var fields []string
	for _, s := range md.Sources {
		for _, t := range s.Tables {
			if s.Name == r.Relationship.Source && t.TableName == r.Relationship.Table {
				fields = t.visible(role)
			}
		}
	}
	if len(fields) == 0 {
		return ""
	}
	arguments := ""
	if r.Relationship.Type == string(metadata.ArrayRelationship) {
		arguments = fmt.Sprintf("(limit: %d)", sampleRows)
	}
	return fmt.Sprintf("query Sample($representations: [_Any!]!) {\n  _entities(representations: $representations) {\n    ... on %s {\n      %s%s {\n        %s\n      }\n    }\n  }\n}",
		r.Type, r.Relationship.Name, arguments, strings.Join(fields, "\n        "))
}

// visible are the fields of the columns that a role may see. Of an inherited role all are tried: which of them it may see
// depends on the row.
func (t *Table) visible(role string) (fields []string) {
	i := slices.IndexFunc(t.Permissions, func(p Permission) bool { return p.Role == role })
	for _, c := range t.Columns {
		if i < 0 || t.Permissions[i].AllColumns || slices.Contains(t.Permissions[i].Columns, c.Name) {
			fields = append(fields, c.Field)
		}
	}
	return fields
}
