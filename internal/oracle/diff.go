package oracle

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// Diff compares an answer with JSON: members in order, numbers as decimals. It returns "" or the first difference, with
// its path.
func Diff(want any, got json.RawMessage) string { return diff("data", want, got) }

func diff(path string, want any, got json.RawMessage) string {
	switch want := want.(type) {
	case Object:
		return diffObject(path, want, got)
	case List:
		var list []json.RawMessage
		if err := json.Unmarshal(got, &list); err != nil || list == nil || len(list) != len(want) {
			return fmt.Sprintf("%s: want %d elements, got %s", path, len(want), got)
		}
		for i, element := range want {
			if d := diff(fmt.Sprintf("%s[%d]", path, i), element, list[i]); d != "" {
				return d
			}
		}
		return ""
	}
	if len(got) > 0 && equal(want, decode(got)) {
		return ""
	}
	return fmt.Sprintf("%s: want %s, got %s", path, Format(want), got)
}

func diffObject(path string, want Object, got json.RawMessage) string {
	keys, values, ok := members(got)
	if !ok || len(keys) != len(want) {
		return fmt.Sprintf("%s: want %s, got %s", path, Format(want), got)
	}
	for i, m := range want {
		if keys[i] != m.Key {
			return fmt.Sprintf("%s: want member %q at %d, got %q", path, m.Key, i, keys[i])
		}
		if d := diff(path+"."+m.Key, m.Value, values[i]); d != "" {
			return d
		}
	}
	return ""
}

// members reads an object in its order.
func members(text json.RawMessage) (keys []string, values []json.RawMessage, ok bool) {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, false
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, false
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return nil, nil, false
		}
		keys, values = append(keys, key.(string)), append(values, value)
	}
	return keys, values, true
}

func equal(want, got any) bool {
	number, isNumber := got.(json.Number)
	switch want := want.(type) {
	case *big.Rat:
		return isNumber && rat(number).Cmp(want) == 0
	case Approximate:
		f, err := number.Float64()
		return isNumber && err == nil && math.Abs(f-float64(want)) <= 1e-9*max(1, math.Abs(f))
	case Folded:
		text, ok := got.(string)
		return ok && strings.EqualFold(text, string(want))
	case JSON:
		return jsonIdentity(want.Value) == jsonIdentity(got)
	}
	return want == got
}

// Format writes an answer as JSON, for people.
func Format(v any) string {
	switch v := v.(type) {
	case Object:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = quoteJSON(m.Key) + ": " + Format(m.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case List:
		parts := slices.Collect(func(yield func(string) bool) {
			for _, element := range v {
				if !yield(Format(element)) {
					return
				}
			}
		})
		return "[" + strings.Join(parts, ", ") + "]"
	case *big.Rat:
		return Decimal(v)
	case JSON:
		return jsonText(v.Value)
	}
	text, _ := json.Marshal(v)
	return string(text)
}
