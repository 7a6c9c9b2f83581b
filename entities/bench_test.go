package entities

import (
	"fmt"
	"strings"
	"testing"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// plain selects a type's own fields, those of its objects included, and no relationship: what needs no database.
func plain(t *Type, depth int) *Selection {
	s := &Selection{Type: t}
	for _, f := range t.Fields {
		selected := SelectedField{Key: f.Name, Field: f}
		if f.Relationship != nil || f.Object != nil && depth == 0 {
			continue
		}
		if f.Object != nil {
			selected.Selection = plain(f.Object, depth-1)
		}
		s.Fields = append(s.Fields, selected)
	}
	return s
}

func repeat(n int, format string) []byte {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(format, i)
	}
	return []byte("[" + strings.Join(items, ",") + "]")
}

func benchmarkRun(b *testing.B, plan *Plan, input []byte) {
	b.Helper()
	b.ReportAllocs()
	b.SetBytes(int64(len(input)))
	var buf []byte
	for b.Loop() {
		result := plan.Run(b.Context(), loaders.New(loaders.Session{}, loaders.Options{}), nil, []Input{{JSON: input}}, nil)
		out, errs, ok := result.Append(buf[:0], 0, Path{"root"})
		if !ok || len(errs) > 0 {
			b.Fatal(errs)
		}
		buf = out
		result.Release()
	}
}

// BenchmarkOutput decodes and renders 100 objects of a handler's answer, with and without nested ones.
func BenchmarkOutput(b *testing.B) {
	model, md := handMade(b)
	item := `{"id":"%[1]d","n":%[1]d,"tags":["a","b"],"unknown":{"a":[1,2,3]},"inner":{"a":1,"b":"text"},"inners":[[{"a":1,"b":"x"},{"a":2,"b":"y"}]]}`
	for name, depth := range map[string]int{"flat": 0, "nested": 1} {
		b.Run(name, func(b *testing.B) {
			plan := model.Plan(model.Role(metadata.AdminRole), []Root{{Output: md.Actions[0].Output, Selection: plain(model.Type("Out"), depth)}})
			benchmarkRun(b, plan, repeat(100, item))
		})
	}
}

// BenchmarkRepresentations decodes and renders representations of an output type, which need no database.
func BenchmarkRepresentations(b *testing.B) {
	model, _ := handMade(b)
	selection := &Selection{Type: model.Type("Out"), Fields: []SelectedField{{Key: "__typename"}, {Key: "id", Field: model.Type("Out").Field("id")}}}
	plan := model.Plan(model.Role(metadata.AdminRole), []Root{{Entities: []*Selection{selection}}})
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmarkRun(b, plan, repeat(n, `{"__typename":"Out","id":"%d"}`))
		})
	}
}

// BenchmarkPlan plans all fields, three levels deep.
func BenchmarkPlan(b *testing.B) {
	model, md := handMade(b)
	roots := []Root{{Output: md.Actions[0].Output, Selection: everything(model.Type("Out"), 3)}}
	b.ReportAllocs()
	for b.Loop() {
		model.Plan(model.Role(metadata.AdminRole), roots)
	}
}
