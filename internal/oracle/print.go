package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Print writes the operation as a GraphQL document, and its variables as a JSON object.
func (op *Operation) Print(db *Database, actions Actions) (query, variables string) {
	p := &printer{db: db, actions: actions, texts: map[*Input]string{}}
	root := "Query"
	if op.Mutation {
		root = "Mutation"
	}
	body := p.selection(root, op.Roots)
	var out strings.Builder
	out.WriteString(map[bool]string{false: "query", true: "mutation"}[op.Mutation])
	if len(p.declarations) > 0 {
		out.WriteString("(" + strings.Join(p.declarations, ", ") + ")")
	}
	out.WriteString(" " + body)
	for _, f := range p.fragments {
		out.WriteString("\n" + f)
	}
	return out.String(), "{" + strings.Join(p.variables, ", ") + "}"
}

type printer struct {
	db           *Database
	actions      Actions
	declarations []string
	variables    []string
	fragments    []string
	texts        map[*Input]string // what was written already: a field may stand twice
	names        int
}

// selection writes fields of a type. Halves of split fields come last; they are merged where the first halves stand.
func (p *printer) selection(typ string, fields []*Field) string {
	var parts, halves []string
	for len(fields) > 0 {
		n := 1
		for n < len(fields) && fields[n].Fragment == fields[0].Fragment && fields[n].On == fields[0].On {
			n++
		}
		texts := make([]string, n)
		for i, f := range fields[:n] {
			var half string
			texts[i], half = p.field(typ, f)
			if half != "" {
				halves = append(halves, p.fragment(typ, f, half))
			}
		}
		parts = append(parts, p.fragment(typ, fields[0], strings.Join(texts, " ")))
		fields = fields[n:]
	}
	return "{ " + strings.Join(append(parts, halves...), " ") + " }"
}

func (p *printer) fragment(typ string, f *Field, text string) string {
	on := f.On
	kind := f.Fragment
	if on != "" && kind != NamedFragment {
		kind = InlineFragment
	}
	if on == "" {
		on = typ
	}
	switch kind {
	case InlineFragment:
		return "... on " + on + " { " + text + " }"
	case BareFragment:
		return "... { " + text + " }"
	case NamedFragment:
		name := p.name("F")
		p.fragments = append(p.fragments, "fragment "+name+" on "+on+" { "+text+" }")
		return "..." + name
	}
	return text
}

func (p *printer) name(prefix string) string {
	p.names++
	return fmt.Sprint(prefix, p.names)
}

// field writes a field, and the second half of one that is split.
func (p *printer) field(typ string, f *Field) (text, half string) {
	if f.On != "" {
		typ = f.On
	}
	head := f.Name
	if f.Alias != "" {
		head = f.Alias + ": " + f.Name
	}
	if len(f.Arguments) > 0 {
		parts := make([]string, len(f.Arguments))
		for i, a := range f.Arguments {
			parts[i] = a.Name + ": " + p.input(a.Value)
		}
		head += "(" + strings.Join(parts, ", ") + ")"
	}
	if f.Left {
		head += " @skip(if: true)"
	}
	if f.Include != nil {
		head += " @include(if: " + p.input(f.Include) + ")"
	}
	if len(f.Fields) == 0 {
		return head, ""
	}
	of := p.db.typeOf(typ, f.Name, p.actions)
	if f.Split && len(f.Fields) > 1 {
		n := len(f.Fields) / 2
		return head + " " + p.selection(of, f.Fields[:n]), head + " " + p.selection(of, f.Fields[n:])
	}
	return head + " " + p.selection(of, f.Fields), ""
}

// typeOf is the type of a field.
func (db *Database) typeOf(typ, field string, actions Actions) string {
	if typ == "Query" || typ == "Mutation" {
		t := db.root(field)
		switch {
		case field == "_entities":
			return "_Entity"
		case t == nil:
			return actions[field].Type.Type
		case field == t.SelectAggregate:
			return t.Type + "_aggregate"
		}
		return t.Type
	}
	if i := slices.IndexFunc(db.Tables, func(t *Table) bool { return t.Type == typ }); i >= 0 {
		t := db.Tables[i]
		if n := t.nested(field); n >= 0 {
			return t.Nested[n].Type.Type
		}
		if name, ok := strings.CutSuffix(field, "_aggregate"); ok {
			return t.relationship(name).Target.Type + "_aggregate"
		}
		return t.relationship(field).Target.Type
	}
	if t, ok := strings.CutSuffix(typ, "_aggregate"); ok {
		return map[string]string{"nodes": t, "aggregate": t + "_aggregate_fields"}[field]
	}
	return strings.TrimSuffix(typ, "_aggregate_fields") + "_" + field + "_fields"
}

func (p *printer) input(in *Input) string {
	if text, ok := p.texts[in]; ok {
		return text
	}
	text := p.newInput(in)
	p.texts[in] = text
	return text
}

func (p *printer) newInput(in *Input) string {
	if in.As != Variable && in.As != Default {
		return p.literal(in)
	}
	name := p.name("v")
	declaration := "$" + name + ": " + in.Type
	switch {
	case in.absent():
	case in.As == Default:
		declaration += " = " + constant(in).literalText()
	default:
		p.variables = append(p.variables, fmt.Sprintf("%q: %s", name, constant(in).json()))
	}
	p.declarations = append(p.declarations, declaration)
	return "$" + name
}

// constant is the input without what is absent: a variable's value can't hold variables.
func constant(in *Input) *Input {
	switch v := in.Value.(type) {
	case []Member:
		out := []Member{}
		for _, m := range v {
			if !m.Value.absent() {
				out = append(out, Member{m.Name, constant(m.Value)})
			}
		}
		return &Input{Value: out}
	case []*Input:
		out := make([]*Input, len(v))
		for i, element := range v {
			out[i] = constant(element)
		}
		return &Input{Value: out}
	}
	return &Input{Value: in.Value}
}

func (in *Input) literalText() string {
	return (&printer{texts: map[*Input]string{}}).literal(in)
}

func (p *printer) literal(in *Input) string {
	switch v := in.Value.(type) {
	case []*Input:
		if in.As == Bare && len(v) == 1 {
			return p.input(v[0])
		}
		return string(joined("[", "]", len(v), func(i int) []byte { return []byte(p.input(v[i])) }))
	case []Member:
		return string(joined("{", "}", len(v), func(i int) []byte { return []byte(v[i].Name + ": " + p.input(v[i].Value)) }))
	case EnumValue:
		return string(v)
	case JSON:
		return literalJSON(v.Value)
	}
	return string(in.json())
}

// literalJSON is a value of a custom scalar; GraphQL's objects have no quotes around names.
func literalJSON(v any) string {
	switch v := v.(type) {
	case []any:
		return string(joined("[", "]", len(v), func(i int) []byte { return []byte(literalJSON(v[i])) }))
	case map[string]any:
		keys := jsonKeys(v)
		return string(joined("{", "}", len(keys), func(i int) []byte { return []byte(keys[i] + ": " + literalJSON(v[keys[i]])) }))
	case json.Number:
		return v.String()
	}
	return writeJSON(v, json.Number.String)
}
