package edit

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	"github.com/joinery-graphql/joinery/metadata"
)

// FuzzSet changes a value of any YAML: it is refused, or the file has exactly the wanted value; what is only added takes
// no line away; and the file before can be had again.
func FuzzSet(f *testing.F) {
	for _, text := range []string{
		"a: 1\nb:\n- x: y # c\n  z: |\n    # no\n\n    text\n- w\n# end\nc: {d: [1, 2], e: }\n",
		"- name: a\n  b: [x, {y: z}]\n- name: b\n", "a: &x\n- b\nc: *x\n<<: {d: e}\n", "{\"a\": [\"b\", 1.5]}", "a:\r\n- b\r\n", "? a\n: - b\n",
		"a: 'x\n  y'\nb: \"z\"\n", "---\na: b\n...\n", "a: []\nb: {}\nc: ~\nd:\n", "- - a\n  - b\n- c\n", "a: !!str 5\nb: !x y\n",
	} {
		for op := range uint8(5) {
			f.Add(text, op, "new")
		}
	}
	f.Fuzz(func(t *testing.T, text string, op uint8, added string) {
		fsys := fstest.MapFS{actionsFile: &fstest.MapFile{Data: []byte(text)}}
		e := newEditor(fsys)
		n, err := e.root(actionsFile)
		if err != nil {
			return
		}
		have, err := e.value(n)
		if err != nil {
			return
		}
		want, adds := mutate(have, op, added)
		if err := e.set(actionsFile, want); err != nil {
			return
		}
		c, err := e.change()
		if err != nil || len(c.Files) == 0 {
			return
		}
		if adds {
			checkOnlyAdds(t, c.Files[0])
		}
		back := newEditor(c.Over(fsys))
		if n, err = back.root(actionsFile); err != nil {
			t.Fatal(err)
		}
		if got, err := back.value(n); err != nil || !equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}

// mutate is a value that differs from v in one place. adds says whether it only has more.
func mutate(v any, op uint8, added string) (out any, adds bool) {
	switch v := v.(type) {
	case yaml.MapSlice:
		if _, has := field(v, added); !has && op == 0 {
			return with(v, added, []any{added, yaml.MapSlice{{Key: "k", Value: added}}}), true
		}
		if len(v) == 0 {
			return v, false
		}
		last := v[int(op)%len(v)]
		switch op {
		case 1:
			return without(v, last.Key.(string)), false
		case 2:
			return with(v, last.Key.(string), added), false
		}
		below, adds := mutate(last.Value, op-3, added)
		return with(v, last.Key.(string), below), adds
	case []any:
		if op == 0 {
			return append(slices.Clone(v), added), true
		}
		if len(v) == 0 {
			return v, false
		}
		i := int(op) % len(v)
		if op == 1 {
			return slices.Delete(slices.Clone(v), i, i+1), false
		}
		below, adds := mutate(v[i], op-2, added)
		_, list := v[i].([]any) // a list in a list is written anew
		return replaced(v, i, below), adds && !list
	}
	return added, false
}

// checkOnlyAdds wants all lines that were there, but for those with brackets, which may have got more, and for keys
// without a value.
func checkOnlyAdds(t *testing.T, f File) {
	t.Helper()
	after := strings.Split(string(f.After), "\n")
	at := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(string(f.Before), "\n"), "\n") {
		if strings.ContainsAny(line, "[]{}") {
			continue
		}
		i := slices.IndexFunc(after[at:], func(a string) bool { return strings.TrimSuffix(a, "\r") == strings.TrimSuffix(line, "\r") })
		if i < 0 {
			t.Errorf("the line %q has gone:\n%q\n%q", line, f.Before, f.After)
			return
		}
		at += i + 1
	}
}

// FuzzSDL adds an action to any SDL and takes it away again: other definitions keep their text.
func FuzzSDL(f *testing.F) {
	for _, text := range []string{
		"type Query { a: Int }", "type Mutation {\n  # c\n  a(b: Int = 5 @x): [Int!]!\n}\n\ntype Query {\n  c: X\n}\n\"\"\"d\"\"\"\ntype X @y { e: Int }\n",
		"type Query {\n a: B }\ntype Query {\n b: B\n}\r\nenum E { A @deprecated(reason: \"x\") B }\nscalar S\ninput I { type: Int = {a: [1]} }\n",
		"extend type Query { a: Int }\nunion U = A | type\ninterface Q implements A & type { a: Int }\nschema { query: Query }\ndirective @a(b: C) repeatable on FIELD | type\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := newSDL([]byte(text))
		if err != nil {
			return
		}
		if d, _ := s.field("added"); d != nil {
			return
		}
		before := memberTexts(s)
		s.addField(metadata.Mutation, printed{name: "added", kind: "Int", description: "it's \"new\""})
		c, err := s.change()
		if err != nil {
			return
		}
		s, err = newSDL(c.Files[0].After)
		if err != nil {
			t.Fatal(err)
		}
		d, i := s.field("added")
		if d == nil {
			t.Fatalf("the field isn't there:\n%s", c.Files[0].After)
		}
		s.removeMember(d, i)
		if c, err = s.change(); err != nil {
			return
		}
		if s, err = newSDL(c.Files[0].After); err != nil {
			t.Fatal(err)
		}
		if after := memberTexts(s); !slices.Equal(before, after) {
			t.Errorf("definitions before and after:\n%q\n%q", before, after)
		}
	})
}

// memberTexts are the members of all definitions as they are written, with what comes before the body.
func memberTexts(s *sdl) []string {
	var out []string
	for _, d := range s.definitions {
		if d.open == 0 {
			out = append(out, s.plain[d.start:d.end])
			continue
		}
		out = append(out, s.plain[d.start:d.open])
		for _, m := range d.members {
			out = append(out, s.plain[m.start:m.end])
		}
	}
	return out
}
