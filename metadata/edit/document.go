package edit

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/joinery-graphql/joinery/metadata"
)

// document is a file of the directory while it is edited. What is left alone keeps its bytes: edits are splices.
type document struct {
	text
	body ast.Node // nil for a file without a value
}

// text is a file's text with the splices that it is to get. Offsets count bytes of plain.
type text struct {
	name    string
	raw     []byte // nil where there is no such file
	ended   []byte // raw with an end of its last line
	plain   string // ended without byte order mark and with "\n" at the ends of lines
	lines   []int  // where each line begins; the last begins at the end of plain
	crs     []int  // where each "\r" is missing
	lineEnd string // of the first line, given to new ones
	splices []splice
}

// splice puts text in the place of plain[start:end].
type splice struct {
	start, end int
	text       string
}

const byteOrderMark = "\uFEFF"

func newText(name string, raw []byte) text {
	t := text{name: name, raw: raw, ended: raw, lines: []int{0}, lineEnd: "\n"}
	if i := bytes.IndexByte(raw, '\n'); i > 0 && raw[i-1] == '\r' {
		t.lineEnd = "\r\n"
	}
	if len(raw) > 0 && !bytes.HasSuffix(raw, []byte("\n")) {
		t.ended = append(slices.Clone(raw), t.lineEnd...)
	}
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(string(t.ended), byteOrderMark)) {
		if s, ok := strings.CutSuffix(line, "\r\n"); ok {
			t.crs = append(t.crs, b.Len()+len(s))
			line = s + "\n"
		}
		b.WriteString(line)
		t.lines = append(t.lines, b.Len())
	}
	t.plain = b.String()
	return t
}

// line is a line without its end.
func (t *text) line(i int) string { return t.plain[t.lines[i]:t.endOf(i)] }

// endOf is where a line ends, before its "\n".
func (t *text) endOf(i int) int {
	if i+1 < len(t.lines) {
		return t.lines[i+1] - 1
	}
	return len(t.plain)
}

func (t *text) blank(i int) bool { return strings.TrimSpace(t.line(i)) == "" }

// lineOf is the line that an offset stands in.
func (t *text) lineOf(offset int) int {
	i, found := slices.BinarySearch(t.lines, offset)
	if found {
		return i
	}
	return i - 1
}

// offset is where a parser's line and column, which count from 1 and in runes, point.
func (t *text) offset(line, column int) int {
	if line >= len(t.lines) {
		return len(t.plain)
	}
	offset := t.lines[line-1]
	for i := range t.line(line - 1) {
		if column--; column == 0 {
			return offset + i
		}
	}
	return t.endOf(line - 1)
}

func (t *text) at(tk *token.Token) int { return t.offset(tk.Position.Line, tk.Position.Column) }

// pos is a place for a fault.
func (t *text) pos(offset int) metadata.Pos {
	line := t.lineOf(offset)
	return metadata.Pos{File: t.name, Line: line + 1, Column: len([]rune(t.plain[t.lines[line]:offset])) + 1}
}

func (t *text) splice(start, end int, with string) {
	t.splices = append(t.splices, splice{start, end, with})
}

// insertAfter puts whole lines below a line.
func (t *text) insertAfter(line int, lines string) { t.insertBefore(line+1, lines) }

func (t *text) insertBefore(line int, lines string) {
	t.splice(t.lines[line], t.lines[line], lines+"\n")
}

// removeLines takes lines away, both included.
func (t *text) removeLines(first, last int) { t.splice(t.lines[first], t.lines[last+1], "") }

// spliced is the file with its splices. ok is false where two of them overlap.
func (t *text) spliced() (out []byte, ok bool) {
	slices.SortStableFunc(t.splices, func(a, b splice) int {
		return cmp.Or(a.start-b.start, a.end-b.end)
	})
	var b bytes.Buffer
	b.Write(t.ended[:t.rawOffset(0)])
	done := 0
	for _, s := range t.splices {
		if s.start < done {
			return nil, false
		}
		b.Write(t.ended[t.rawOffset(done):t.rawOffset(s.start)])
		b.WriteString(strings.ReplaceAll(s.text, "\n", t.lineEnd))
		done = s.end
	}
	b.Write(t.ended[t.rawOffset(done):])
	if len(t.ended) > len(t.raw) {
		return bytes.TrimSuffix(b.Bytes(), []byte(t.lineEnd)), true
	}
	return b.Bytes(), true
}

// rawOffset is the offset in ended. An offset at the end of a line is before its "\r\n".
func (t *text) rawOffset(offset int) int {
	before, _ := slices.BinarySearch(t.crs, offset)
	if bytes.HasPrefix(t.raw, []byte(byteOrderMark)) {
		before += len(byteOrderMark)
	}
	return offset + before
}

// lastLine is the last line of what begins on line first and is indented by column spaces: all that follows and is
// indented deeper. With dashes, the list items at the same column belong to it, too. Blank lines and comments that
// are followed by nothing of it don't, but for comments that are indented deeper.
func (t *text) lastLine(first, column int, dashes bool) int {
	last := first
	for i := first + 1; i < len(t.lines); i++ {
		line := t.line(i)
		body := strings.TrimLeft(line, " ")
		indent := len(line) - len(body)
		switch {
		case strings.TrimSpace(body) == "":
		case indent > column, dashes && indent == column && (body == "-" || strings.HasPrefix(body, "- ")):
			last = i
		case !strings.HasPrefix(body, "#"):
			return last
		}
	}
	return last
}

// indented says at which column a value begins that is the first thing on its line.
func (t *text) indented(offset int) (column int, ok bool) {
	before := t.plain[t.lines[t.lineOf(offset)]:offset]
	return len(before), strings.Trim(before, " ") == ""
}
