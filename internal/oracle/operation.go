package oracle

import (
	"encoding/json"
	"slices"
)

// Operation is a query or mutation.
type Operation struct {
	Mutation bool
	Roots    []*Field
}

// Field is a selected field. Its response key is Alias, or Name where that is empty.
type Field struct {
	Alias, Name string
	Arguments   []Member
	Fields      []*Field // selected of it
	On          string   // the type that it is selected of, below _entities; "" means all
	Left        bool     // left out by @skip
	Include     *Input   // @include(if: this); nil means none

	// How it is written; it changes nothing of the answer.
	Fragment Fragment // groups it with its neighbours
	Split    bool     // stands twice, with half of Fields each
}

// Fragment says how neighbouring fields stand together.
type Fragment int

// The fragments. Fields that follow each other with the same one share it.
const (
	NoFragment     Fragment = iota
	InlineFragment          // with a type
	BareFragment            // without
	NamedFragment
)

func (f *Field) leftOut() bool { return f.Left || f.Include != nil && f.Include.Value == false }

func (f *Field) key() string {
	if f.Alias != "" {
		return f.Alias
	}
	return f.Name
}

// Member is an argument, or a member of an input object.
type Member struct {
	Name  string
	Value *Input
}

// Input is an argument's value: what stands in the document, or a variable.
type Input struct {
	Type  string // in GraphQL, for a variable; "" if it can be none
	Value any    // nil, bool, string, json.Number, EnumValue, []*Input, []Member, JSON, or Absent
	As    As
}

// EnumValue is a name: a string in JSON, but not in GraphQL.
type EnumValue string

// As says how an input is written.
type As int

// The ways to write an input. They mean the same.
const (
	Literal As = iota
	Variable
	Default // of a variable without a value
	Bare    // of a list of one: the element alone
)

// Variables are the inputs of an operation that are variables with a value, each once, in their order.
func (op *Operation) Variables() []*Input {
	v := &variables{seen: map[*Input]bool{}}
	v.fields(op.Roots)
	return v.found
}

type variables struct {
	seen  map[*Input]bool
	found []*Input
}

func (v *variables) fields(fields []*Field) {
	for _, f := range fields {
		for _, a := range f.Arguments {
			v.input(a.Value)
		}
		if f.Include != nil {
			v.input(f.Include)
		}
		v.fields(f.Fields)
	}
}

// input leaves out what stands within a variable or its default.
func (v *variables) input(in *Input) {
	switch {
	case v.seen[in] || in.As == Default:
		return
	case in.As == Variable && !in.absent():
		v.seen[in] = true
		v.found = append(v.found, in)
		return
	}
	switch value := in.Value.(type) {
	case []*Input:
		for _, element := range value {
			v.input(element)
		}
	case []Member:
		for _, m := range value {
			v.input(m.Value)
		}
	}
}

func (in *Input) members() []Member {
	if in == nil || in.Value == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(in.Value.([]Member)), func(m Member) bool { return m.Value.absent() })
}

func (in *Input) elements() []*Input {
	if in == nil || in.Value == nil {
		return nil
	}
	return in.Value.([]*Input)
}

// Absent is the Value of a variable without value or default: as if what it stands for weren't there.
type Absent struct{}

func (in *Input) absent() bool { return in.Value == Absent{} }

// argument returns an argument's value: nil where it is null or absent.
func (f *Field) argument(name string) *Input {
	for _, a := range f.Arguments {
		if a.Name == name && a.Value.Value != nil && !a.Value.absent() {
			return a.Value
		}
	}
	return nil
}

// json is the value as JSON, its members in order.
func (in *Input) json() []byte {
	switch v := in.Value.(type) {
	case []*Input:
		return joined("[", "]", len(v), func(i int) []byte { return v[i].json() })
	case []Member:
		return joined("{", "}", len(v), func(i int) []byte { return append([]byte(quoteJSON(v[i].Name)+": "), v[i].Value.json()...) })
	case JSON:
		return []byte(jsonText(v.Value))
	case string:
		return []byte(quoteJSON(v))
	default:
		text, _ := json.Marshal(v)
		return text
	}
}

func joined(open, closing string, n int, part func(int) []byte) []byte {
	out := []byte(open)
	for i := range n {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, part(i)...)
	}
	return append(out, closing...)
}
