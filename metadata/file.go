package metadata

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"
)

const maxFileSize = 16 << 20

// textFile is a file as it was read.
type textFile struct {
	name  string
	text  string // without byte order mark
	lines []int  // runes of each line
}

// readText reads a file, which must be of bearable size and in UTF-8.
func readText(fsys fs.FS, name string) (*textFile, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFileSize {
		return nil, fmt.Errorf("unexpected size: the file has more than %d MiB", maxFileSize>>20)
	}
	return newText(name, b), nil
}

func newText(name string, b []byte) *textFile {
	t := &textFile{name: name, text: string(bytes.TrimPrefix(b, []byte("\uFEFF")))}
	for line := range strings.SplitSeq(t.text, "\n") {
		t.lines = append(t.lines, utf8.RuneCountInString(line))
	}
	return t
}

// pos is a place of the file. Where a parser points outside the file, the nearest place inside is meant.
func (t *textFile) pos(line, column int) Pos {
	line = min(max(line, 1), len(t.lines))
	return Pos{File: t.name, Line: line, Column: min(max(column, 1), t.lines[line-1]+1)}
}

// syntaxFault says why the file does not parse.
func (t *textFile) syntaxFault(line, column int, message string) *Fault {
	return &Fault{Pos: t.pos(line, column), Message: message}
}

// invalidUTF8 is the fault of a file that is not UTF-8, or nil.
func (t *textFile) invalidUTF8() *Fault {
	for i, r := range t.text {
		if r == utf8.RuneError && !strings.HasPrefix(t.text[i:], "\uFFFD") {
			line := strings.Count(t.text[:i], "\n")
			column := utf8.RuneCountInString(t.text[strings.LastIndexByte(t.text[:i], '\n')+1 : i])
			return t.syntaxFault(line+1, column+1, "invalid UTF-8")
		}
	}
	return nil
}
