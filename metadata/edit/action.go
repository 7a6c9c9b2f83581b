package edit

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/joinery-graphql/joinery/metadata"
)

// Action is an action as it is to be written. Its Kind and Timeout may be zero, which is Hasura's default.
type Action struct {
	metadata.Action
	// Transforms has "request_transform" and "response_transform" as they are to stand in the file, which Joinery
	// doesn't know yet; RequestTransform and ResponseTransform of the Action count for nothing. Nil leaves alone what is
	// there.
	Transforms yaml.MapSlice
}

// model is the action as it is read.
func (a Action) model() *metadata.Action {
	m := a.Action
	if m.Kind == "" || m.Operation == metadata.Query {
		m.Kind = metadata.Synchronous
	}
	if m.Timeout == 0 {
		m.Timeout = metadata.DefaultTimeout
	}
	m.RequestTransform, m.ResponseTransform = transform(a.Transforms, "request_transform"), transform(a.Transforms, "response_transform")
	return &m
}

func transform(v yaml.MapSlice, key string) *metadata.Transform {
	if t, _ := field(v, key); t == nil {
		return nil
	}
	return &metadata.Transform{}
}

// checkAction says what an action lacks, in the words of Hasura's console where it has some.
func checkAction(a Action) Invalid {
	var out Invalid
	if a.Name == "" {
		out = append(out, FieldFault{"name", "action name is mandatory"})
	}
	if a.Handler == "" {
		out = append(out, FieldFault{"handler", "Handler cannot be empty"})
	}
	if a.Output == nil || operationName(a.Operation) == "" {
		out = append(out, FieldFault{"definition", "Invalid Action Definition"})
	}
	if a.Timeout%time.Second != 0 || a.Timeout < 0 {
		out = append(out, FieldFault{"definition", "the timeout must be a positive number of whole seconds"})
	}
	return out
}

func operationName(op metadata.Operation) string {
	for name, o := range operations {
		if o == op {
			return name
		}
	}
	return ""
}

// ParseAction reads what the console calls an action definition: a type Query or Mutation with one field.
func ParseAction(definition string) (metadata.Action, error) {
	const one = `Action must be defined under a single "Mutation" type or a "Query" type`
	s, err := newSDL([]byte(definition))
	if faults, ok := errors.AsType[metadata.Faults](err); ok {
		return metadata.Action{}, invalid("definition", "Invalid Action Definition: %s", strings.TrimPrefix(faults[0].Message, "invalid SDL: "))
	}
	if len(s.definitions) != 1 || s.definitions[0].operation() == "" || len(s.definitions[0].members) != 1 {
		return metadata.Action{}, invalid("definition", one)
	}
	name := s.definitions[0].members[0].name
	m, _ := metadata.Read(overlay{nothing{}, []File{
		{Path: "version.yaml", After: []byte("version: 3\n")},
		{Path: sdlFile, After: []byte(definition)},
		{Path: actionsFile, After: []byte("actions: [{name: " + name + ", definition: {handler: ''}}]\n")},
	}})
	a := actionOf(m, name)
	if a == nil || a.Output == nil {
		return metadata.Action{}, invalid("definition", "Invalid Action Definition")
	}
	return *a, nil
}

// AddAction declares an action in actions.graphql and adds it to actions.yaml, behind the others. Its description stands
// in actions.yaml, as comment.
func AddAction(dir fs.FS, a Action) (Change, error) {
	if faults := checkAction(a); len(faults) > 0 {
		return Change{}, faults
	}
	m, _ := metadata.Read(dir)
	s, err := readSDL(dir)
	if err != nil {
		return Change{}, err
	}
	if d, _ := s.field(a.Name); d != nil || actionOf(m, a.Name) != nil {
		return Change{}, actionExists(a.Name)
	}
	declared := s.raw != nil || !serverForm(dir)
	if declared {
		s.addField(a.Operation, a.printed(""))
	}
	return withSDL(dir, s, func(root yaml.MapSlice) (yaml.MapSlice, error) {
		return inActions(root, func(actions []any) ([]any, error) {
			if i, err := find(actions, "action", a.Name); i >= 0 || err != nil {
				return nil, actionExists(a.Name)
			}
			return append(actions, a.value(declared)), nil
		})
	}, func(m *metadata.Metadata) { m.Actions = append(m.Actions, a.model()) })
}

func actionExists(name string) error {
	return invalid("name", "action with name %q already exists", name)
}

// ReplaceAction makes the action called name into a, whose name may be another. Permissions stay as they are, whatever
// a has, and so do comments and what a has nothing about. An action that actions.yaml declares whole, in Hasura's server
// form, goes on doing so.
func ReplaceAction(dir fs.FS, name string, a Action) (Change, error) {
	if faults := checkAction(a); len(faults) > 0 {
		return Change{}, faults
	}
	m, _ := metadata.Read(dir)
	old := actionOf(m, name)
	if old == nil {
		return Change{}, unknownAction(m, name)
	}
	if a.Name != name && actionOf(m, a.Name) != nil {
		return Change{}, actionExists(a.Name)
	}
	s, err := readSDL(dir)
	if err != nil {
		return Change{}, err
	}
	declared := s.redeclare(old, a)
	return withSDL(dir, s, func(root yaml.MapSlice) (yaml.MapSlice, error) {
		return inActions(root, func(actions []any) ([]any, error) {
			i, err := findAction(actions, name)
			if err != nil {
				return nil, err
			}
			v := actions[i].(yaml.MapSlice)
			definition, err := mappingOf(v, "definition")
			if err != nil {
				return nil, err
			}
			return replaced(actions, i, a.valueWith(v, a.inline(definition, declared))), nil
		})
	}, func(m *metadata.Metadata) {
		was := actionOf(m, name)
		now := a.model()
		now.Permissions = was.Permissions
		if a.Transforms == nil {
			now.RequestTransform, now.ResponseTransform = was.RequestTransform, was.ResponseTransform
		}
		*was = *now
	})
}

// redeclare changes the field of an action, if the file has it.
func (s *sdl) redeclare(old *metadata.Action, a Action) (declared bool) {
	d, i := s.field(old.Name)
	if d == nil {
		return false
	}
	description := ""
	described := s.plain[d.members[i].start] == '"'
	if described {
		description = a.Description
	}
	text := a.printed(description)
	switch {
	case d.operation() != a.Operation:
		s.removeMember(d, i)
		s.addField(a.Operation, text)
	case old.Name != a.Name || !sameField(old, &a.Action) || described && old.Description != a.Description:
		s.replaceMember(d, i, text)
	}
	return true
}

func sameField(a, b *metadata.Action) bool {
	return a.Output.String() == b.Output.String() && sameModel(reflect.ValueOf(a.Arguments), reflect.ValueOf(b.Arguments))
}

// RemoveAction takes an action out of both files. Types that only it used stay.
func RemoveAction(dir fs.FS, name string) (Change, error) {
	m, _ := metadata.Read(dir)
	s, err := readSDL(dir)
	if err != nil {
		return Change{}, err
	}
	d, i := s.field(name)
	if d == nil && actionOf(m, name) == nil {
		return Change{}, unknownAction(m, name)
	}
	if d != nil {
		s.removeMember(d, i)
	}
	return withSDL(dir, s, func(root yaml.MapSlice) (yaml.MapSlice, error) {
		return inActions(root, func(actions []any) ([]any, error) {
			i, err := find(actions, "action", name)
			if err != nil || i < 0 {
				return actions, err
			}
			return slices.Delete(slices.Clone(actions), i, i+1), nil
		})
	}, func(m *metadata.Metadata) {
		m.Actions = slices.DeleteFunc(m.Actions, func(a *metadata.Action) bool { return a.Name == name })
	})
}

// AddActionPermission lets a role call an action. The comment may be "".
func AddActionPermission(dir fs.FS, action, role, comment string) (Change, error) {
	return permissionEdit(dir, action, func(permissions []any) ([]any, error) {
		if roleAt(permissions, role) >= 0 {
			return nil, invalid("", "permission for role %q is already defined on %q", role, action)
		}
		p := yaml.MapSlice{{Key: "role", Value: role}}
		if comment != "" {
			p = with(p, "comment", comment)
		}
		return append(permissions, p), nil
	}, func(a *metadata.Action) { a.Permissions = append(a.Permissions, metadata.ActionPermission{Role: role}) })
}

// RemoveActionPermission keeps a role from calling an action.
func RemoveActionPermission(dir fs.FS, action, role string) (Change, error) {
	return permissionEdit(dir, action, func(permissions []any) ([]any, error) {
		i := roleAt(permissions, role)
		if i < 0 {
			return nil, &NotFound{Message: fmt.Sprintf("permission for role %q is not defined on %q", role, action)}
		}
		return slices.Delete(slices.Clone(permissions), i, i+1), nil
	}, func(a *metadata.Action) {
		a.Permissions = slices.DeleteFunc(a.Permissions, func(p metadata.ActionPermission) bool { return p.Role == role })
	})
}

func roleAt(permissions []any, role string) int {
	return slices.IndexFunc(permissions, func(v any) bool {
		m, _ := v.(yaml.MapSlice)
		r, _ := field(m, "role")
		return r == role
	})
}

func permissionEdit(dir fs.FS, action string, change func([]any) ([]any, error), model func(*metadata.Action)) (Change, error) {
	m, _ := metadata.Read(dir)
	if actionOf(m, action) == nil {
		return Change{}, unknownAction(m, action)
	}
	return edited(dir, func(root yaml.MapSlice) (yaml.MapSlice, error) {
		return inActions(root, func(actions []any) ([]any, error) {
			i, err := findAction(actions, action)
			if err != nil {
				return nil, err
			}
			v := actions[i].(yaml.MapSlice)
			permissions, err := listOf(v, "permissions")
			if err != nil {
				return nil, err
			}
			if permissions, err = change(permissions); err != nil {
				return nil, err
			}
			if len(permissions) == 0 {
				return replaced(actions, i, without(v, "permissions")), nil
			}
			return replaced(actions, i, with(v, "permissions", permissions)), nil
		})
	}, func(m *metadata.Metadata) { model(actionOf(m, action)) })
}

func actionOf(m *metadata.Metadata, name string) *metadata.Action {
	for _, a := range m.Actions {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// findAction finds an action that is known to be there.
func findAction(actions []any, name string) (int, error) {
	i, err := find(actions, "action", name)
	if i < 0 && err == nil {
		err = &unplaced{"actions", "", fmt.Sprintf("the action %q stands for something else, by an alias or a merge key", name), byHand}
	}
	return i, err
}

func unknownAction(m *metadata.Metadata, name string) error {
	names := make([]string, len(m.Actions))
	for i, a := range m.Actions {
		names[i] = a.Name
	}
	return &NotFound{fmt.Sprintf("action with name %q does not exist", name), metadata.DidYouMean(name, names)}
}

func inActions(root yaml.MapSlice, change func([]any) ([]any, error)) (yaml.MapSlice, error) {
	actions, err := listOf(root, "actions")
	if err != nil {
		return nil, err
	}
	if actions, err = change(actions); err != nil {
		return nil, err
	}
	if len(actions) == 0 {
		actions = []any{}
	}
	return with(root, "actions", actions), nil
}

// printed is the action as a field of a root type.
func (a Action) printed(description string) printed {
	return printed{description: description, name: a.Name, arguments: printedArguments(a.Arguments), kind: a.Output.String()}
}

// value is what stands in actions.yaml for a new action.
func (a Action) value(declared bool) yaml.MapSlice {
	v := a.valueWith(nil, nil)
	if !declared {
		definition, _ := mappingOf(v, "definition")
		v = with(v, "definition", a.inline(definition, declared))
	}
	if len(a.Permissions) == 0 {
		return v
	}
	permissions := make([]any, len(a.Permissions))
	for i, p := range a.Permissions {
		permissions[i] = yaml.MapSlice{{Key: "role", Value: p.Role}}
	}
	return with(v, "permissions", permissions)
}

// valueWith is v as the action, made of its definition.
func (a Action) valueWith(v, definition yaml.MapSlice) yaml.MapSlice {
	v = with(with(v, "name", a.Name), "definition", a.definition(definition))
	return unlessDefault(v, "comment", a.Description, "")
}

func (a Action) definition(v yaml.MapSlice) yaml.MapSlice {
	m := a.model()
	kind := string(m.Kind)
	if was, _ := field(v, "kind"); was == "" && m.Kind == metadata.Synchronous || v == nil && m.Operation == metadata.Query {
		kind = "" // as Hasura writes it for queries
	}
	if _, has := field(v, "kind"); has || v == nil || m.Kind != metadata.Synchronous {
		v = with(v, "kind", kind)
	}
	v = with(v, "handler", m.Handler)
	v = unlessDefault(v, "forward_client_headers", m.ForwardClientHeaders, false)
	v = unlessDefault(v, "timeout", int64(m.Timeout/time.Second), int64(metadata.DefaultTimeout/time.Second))
	if m.IgnoredClientHeaders == nil {
		v = without(v, "ignored_client_headers")
	} else {
		v = with(v, "ignored_client_headers", texts(m.IgnoredClientHeaders))
	}
	v = headersIn(v, m.Headers)
	if a.Transforms == nil {
		return v
	}
	for _, key := range []string{"request_transform", "response_transform"} {
		if t, _ := field(a.Transforms, key); t != nil {
			v = with(v, key, valueOf(t))
		} else {
			v = without(v, key)
		}
	}
	return v
}

// unlessDefault sets a key, but leaves it away, or as it is, where the value is what it means when it is absent.
func unlessDefault(v yaml.MapSlice, key string, value, absent any) yaml.MapSlice {
	was, _ := field(v, key)
	switch {
	case value != absent:
		return with(v, key, value)
	case was == nil || was == absent:
		return v
	}
	return without(v, key)
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func headersIn(v yaml.MapSlice, headers []metadata.Header) yaml.MapSlice {
	if was, _ := field(v, "headers"); len(headers) == 0 {
		if empty(was) {
			return v
		}
		return without(v, "headers")
	}
	list := make([]any, len(headers))
	for i, h := range headers {
		value := yaml.MapItem{Key: "value", Value: h.Value}
		if h.ValueFromEnv != "" {
			value = yaml.MapItem{Key: "value_from_env", Value: h.ValueFromEnv}
		}
		list[i] = yaml.MapSlice{{Key: "name", Value: h.Name}, value}
	}
	return with(v, "headers", list)
}

// inline is a definition with what the server form says in it: type, arguments and output_type. In the form of the CLI,
// in which actions.graphql says it, they are only kept in step where they are there.
func (a Action) inline(v yaml.MapSlice, declared bool) yaml.MapSlice {
	set := func(key string, value any) {
		if _, has := field(v, key); has || !declared {
			v = with(v, key, value)
		}
	}
	arguments := make([]any, len(a.Arguments))
	for i, g := range a.Arguments {
		arguments[i] = argumentValue(g)
	}
	set("type", string(a.Operation))
	set("arguments", arguments)
	set("output_type", a.Output.String())
	return v
}

func argumentValue(a *metadata.Argument) yaml.MapSlice {
	v := yaml.MapSlice{{Key: "name", Value: a.Name}, {Key: "type", Value: a.Type.String()}}
	return unlessDefault(v, "description", a.Description, "")
}
