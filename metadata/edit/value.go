package edit

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// A value is a YAML value as plain Go: a yaml.MapSlice with strings as keys, an []any, a string, bool, int64, uint64,
// float64 or nil. Includes are resolved; anchors are looked through. What else the file writes stays as it is written:
type (
	alias  string // the anchor's name
	tagged struct {
		tag   string
		value any
	}
	number string // that Go has no comparable value for: .nan
)

// valueOf is plain Go, such as decoded JSON, as a value.
func valueOf(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		out := make(yaml.MapSlice, len(v))
		for i, e := range v {
			out[i] = yaml.MapItem{Key: fmt.Sprint(e.Key), Value: valueOf(e.Value)}
		}
		return out
	case map[string]any:
		out := yaml.MapSlice{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, yaml.MapItem{Key: key, Value: valueOf(v[key])})
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = valueOf(e)
		}
		return out
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v)
		}
	case float64:
		if i := int64(v); float64(i) == v {
			return i
		}
	}
	return v
}

func field(m yaml.MapSlice, key string) (any, bool) {
	for _, e := range m {
		if e.Key == key {
			return e.Value, true
		}
	}
	return nil, false
}

// with is m with key set to v, at its place or at the end.
func with(m yaml.MapSlice, key string, v any) yaml.MapSlice {
	out := slices.Clone(m)
	for i, e := range out {
		if e.Key == key {
			out[i].Value = v
			return out
		}
	}
	return append(out, yaml.MapItem{Key: key, Value: v})
}

// without is m without key.
func without(m yaml.MapSlice, key string) yaml.MapSlice {
	return slices.DeleteFunc(slices.Clone(m), func(e yaml.MapItem) bool { return e.Key == key })
}

// equal compares values. The order of a mapping's keys doesn't count.
func equal(a, b any) bool {
	switch a := a.(type) {
	case yaml.MapSlice:
		b, ok := b.(yaml.MapSlice)
		return ok && len(a) == len(b) && !slices.ContainsFunc(a, func(e yaml.MapItem) bool {
			v, ok := field(b, e.Key.(string))
			return !ok || !equal(e.Value, v)
		})
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case tagged:
		b, ok := b.(tagged)
		return ok && a.tag == b.tag && equal(a.value, b.value)
	}
	switch b.(type) {
	case yaml.MapSlice, []any, tagged:
		return false
	}
	return a == b
}

// identity is what tells an item of a list from the others: a name, where it has one.
func identity(v any) any {
	m, ok := v.(yaml.MapSlice)
	if !ok {
		return nil
	}
	for _, key := range []string{"name", "role", "value"} {
		if s, ok := field(m, key); ok {
			return [2]any{key, fmt.Sprint(s)}
		}
	}
	return nil
}

// same says whether want is what have is to become.
func same(have, want any) bool {
	if id := identity(have); id != nil {
		return id == identity(want)
	}
	return equal(have, want)
}

// empty says whether v is a list or mapping with nothing in it.
func empty(v any) bool {
	switch v := v.(type) {
	case yaml.MapSlice:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// scalar is the value of a node that has no others below it.
func scalar(n ast.Node) any {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value
	case *ast.LiteralNode:
		return x.Value.Value
	case *ast.BoolNode:
		return x.Value
	case *ast.IntegerNode:
		return valueOf(x.Value)
	case *ast.FloatNode:
		return x.Value
	case nil, *ast.NullNode:
		return nil
	}
	return number(n.GetToken().Value)
}
