package metadata

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	remoteSchemasFile  = "remote_schemas.yaml"
	inheritedRolesFile = "inherited_roles.yaml"
	introspectionFile  = "graphql_schema_introspection.yaml"
	remoteTimeout      = 60 * time.Second // Hasura's default
	maxRemoteSteps     = 16               // of a remote_field
)

func (r *reader) readRemoteSchemas(m *Metadata) {
	for _, n := range r.list(r.root(remoteSchemasFile), "") {
		m.RemoteSchemas = append(m.RemoteSchemas, r.readRemoteSchema(n))
	}
}

func (r *reader) readRemoteSchema(n node) *RemoteSchema {
	f := r.mapping(n, "remote schema")
	s := &RemoteSchema{Pos: f.pos(), Name: f.need("name"), Comment: f.text("comment"), Timeout: remoteTimeout}
	f.item = fmt.Sprintf("remote schema %q", s.Name)
	if d := f.get("definition"); d.absent() {
		f.missing("definition", "")
	} else {
		r.readRemoteDefinition(d, s, f.item)
	}
	for _, c := range f.list("permissions") {
		s.Permissions = append(s.Permissions, r.readRemotePermission(c, f.item))
	}
	f.know("remote_relationships")
	f.done()
	r.unserved.count("remote_schemas", s.Pos)
	return s
}

func (r *reader) readRemoteDefinition(n node, s *RemoteSchema, item string) {
	f := r.mapping(n, item)
	value, env := f.text("url"), f.text("url_from_env")
	s.URL = EnvValue{Pos: f.keyPos("url"), Value: value, FromEnv: env}
	switch {
	case f.node.failed:
	case value != "" && env != "":
		f.errorf(f.keyPos("url_from_env"), `unexpected "url_from_env": the remote schema already has a "url"`)
	case value == "" && env == "":
		f.errorf(f.pos(), `missing "url" or "url_from_env"`)
	case env != "":
		s.URL.Pos = f.keyPos("url_from_env")
	}
	s.Headers = r.readHeaders(f)
	s.ForwardClientHeaders = f.boolean("forward_client_headers")
	s.Timeout = f.seconds("timeout_seconds", remoteTimeout)
	if c := f.get("customization"); !c.absent() {
		s.Customization = r.readRemoteCustomization(c, "customization of "+item)
	}
	f.done()
}

func (r *reader) readRemoteCustomization(n node, item string) RemoteCustomization {
	f := r.mapping(n, item)
	c := RemoteCustomization{Pos: f.pos(), RootFieldsNamespace: f.text("root_fields_namespace")}
	if t := f.get("type_names"); !t.absent() {
		g := r.mapping(t, item)
		c.TypeNames = r.readRemoteNames(g)
		g.done()
	}
	for _, e := range f.list("field_names") {
		g := r.mapping(e, item)
		c.FieldNames = append(c.FieldNames, RemoteFieldNames{g.need("parent_type"), r.readRemoteNames(g)})
		g.done()
	}
	f.done()
	return c
}

func (r *reader) readRemoteNames(f *mapping) RemoteNames {
	names := RemoteNames{Affixes: Affixes{f.text("prefix"), f.text("suffix")}}
	for _, e := range r.members(f, "mapping") {
		if to, ok := r.resolve(e.value).text(); ok {
			if names.Mapping == nil {
				names.Mapping = map[string]string{}
			}
			names.Mapping[e.key] = to
		} else {
			f.expected("mapping", "a mapping to strings", r.resolve(e.value))
		}
	}
	return names
}

func (r *reader) readRemotePermission(n node, item string) RemoteSchemaPermission {
	f := r.mapping(n, "permission of "+item)
	f.know("comment")
	p := RemoteSchemaPermission{Pos: f.pos(), Role: f.need("role")}
	if d := f.get("definition"); !d.absent() {
		g := r.mapping(d, f.item)
		p.Schema = g.text("schema")
		g.done()
	}
	f.done()
	return p
}

// readRemoteRelationship reads both forms of a table's remote relationship.
func (r *reader) readRemoteRelationship(n node, item string) *RemoteRelationship {
	f := r.mapping(n, "remote relationship of "+item)
	rel := &RemoteRelationship{Pos: f.pos(), Name: f.need("name")}
	f.item = fmt.Sprintf("remote relationship %q of %s", rel.Name, item)
	if d := f.get("definition"); d.absent() {
		f.missing("definition", "")
	} else {
		r.readRemoteTarget(d, rel, f.item)
	}
	f.done()
	return rel
}

func (r *reader) readRemoteTarget(n node, rel *RemoteRelationship, item string) {
	f := r.mapping(n, item)
	toSource, toSchema := f.get("to_source"), f.get("to_remote_schema")
	switch {
	case !toSource.absent():
		r.readToSource(toSource, rel, item)
	case !toSchema.absent():
		g := r.mapping(toSchema, item)
		g.readToRemoteSchema(rel, "lhs_fields")
	default: // the form before v2.0.10
		f.readToRemoteSchema(rel, "hasura_fields")
		return
	}
	f.done()
}

func (f *mapping) readToRemoteSchema(rel *RemoteRelationship, fields string) {
	rel.RemoteSchema = f.need("remote_schema")
	rel.Fields = f.texts(fields)
	if n := f.get("remote_field"); n.absent() {
		f.missing("remote_field", "")
	} else {
		rel.RemoteField = f.r.readRemoteSteps(n, f.item)
	}
	f.done()
}

// readRemoteSteps reads {field: {arguments: {...}, field: {field: {...}}}}.
func (r *reader) readRemoteSteps(n node, item string) (steps []RemoteStep) {
	for !n.absent() && len(steps) < maxRemoteSteps {
		m := r.mapping(n, item)
		if len(m.order) != 1 {
			m.errorf(m.pos(), "invalid remote_field: expected one field, found %d", len(m.order))
			return nil
		}
		f := r.mapping(r.resolve(m.order[0].value), item)
		step := RemoteStep{Pos: m.order[0].pos, Field: m.order[0].key}
		for _, e := range r.members(f, "arguments") {
			step.Arguments = append(step.Arguments, RemoteArgument{e.pos, e.key, r.decode(r.resolve(e.value), item)})
		}
		slices.SortFunc(step.Arguments, func(a, b RemoteArgument) int { return strings.Compare(a.Name, b.Name) })
		steps = append(steps, step)
		n = f.get("field")
		f.done()
	}
	if !n.absent() {
		r.errorf(n.pos(), item, "invalid remote_field: more than %d fields in each other", maxRemoteSteps)
	}
	return steps
}

func (r *reader) readToSource(n node, rel *RemoteRelationship, item string) {
	f := r.mapping(n, item)
	rel.Source = f.need("source")
	rel.Table = f.needTable("table")
	rel.Type = f.relationshipType("relationship_type")
	rel.Mapping = f.columnMapping("field_mapping")
	f.done()
}

func (r *reader) readInheritedRoles(m *Metadata) {
	for _, n := range r.list(r.root(inheritedRolesFile), "") {
		f := r.mapping(n, "inherited role")
		role := InheritedRole{Pos: f.pos(), Role: f.need("role_name"), RoleSet: f.texts("role_set")}
		f.done()
		if role.Role != "" {
			m.InheritedRoles = append(m.InheritedRoles, role)
		}
	}
}

func (r *reader) readIntrospection(m *Metadata) {
	n := r.root(introspectionFile)
	if n.absent() {
		return
	}
	f := r.mapping(n, "introspection")
	m.IntrospectionDisabledFor = f.texts("disabled_for_roles")
	f.done()
}
