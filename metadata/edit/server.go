package edit

import (
	"fmt"
	"io/fs"

	"github.com/goccy/go-yaml"

	"github.com/joinery-graphql/joinery/metadata"
)

// This file reads and writes Hasura's server form of metadata, that of its metadata API.

// DecodeAction reads an action in the server form, as decoded JSON. Types are not looked at.
func DecodeAction(v map[string]any) (Action, error) {
	m, faults := readForm(yaml.MapSlice{{Key: "actions", Value: []any{valueOf(v)}}})
	if len(m.Actions) != 1 {
		return Action{}, firstFault(faults, "expected an action with a name")
	}
	a := Action{Action: *m.Actions[0], Transforms: yaml.MapSlice{}}
	definition, _ := v["definition"].(map[string]any)
	if a.Output == nil || count(definition["arguments"]) != len(a.Arguments) || count(definition["headers"]) != len(a.Headers) ||
		count(v["permissions"]) != len(a.Permissions) {
		return Action{}, firstFault(faults, `expected an action with a definition that has "output_type" and "handler"`)
	}
	for _, key := range []string{"request_transform", "response_transform"} {
		if t := definition[key]; t != nil {
			a.Transforms = with(a.Transforms, key, valueOf(t))
		}
	}
	return a, nil
}

// DecodeTypes reads custom types in the server form, as decoded JSON.
func DecodeTypes(v map[string]any) (metadata.CustomTypes, error) {
	m, faults := readForm(yaml.MapSlice{{Key: "custom_types", Value: valueOf(v)}})
	t := m.CustomTypes
	want, got := 0, len(t.Objects)+len(t.InputObjects)+len(t.Enums)+len(t.Scalars)
	for _, keyword := range []string{"type", "input", "enum", "scalar"} {
		list := lists[keyword]
		items, _ := v[list.list].([]any)
		for _, item := range items {
			m, _ := item.(map[string]any)
			name, _ := m["name"].(string)
			if keyword != "scalar" || !knownScalar(name) {
				want += 1 + count(m[list.members]) + count(m["relationships"])
			}
		}
	}
	for _, o := range t.Objects {
		got += len(o.Fields) + len(o.Relationships)
	}
	for _, in := range t.InputObjects {
		got += len(in.Fields)
	}
	for _, e := range t.Enums {
		got += len(e.Values)
	}
	if want != got {
		return t, firstFault(faults, "invalid custom types")
	}
	return t, nil
}

func knownScalar(name string) bool {
	return metadata.IsBuiltinScalar(name) || metadata.IsPostgresType(name)
}

// readForm reads a value as the whole of actions.yaml.
func readForm(v yaml.MapSlice) (*metadata.Metadata, metadata.Faults) {
	text := (&document{}).block(v, 0, nil)
	return metadata.Read(overlay{nothing{}, []File{
		{Path: "version.yaml", After: []byte("version: 3\n")}, {Path: actionsFile, After: []byte(text + "\n")},
	}})
}

// firstFault is the first error of what was read, without its place in a file that isn't there.
func firstFault(faults metadata.Faults, otherwise string) error {
	for _, f := range faults.Of(metadata.Error) {
		if f.Pos.File == actionsFile {
			f.Pos = metadata.Pos{}
			return Invalid{{"", f.String()}}
		}
	}
	return invalid("", "%s", otherwise)
}

func count(v any) int {
	list, _ := v.([]any)
	return len(list)
}

// exported are the files of a directory and the keys that they have in the server form.
var exported = []struct{ file, key string }{
	{"databases/databases.yaml", "sources"},
	{"remote_schemas.yaml", "remote_schemas"},
	{"inherited_roles.yaml", "inherited_roles"},
	{"query_collections.yaml", "query_collections"},
	{"allow_list.yaml", "allowlist"},
	{"cron_triggers.yaml", "cron_triggers"},
	{"rest_endpoints.yaml", "rest_endpoints"},
	{"api_limits.yaml", "api_limits"},
	{"network.yaml", "network"},
	{"opentelemetry.yaml", "opentelemetry"},
	{"graphql_schema_introspection.yaml", "graphql_schema_introspection"},
	{"backend_configs.yaml", "backend_configs"},
	{"metrics_config.yaml", "metrics_config"},
}

// exportedVersion2 are those of CLI version 2 in the place of databases.yaml.
var exportedVersion2 = []struct{ file, key string }{{"tables.yaml", "tables"}, {"functions.yaml", "functions"}}

// Export is a directory in the server form, as plain Go that can be made JSON. Empty files are left away, and
// federation.yaml, which Hasura doesn't know.
func Export(dir fs.FS) (map[string]any, error) {
	m, faults := metadata.Read(dir)
	if m.Version == 0 {
		return nil, faults.Err()
	}
	out := map[string]any{"version": m.Version}
	files := exported
	if m.Version == 2 {
		files = append(exportedVersion2[:2:2], exported[1:]...)
	}
	for _, f := range files {
		v, err := exportedValue(dir, f.file)
		if err != nil {
			return nil, err
		}
		if v != nil && !empty(v) {
			out[f.key] = plainGo(v)
		}
	}
	v, err := exportedValue(dir, actionsFile)
	if err != nil {
		return nil, err
	}
	root, _ := v.(yaml.MapSlice)
	if out["actions"], err = exportedActions(m, root); err != nil {
		return nil, err
	}
	root, err = setTypeValues(root, customTypes(m.CustomTypes), true, false)
	if err != nil {
		return nil, err
	}
	for _, t := range customTypes(m.CustomTypes) {
		root, err = inType(root, lists[t.keyword].list, t.name, func(v yaml.MapSlice) (yaml.MapSlice, error) { return t.form(v), nil })
		if err != nil {
			return nil, err
		}
	}
	types, _ := field(root, "custom_types")
	out["custom_types"] = plainGo(types)
	return out, nil
}

// form is an item of custom_types with all its members.
func (c customType) form(v yaml.MapSlice) yaml.MapSlice {
	v = unlessDefault(v, "description", c.description, "")
	members := make([]any, len(c.members))
	for i, m := range c.members {
		members[i] = m.value
	}
	if key := lists[c.keyword].members; key != "" {
		v = with(v, key, members)
	}
	return v
}

func exportedActions(m *metadata.Metadata, root yaml.MapSlice) ([]any, error) {
	actions, err := listOf(root, "actions")
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, len(actions))
	for _, v := range actions {
		action, _ := v.(yaml.MapSlice)
		name, _ := field(action, "name")
		a := actionOf(m, fmt.Sprint(name))
		definition, err := mappingOf(action, "definition")
		if err != nil || a == nil || a.Output == nil {
			return nil, refusal(metadata.Pos{File: actionsFile}, fmt.Sprintf("the action %v can't be read", name), "")
		}
		definition = Action{Action: *a}.inline(definition, false)
		action = with(action, "definition", definition)
		out = append(out, plainGo(unlessDefault(action, "comment", a.Description, "")))
	}
	return out, nil
}

// exportedValue is the value of a file, nil where there is none.
func exportedValue(dir fs.FS, file string) (any, error) {
	e := newEditor(dir)
	n, err := e.root(file)
	if err != nil {
		return nil, err
	}
	v, err := e.value(n)
	if err != nil {
		return nil, err
	}
	if e.opaque {
		return nil, refusal(metadata.Pos{File: file}, "aliases, merge keys and tags can't be exported", "write the values out")
	}
	return v, nil
}

// plainGo is a value as maps and lists.
func plainGo(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		out := make(map[string]any, len(v))
		for _, e := range v {
			out[e.Key.(string)] = plainGo(e.Value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainGo(e)
		}
		return out
	}
	return v
}
