package oracle

import (
	"cmp"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// jsonRank is the order of types: objects are the greatest (Postgres, section 8.14.4).
func jsonRank(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case string:
		return 1
	case json.Number:
		return 2
	case bool:
		return 3
	case []any:
		return 4
	}
	return 5
}

// compareJSON orders whole values. There an empty array is less than all else, for historical reasons (Postgres,
// compareJsonbContainers).
func compareJSON(a, b any) int {
	if jsonRank(a) <= 4 && jsonRank(b) <= 4 {
		aEmpty, bEmpty := isEmptyArray(a), isEmptyArray(b)
		if aEmpty != bEmpty && (jsonRank(a) < 4 || jsonRank(b) < 4) {
			return compareBool(!aEmpty, !bEmpty)
		}
	}
	return compareElements(a, b)
}

func isEmptyArray(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 0
}

func compareElements(a, b any) int {
	if c := cmp.Compare(jsonRank(a), jsonRank(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case string:
		return cmp.Compare(a, b.(string))
	case json.Number:
		return rat(a).Cmp(rat(b.(json.Number)))
	case bool:
		return compareBool(a, b.(bool))
	case []any:
		return compareLists(a, b.([]any))
	case map[string]any:
		return compareObjects(a, b.(map[string]any))
	}
	return 0
}

func compareLists(a, b []any) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	for i := range a {
		if c := compareElements(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

func compareObjects(a, b map[string]any) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	other := jsonKeys(b)
	for i, key := range jsonKeys(a) {
		if c := cmp.Or(cmp.Compare(key, other[i]), compareElements(a[key], b[other[i]])); c != 0 {
			return c
		}
	}
	return 0
}

// jsonKeys are in the order in which jsonb keeps them: by length, then by bytes.
func jsonKeys(object map[string]any) []string {
	return slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
}

func rat(n json.Number) *big.Rat {
	r, _ := new(big.Rat).SetString(n.String())
	return r
}

// jsonIdentity is a text that is equal for equal values.
func jsonIdentity(v any) string {
	return writeJSON(v, func(n json.Number) string { return rat(n).RatString() })
}

// jsonText is jsonb's text form.
func jsonText(v any) string { return writeJSON(v, json.Number.String) }

func writeJSON(v any, number func(json.Number) string) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return quoteJSON(v)
	case json.Number:
		return number(v)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		parts := make([]string, len(v))
		for i, element := range v {
			parts[i] = writeJSON(element, number)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, key := range jsonKeys(v) {
			parts = append(parts, quoteJSON(key)+": "+writeJSON(v[key], number))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	panic("BUG: unknown JSON value")
}

func quoteJSON(text string) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text)
	return strings.TrimSuffix(out.String(), "\n")
}

// containsJSON is jsonb's @> (Postgres, section 8.14.3). As a whole, an array contains a scalar, too.
func containsJSON(a, b any) bool {
	_, aObject := a.(map[string]any)
	_, bObject := b.(map[string]any)
	if aObject != bObject {
		return false
	}
	list, isList := a.([]any)
	if isList && jsonRank(b) < 4 {
		return slices.ContainsFunc(list, func(element any) bool { return compareElements(element, b) == 0 })
	}
	return containsElement(a, b)
}

func containsElement(a, b any) bool {
	switch b := b.(type) {
	case map[string]any:
		object, ok := a.(map[string]any)
		for key, value := range b {
			own, has := object[key]
			if !ok || !has || !containsElement(own, value) {
				return false
			}
		}
		return ok
	case []any:
		list, ok := a.([]any)
		for _, value := range b {
			if !ok || !slices.ContainsFunc(list, func(own any) bool { return containsElement(own, value) }) {
				return false
			}
		}
		return ok
	}
	return compareElements(a, b) == 0
}

// hasKey is jsonb's ?: a key of an object, an element of an array, or the text itself.
func hasKey(v any, key string) bool {
	switch v := v.(type) {
	case map[string]any:
		_, ok := v[key]
		return ok
	case []any:
		return slices.ContainsFunc(v, func(element any) bool { return element == key })
	}
	return v == key
}
