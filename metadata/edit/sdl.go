package edit

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/joinery-graphql/joinery/metadata"
)

const sdlFile = "actions.graphql"

// sdl is actions.graphql while it is edited.
type sdl struct {
	text
	definitions []*definition
}

// definition is a type or an extension of one. Offsets are bytes of the text.
type definition struct {
	keyword    string // "type", "input", "enum", "scalar", ...
	name       string
	start, end int // with the description
	named      int // where what follows the description begins
	open       int // behind the brace that opens the body; 0 where there is none
	close      int // of the brace that closes it
	members    []member
}

// member is a field or an enum value of a definition, with its description.
type member struct {
	name       string
	start, end int
	named      int // where the name begins
}

// operations are the root types of actions.
var operations = map[string]metadata.Operation{"Query": metadata.Query, "Mutation": metadata.Mutation}

func (d *definition) operation() metadata.Operation {
	if d.keyword != "type" {
		return ""
	}
	return operations[d.name]
}

// readSDL reads actions.graphql, which may be missing.
func readSDL(dir fs.FS) (*sdl, error) {
	raw, err := fs.ReadFile(dir, sdlFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", sdlFile, err)
	}
	return newSDL(raw)
}

func newSDL(raw []byte) (*sdl, error) {
	s := &sdl{text: newText(sdlFile, raw)}
	if strings.TrimSpace(s.plain) == "" {
		return s, nil
	}
	if _, fault := metadata.ParseSDL(sdlFile, []byte(s.plain)); fault != nil {
		return nil, metadata.Faults{*fault}
	}
	if i := strings.IndexByte(s.plain, '\r'); i >= 0 {
		return nil, refusal(s.pos(i), loneReturn, "end lines with a line feed")
	}
	scan := &scanner{tokens: tokens(s.plain)}
	for scan.peek().Kind != lexer.EOF {
		s.definitions = append(s.definitions, scan.definition())
	}
	return s, nil
}

// change is what the splices do. The text is read back: it must parse.
func (s *sdl) change() (Change, error) {
	if len(s.splices) == 0 {
		return Change{}, nil
	}
	after, ok := s.spliced()
	if !ok {
		return Change{}, refusal(metadata.Pos{File: sdlFile}, "the change can't be made: a line would be changed twice", byHand)
	}
	if _, err := newSDL(after); err != nil {
		return Change{}, refusal(metadata.Pos{File: sdlFile}, "the change can't be made: the result could not be read", byHand)
	}
	return Change{}.Then(Change{Files: []File{{Path: sdlFile, Before: s.raw, After: after}}}), nil
}

// sdlToken is a token with its place in bytes.
type sdlToken struct {
	lexer.Token
	start, end int
}

// tokens are the tokens of text that parses, without comments. The last is the end of the file.
func tokens(text string) []sdlToken {
	offsets := make([]int, 0, len(text)+1) // of runes
	for i := range text {
		offsets = append(offsets, i)
	}
	offsets = append(offsets, len(text))
	lex := lexer.New(&ast.Source{Name: sdlFile, Input: text})
	var out []sdlToken
	for {
		tk, err := lex.ReadToken()
		if err != nil {
			panic("BUG: text that parsed has an invalid token: " + err.Error())
		}
		if tk.Kind != lexer.Comment {
			out = append(out, sdlToken{tk, offsets[tk.Pos.Start], offsets[tk.Pos.End]})
		}
		if tk.Kind == lexer.EOF {
			return out
		}
	}
}

// scanner finds where definitions and their members begin and end. The text parses, so that it need not be judged.
type scanner struct {
	tokens []sdlToken
	at     int
}

func (s *scanner) peek() sdlToken { return s.tokens[s.at] }

func (s *scanner) next() sdlToken {
	tk := s.tokens[s.at]
	if tk.Kind != lexer.EOF {
		s.at++
	}
	return tk
}

func (s *scanner) accept(kinds ...lexer.Type) bool {
	if slices.Contains(kinds, s.peek().Kind) {
		s.next()
		return true
	}
	return false
}

func (s *scanner) definition() *definition {
	d := &definition{start: s.peek().start}
	s.accept(lexer.String, lexer.BlockString)
	d.named = s.peek().start
	if s.peek().Value == "extend" {
		s.next()
	}
	d.keyword = s.next().Value
	if s.peek().Kind == lexer.Name {
		d.name = s.next().Value
	}
	for !s.begins() {
		tk := s.peek()
		if tk.Kind == lexer.BraceL {
			s.body(d)
			break
		}
		s.group()
	}
	d.end = s.tokens[s.at-1].end
	return d
}

// keywords begin definitions.
var keywords = []string{"type", "input", "enum", "scalar", "interface", "union", "schema", "directive", "extend"}

// begins says whether another definition begins, or the file ends.
func (s *scanner) begins() bool {
	switch tk := s.peek(); tk.Kind {
	case lexer.EOF, lexer.String, lexer.BlockString:
		return true
	case lexer.Name:
		before := s.tokens[s.at-1]
		return slices.Contains(keywords, tk.Value) && before.Value != "implements" && before.Value != "on" &&
			!slices.Contains([]lexer.Type{lexer.Pipe, lexer.Equals, lexer.Amp, lexer.At}, before.Kind)
	}
	return false
}

// group passes a token, and with a bracket all to its other end.
func (s *scanner) group() {
	depth := 0
	for {
		switch s.next().Kind {
		case lexer.ParenL, lexer.BracketL, lexer.BraceL:
			depth++
		case lexer.ParenR, lexer.BracketR, lexer.BraceR:
			depth--
		case lexer.EOF:
			return
		}
		if depth == 0 {
			return
		}
	}
}

func (s *scanner) body(d *definition) {
	d.open = s.next().end
	for s.peek().Kind != lexer.BraceR && s.peek().Kind != lexer.EOF {
		m := member{start: s.peek().start}
		s.accept(lexer.String, lexer.BlockString)
		m.named = s.peek().start
		m.name = s.next().Value
		if s.peek().Kind == lexer.ParenL {
			s.group()
		}
		if s.accept(lexer.Colon) {
			s.group()
			s.accept(lexer.Bang)
		}
		if s.accept(lexer.Equals) {
			s.group()
		}
		for s.accept(lexer.At) {
			s.next()
			if s.peek().Kind == lexer.ParenL {
				s.group()
			}
		}
		m.end = s.tokens[s.at-1].end
		d.members = append(d.members, m)
	}
	d.close = s.next().start
}

// field finds the field of a root type.
func (s *sdl) field(name string) (*definition, int) {
	for _, d := range s.definitions {
		if d.operation() == "" {
			continue
		}
		if i := slices.IndexFunc(d.members, func(m member) bool { return m.name == name }); i >= 0 {
			return d, i
		}
	}
	return nil, -1
}

// definition finds a type that isn't a root type, extensions aside.
func (s *sdl) definition(name string) *definition {
	for _, d := range s.definitions {
		if d.name == name && d.operation() == "" && !strings.HasPrefix(s.plain[d.named:], "extend") {
			return d
		}
	}
	return nil
}

// extended says whether a type has extensions.
func (s *sdl) extended(name string) bool {
	return slices.ContainsFunc(s.definitions, func(d *definition) bool {
		return d.name == name && d.operation() == "" && strings.HasPrefix(s.plain[d.named:], "extend")
	})
}

// alone says whether nothing but blanks and a comment stands beside what is between the offsets.
func (s *sdl) alone(start, end int) bool {
	_, first := s.indented(start)
	rest := strings.TrimSpace(s.plain[end:s.endOf(s.lineOf(end))])
	return first && (rest == "" || strings.HasPrefix(rest, "#"))
}

// removeSpan takes away a definition or member. Where it has its lines for itself they go, and so do the blank lines
// above it, if it doesn't come first, as comments may, too, and they separate nothing any more; comments above it stay.
func (s *sdl) removeSpan(start, end int, first, last bool) {
	if !s.alone(start, end) {
		for end < len(s.plain) && (s.plain[end] == ' ' || s.plain[end] == ',') {
			end++
		}
		s.splice(start, end, "")
		return
	}
	from, to := s.lineOf(start), s.lineOf(end)
	if !first && (last || s.blank(to+1)) {
		from = s.aboveBlanks(from)
	}
	s.removeLines(from, to)
}

// removeMember takes away a member, and the definition where it was the only one.
func (s *sdl) removeMember(d *definition, i int) {
	if len(d.members) == 1 {
		s.remove(d)
		return
	}
	m := d.members[i]
	s.removeSpan(m.start, m.end, i == 0, i == len(d.members)-1)
}

func (s *sdl) remove(d *definition) {
	last := s.lineOf(d.end)+1 >= len(s.lines)-1
	first := strings.TrimSpace(s.plain[:d.start]) == ""
	s.removeSpan(d.start, d.end, first, last)
}

// addMember puts a member behind the others of a definition with a body that isn't empty.
func (s *sdl) addMember(d *definition, m printed) {
	last := d.members[len(d.members)-1]
	line := s.lineOf(last.end)
	if line == s.lineOf(d.close) {
		s.splice(last.end, last.end, " "+m.inline())
		return
	}
	gap := 0
	if len(d.members) > 1 {
		first := s.lineOf(last.start)
		gap = first - s.aboveBlanks(first)
	}
	s.insertAfter(line, strings.Repeat("\n", gap)+m.lines(s.memberIndent(d), s.flat()))
}

func (s *sdl) memberIndent(d *definition) string {
	if column, ok := s.indented(d.members[0].start); ok {
		return strings.Repeat(" ", column)
	}
	return "  "
}

// replaceMember gives a member another text.
func (s *sdl) replaceMember(d *definition, i int, m printed) {
	old := d.members[i]
	if _, ok := s.indented(old.start); !ok {
		s.splice(old.start, old.end, m.inline())
		return
	}
	indent := s.memberIndent(d)
	s.splice(old.start, old.end, strings.TrimPrefix(m.lines(indent, s.flat()), indent))
}

// append puts a definition behind all others.
func (s *sdl) append(text string) {
	last := len(s.lines) - 2
	for last >= 0 && s.blank(last) {
		last--
	}
	if last >= 0 || len(s.splices) > 0 {
		text = "\n" + text
	}
	s.insertAfter(last, text)
}

// addField declares an action. It gets a block of its own where the file has one for each, as Hasura writes it.
func (s *sdl) addField(op metadata.Operation, m printed) {
	var roots []*definition
	var block *definition
	for _, d := range s.definitions {
		if d.operation() == "" {
			continue
		}
		roots = append(roots, d)
		if d.operation() == op && len(d.members) > 0 {
			block = d
		}
	}
	each := len(roots) > 1 && !slices.ContainsFunc(roots, func(d *definition) bool { return len(d.members) > 1 }) && repeated(roots)
	if block != nil && !each {
		s.addMember(block, m)
		return
	}
	name := map[metadata.Operation]string{metadata.Query: "Query", metadata.Mutation: "Mutation"}[op]
	text := "type " + name + " {\n" + m.lines("  ", s.flat()) + "\n}"
	if len(roots) == 0 {
		s.append(text)
		return
	}
	line := s.lineOf(roots[len(roots)-1].end)
	if s.blank(line + 1) {
		text = "\n" + text
	}
	s.insertAfter(line, text)
}

// repeated says whether two definitions have the same name.
func repeated(definitions []*definition) bool {
	seen := map[string]bool{}
	for _, d := range definitions {
		if seen[d.name] {
			return true
		}
		seen[d.name] = true
	}
	return false
}

// printed is a member as SDL: a field, an input field or an enum value.
type printed struct {
	description string
	name        string
	arguments   []printed
	kind        string // the type; "" for enum values
	directives  string
}

// lines are the lines of the member. Each argument has its own, unless they are to be flat and have no descriptions.
func (p printed) lines(indent string, flat bool) string {
	described := func(a printed) bool { return a.description != "" }
	if len(p.arguments) == 0 || flat && !slices.ContainsFunc(p.arguments, described) {
		return describe(p.description, indent) + indent + p.bare()
	}
	var b strings.Builder
	b.WriteString(describe(p.description, indent) + indent + p.name + "(\n")
	for _, a := range p.arguments {
		b.WriteString(a.lines(indent+"  ", flat) + "\n")
	}
	b.WriteString(indent + ")" + p.suffix())
	return b.String()
}

// inline is the member where others stand on its line.
func (p printed) inline() string {
	if p.description == "" {
		return p.bare()
	}
	return quotedDescription(p.description) + " " + p.bare()
}

// bare is the member on one line, without its description.
func (p printed) bare() string {
	if len(p.arguments) == 0 {
		return p.name + p.suffix()
	}
	args := make([]string, len(p.arguments))
	for i, a := range p.arguments {
		args[i] = a.inline()
	}
	return p.name + "(" + strings.Join(args, ", ") + ")" + p.suffix()
}

func (p printed) suffix() string {
	if p.kind == "" {
		return p.directives
	}
	return ": " + p.kind + p.directives
}

// flat says whether the actions of the file have their arguments on one line. Hasura gives each argument its own.
func (s *sdl) flat() bool {
	for _, d := range s.definitions {
		for _, m := range d.members {
			if text := s.plain[m.named:m.end]; d.operation() != "" && strings.Contains(text, "(") {
				return !strings.Contains(text, "\n")
			}
		}
	}
	return false
}

// describe is a description as lines above what it describes: a block string where that says the same.
func describe(text, indent string) string {
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	plain := !slices.ContainsFunc(lines, func(l string) bool {
		return strings.ContainsAny(l, "\"\\\r\t") || l != strings.TrimSpace(l) || strings.ContainsFunc(l, unprintable)
	}) && lines[0] != "" && lines[len(lines)-1] != ""
	switch {
	case !plain:
		return indent + quotedDescription(text) + "\n"
	case len(lines) == 1:
		return indent + `"""` + text + `"""` + "\n"
	}
	var b strings.Builder
	b.WriteString(indent + `"""` + "\n")
	for _, l := range lines {
		b.WriteString(strings.TrimRight(indent+l, " ") + "\n")
	}
	b.WriteString(indent + `"""` + "\n")
	return b.String()
}

// quotedDescription is a string value (GraphQL specification, section 2.9.4).
func quotedDescription(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteRune('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c <= 0xffff && unprintable(c):
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// printedArguments are arguments of an action or fields of an input object.
func printedArguments(args []*metadata.Argument) []printed {
	out := make([]printed, len(args))
	for i, a := range args {
		out[i] = printed{description: a.Description, name: a.Name, kind: a.Type.String()}
	}
	return out
}

func printedFields(fields []*metadata.Field) []printed {
	out := make([]printed, len(fields))
	for i, f := range fields {
		out[i] = printed{description: f.Description, name: f.Name, kind: f.Type.String()}
	}
	return out
}

func printedValues(values []metadata.EnumValue) []printed {
	out := make([]printed, len(values))
	for i, v := range values {
		out[i] = printed{description: v.Description, name: v.Name}
		if v.Deprecated {
			out[i].directives = " @deprecated"
			if reason := cmp.Or(v.DeprecationReason, defaultReason); reason != defaultReason {
				out[i].directives += "(reason: " + quotedDescription(reason) + ")"
			}
		}
	}
	return out
}

// defaultReason is that of GraphQL's @deprecated.
const defaultReason = "No longer supported"
