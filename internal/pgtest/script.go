package pgtest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// A step is what goes to the server at once: some statements, or one COPY with its rows.
type step struct {
	sql  string
	rows string // of a COPY, without the line \. that ends them
	copy bool
	line int // where sql begins, from 1
}

func (s step) run(ctx context.Context, conn *pgconn.PgConn) error {
	var err error
	if s.copy {
		_, err = conn.CopyFrom(ctx, strings.NewReader(s.rows), s.sql)
	} else {
		_, err = conn.Exec(ctx, s.sql).ReadAll()
	}
	if err != nil {
		return fmt.Errorf("%d: %w", s.lineOf(err), err)
	}
	return nil
}

// lineOf is the line of the script that a server's error points at, or else that of the step.
func (s step) lineOf(err error) int {
	var fault *pgconn.PgError
	if !errors.As(err, &fault) || fault.Position == 0 {
		return s.line
	}
	line, position := s.line, int32(1) // in characters, from 1
	for _, r := range s.sql {
		if position++; position > fault.Position {
			break
		}
		if r == '\n' {
			line++
		}
	}
	return line
}

// copyFromStdin matches a COPY that is followed by its rows.
var copyFromStdin = regexp.MustCompile(`(?is)^copy\s.*\sfrom\s+stdin\b`)

// ignored are the commands of psql that change nothing for the statements.
var ignored = regexp.MustCompile(`^\\(restrict|unrestrict|echo)\b`)

// split cuts a script where the server has to be spoken to in another way: around each COPY ... FROM stdin.
// Errors begin with the line.
func split(script string) ([]step, error) {
	s := &splitter{script: script, sql: []byte(script)}
	for s.at < len(s.script) {
		if err := s.next(); err != nil {
			return nil, fmt.Errorf("%d: %w", s.line(s.at), err)
		}
	}
	s.cut(len(s.script))
	return s.steps, nil
}

// A splitter reads a script as far as needed to find the ends of statements (Lexical Structure, 4.1).
type splitter struct {
	script    string
	sql       []byte // script with psql's commands blanked out, so that positions stay
	at        int
	start     int // of the step
	statement int // start of the statement in it, without white space and comments before; -1 before the first token
	begun     bool
	steps     []step
}

// next goes over one token.
func (s *splitter) next() error {
	rest := s.script[s.at:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"):
		s.at += lineEnd(rest)
	case strings.HasPrefix(rest, "/*"):
		s.at += commentEnd(rest)
	case strings.ContainsRune(" \t\r\n\f\v", rune(c)):
		s.at++
	case c == '\\':
		return s.command(rest)
	case c == ';':
		return s.semicolon()
	default:
		s.begin()
		s.at += tokenEnd(rest)
	}
	return nil
}

func (s *splitter) begin() {
	if !s.begun {
		s.statement, s.begun = s.at, true
	}
}

// command leaves a command of psql out, which ends with its line.
func (s *splitter) command(rest string) error {
	end := lineEnd(rest)
	if !ignored.MatchString(rest[:end]) {
		return fmt.Errorf("unexpected psql command %q", rest[:end])
	}
	for i := range end {
		s.sql[s.at+i] = ' '
	}
	s.at += end
	return nil
}

// semicolon ends a statement and, if it is a COPY, reads its rows: from the next line to the line \. or the end.
func (s *splitter) semicolon() error {
	s.begin()
	statement := s.script[s.statement:s.at]
	s.at++
	s.begun = false
	if !copyFromStdin.MatchString(statement) {
		return nil
	}
	s.cut(s.statement)
	rows := s.script[s.at+lineEnd(s.script[s.at:]):]
	rows = strings.TrimPrefix(rows, "\n")
	end, skip := rowsEnd(rows)
	s.steps = append(s.steps, step{sql: statement, rows: rows[:end], copy: true, line: s.line(s.statement)})
	s.at = len(s.script) - len(rows) + skip
	s.start = s.at
	return nil
}

// cut makes a step of what was read, up to end.
func (s *splitter) cut(end int) {
	if sql := string(s.sql[s.start:end]); strings.TrimSpace(sql) != "" {
		s.steps = append(s.steps, step{sql: sql, line: s.line(s.start)})
	}
}

func (s *splitter) line(at int) int { return 1 + strings.Count(s.script[:at], "\n") }

// rowsEnd returns where the rows end and where the script goes on.
func rowsEnd(rows string) (end, next int) {
	for end < len(rows) {
		line := rows[end : end+lineEnd(rows[end:])]
		next = min(end+len(line)+1, len(rows))
		if strings.TrimSuffix(line, "\r") == `\.` {
			return end, next
		}
		end = next
	}
	return len(rows), len(rows)
}

// tokenEnd returns the length of a quoted text, a word, or one other character, at the beginning of s.
func tokenEnd(s string) int {
	switch c := s[0]; {
	case c == '\'', c == '"':
		return quoteEnd(s, 1, false)
	case (c == 'e' || c == 'E') && strings.HasPrefix(s[1:], "'"):
		return quoteEnd(s, 2, true)
	case c == '$':
		return dollarEnd(s)
	case wordByte(c):
		end := 1
		for end < len(s) && (wordByte(s[end]) || s[end] == '$') { // a$b$ is a name
			end++
		}
		return end
	}
	return 1
}

// quoteEnd returns where a text ends whose quote is s[from-1]. A doubled quote need not be known: it ends one text and
// begins another.
func quoteEnd(s string, from int, backslashes bool) int {
	for i := from; i < len(s); i++ {
		if backslashes && s[i] == '\\' {
			i++
		} else if s[i] == s[from-1] {
			if backslashes && strings.HasPrefix(s[i+1:], "'") { // but here the other would have no backslashes
				i++
				continue
			}
			return i + 1
		}
	}
	return len(s)
}

var dollarTag = regexp.MustCompile(`^\$([A-Za-z_\x80-\x{10ffff}][A-Za-z0-9_\x80-\x{10ffff}]*)?\$`)

func dollarEnd(s string) int {
	tag := dollarTag.FindString(s)
	if tag == "" {
		return 1 // a parameter such as $1
	}
	end := strings.Index(s[len(tag):], tag)
	if end < 0 {
		return len(s)
	}
	return len(tag) + end + len(tag)
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

func lineEnd(s string) int {
	if end := strings.IndexByte(s, '\n'); end >= 0 {
		return end
	}
	return len(s)
}

// commentEnd returns where a comment ends; these nest.
func commentEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}
