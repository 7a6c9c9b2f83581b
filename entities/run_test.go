package entities

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// TestOutputs is about JSON that the HTTP client of actions may refuse, but an action answered by a Go function may give.
func TestOutputs(t *testing.T) {
	model, md := handMade(t)
	typ := model.Type("Inner")
	plan := model.Plan(model.Role(metadata.AdminRole), []Root{{Output: md.CustomTypes.Object("Out").Field("inner").Type, Selection: plain(typ, 0)}})
	for _, c := range []struct {
		name, json, want string
		fails            bool
	}{
		{"a member twice counts as the last", `{"a":1,"b":"x","a":2}`, `{"a":2,"b":"x"}`, false},
		{"escaped names", `{"\u0061":1,"b":"\u0062"}`, `{"a":1,"b":"\u0062"}`, false},
		{"white space", " {\n \"b\" : \"x\" ,\t\"a\" : [ 1 , 2 ] } ", `{"a":[ 1 , 2 ],"b":"x"}`, false},
		{"null", `null`, `null`, false},
		{"scalar", `7`, `null`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, errs, ok := plan.Run(t.Context(), loaders.New(loaders.Session{}, loaders.Options{}), nil, []Input{{JSON: []byte(c.json)}}, nil).Append(nil, 0, Path{"get"})
			if string(got) != c.want || !ok || (len(errs) > 0) != c.fails {
				t.Errorf("got %s %v %v, want %s", got, errs, ok, c.want)
			}
		})
	}
}

// TestInputError has an error instead of a value, for a root that may be null and for one that may not.
func TestInputError(t *testing.T) {
	model, md := handMade(t)
	out := md.CustomTypes.Object("Out")
	cause := errors.New("handler is down")
	for field, ok := range map[string]bool{"inner": true, "inners": false} {
		object := model.Type("Inner")
		plan := model.Plan(model.Role(metadata.AdminRole), []Root{{Output: out.Field(field).Type, Selection: plain(object, 0)}})
		got, errs, gotOK := plan.Run(t.Context(), loaders.New(loaders.Session{}, loaders.Options{}), nil, []Input{{Err: cause}}, nil).Append([]byte("x"), 0, Path{"a", 0})
		if gotOK != ok || string(got) != map[bool]string{true: "xnull", false: "x"}[ok] {
			t.Errorf("%s: got %s %v", field, got, gotOK)
		}
		if len(errs) != 1 || !errors.Is(errs[0].Err, cause) || !cmp.Equal(errs[0].Path, Path{"a", 0}) {
			t.Errorf("%s: errors %v", field, errs)
		}
	}
}

// TestPathsAreTheirOwn keeps the paths of two errors from sharing memory.
func TestPathsAreTheirOwn(t *testing.T) {
	model, _ := handMade(t)
	plan := model.Plan(model.Role(metadata.AdminRole), []Root{{Entities: nil}})
	at := make(Path, 1, 8)
	at[0] = "_entities"
	_, errs, _ := plan.Run(t.Context(), loaders.New(loaders.Session{}, loaders.Options{}), nil, []Input{{JSON: []byte(`[1,2]`)}}, nil).Append(nil, 0, at)
	if len(errs) != 2 || !cmp.Equal(errs[0].Path, Path{"_entities", 0}) || !cmp.Equal(errs[1].Path, Path{"_entities", 1}) {
		t.Errorf("got %v", errs)
	}
}
