package edit

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/internal/yamlast"
)

// listOf is a list below a key, nil where there is none.
func listOf(m yaml.MapSlice, key string) ([]any, error) {
	v, _ := field(m, key)
	list, ok := v.([]any)
	if !ok && v != nil {
		return nil, unexpected(key, "a list", v)
	}
	return list, nil
}

// mappingOf is a mapping below a key, nil where there is none.
func mappingOf(m yaml.MapSlice, key string) (yaml.MapSlice, error) {
	v, _ := field(m, key)
	below, ok := v.(yaml.MapSlice)
	if !ok && v != nil {
		return nil, unexpected(key, "a mapping", v)
	}
	return below, nil
}

func unexpected(key, want string, v any) error {
	if a, ok := v.(alias); ok {
		return &unplaced{key, "", fmt.Sprintf("%q is the alias *%s, so a change would change another place, too", key, a), byHand}
	}
	return &unplaced{key, "", fmt.Sprintf("invalid %q: expected %s", key, want), byHand}
}

// unplaced is a refusal whose place is still to be found: the last entry of a mapping that has the key and, where it isn't
// "", the value.
type unplaced struct{ key, value, message, hint string }

func (u *unplaced) Error() string { return u.message }

// placed gives a refusal its place.
func (e *editor) placed(err error) error {
	u, ok := errors.AsType[*unplaced](err)
	if !ok {
		return err
	}
	pos := metadata.Pos{File: actionsFile}
	for _, d := range e.docs {
		found := &entryFinder{unplaced: u}
		if d.body != nil {
			ast.Walk(found, d.body)
		}
		if found.entry != nil {
			pos = d.pos(d.start(found.entry))
		}
	}
	return refusal(pos, u.message, u.hint)
}

type entryFinder struct {
	*unplaced
	entry *ast.MappingValueNode
}

func (f *entryFinder) Visit(n ast.Node) ast.Visitor {
	if entry, ok := n.(*ast.MappingValueNode); ok && yamlast.KeyText(entry.Key) == f.key && (f.value == "" || scalar(entry.Value) == f.value) {
		f.entry = entry
	}
	return f
}

// find is the place of the item that has a name, -1 where there is none.
func find(list []any, noun, name string) (int, error) {
	found := -1
	for i, v := range list {
		m, _ := v.(yaml.MapSlice)
		if n, _ := field(m, "name"); n != name {
			continue
		}
		if found >= 0 {
			return found, &unplaced{"name", name, fmt.Sprintf("duplicate %s %q", noun, name), "remove one of the two with an editor"}
		}
		found = i
	}
	return found, nil
}

func namesOf(list []any) []string {
	var names []string
	for _, v := range list {
		m, _ := v.(yaml.MapSlice)
		if name, ok := field(m, "name"); ok {
			names = append(names, fmt.Sprint(name))
		}
	}
	return names
}

// inType changes what actions.yaml says of a custom type. A type that it doesn't list yet is added to its list, unless
// there is nothing to say.
func inType(root yaml.MapSlice, list, name string, change func(yaml.MapSlice) (yaml.MapSlice, error)) (yaml.MapSlice, error) {
	types, err := mappingOf(root, "custom_types")
	if err != nil {
		return nil, err
	}
	items, err := listOf(types, list)
	if err != nil {
		return nil, err
	}
	i, err := find(items, "type", name)
	if err != nil {
		return nil, err
	}
	item := yaml.MapSlice{{Key: "name", Value: name}}
	if i >= 0 {
		item = items[i].(yaml.MapSlice)
	}
	if item, err = change(item); err != nil {
		return nil, err
	}
	return with(root, "custom_types", with(types, list, replaced(items, i, item))), nil
}

// replaced is list with an item in the place of the one at i, behind all where i is negative.
func replaced(list []any, i int, item any) []any {
	out := append([]any(nil), list...)
	if i < 0 {
		return append(out, item)
	}
	out[i] = item
	return out
}
