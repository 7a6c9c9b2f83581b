package pgtest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	tests := map[string]struct {
		script string
		want   []step
	}{
		"empty":      {"", nil},
		"white_only": {" \n\t", nil},
		"statements_together": {
			"select 1;\nselect ';';\n",
			[]step{{sql: "select 1;\nselect ';';\n", line: 1}},
		},
		"psql_commands_blank": {
			"\\restrict a'b\nselect 1;\n\\unrestrict a'b\n",
			[]step{{sql: strings.Repeat(" ", 13) + "\nselect 1;\n" + strings.Repeat(" ", 15) + "\n", line: 1}},
		},
		"copy": {
			"select 1;\n-- rows; of t\nCOPY public.\"t;\" (a, b) FROM stdin;\n1\t\\N\n2\tb;'$$\n\\.\n\n\nselect 2;\n",
			[]step{
				{sql: "select 1;\n-- rows; of t\n", line: 1},
				{sql: `COPY public."t;" (a, b) FROM stdin`, rows: "1\t\\N\n2\tb;'$$\n", copy: true, line: 3},
				{sql: "\n\nselect 2;\n", line: 7},
			},
		},
		"copy_with_options_and_no_rows": {
			"copy t from stdin with (format csv);\r\n\\.\r\n",
			[]step{{sql: "copy t from stdin with (format csv)", copy: true, line: 1}},
		},
		"copy_at_the_end": {
			"copy t from stdin;\n1",
			[]step{{sql: "copy t from stdin", rows: "1", copy: true, line: 1}},
		},
		"two_copies": {
			"copy t from stdin;\n1\n\\.\ncopy u from stdin;\n2\n\\.\n",
			[]step{
				{sql: "copy t from stdin", rows: "1\n", copy: true, line: 1},
				{sql: "copy u from stdin", rows: "2\n", copy: true, line: 4},
			},
		},
		"copy_only_in_a_body": {
			"create function f() as $f$\ncopy t from stdin;\n\\.\n$$ $f$;",
			[]step{{sql: "create function f() as $f$\ncopy t from stdin;\n\\.\n$$ $f$;", line: 1}},
		},
		"copy_only_in_a_text": {
			"select 'it''s\n;copy t from stdin;\n', E'\\';copy t from stdin;\n', E'a'';copy t from stdin;\n', \";copy t from stdin;\n\";",
			[]step{{sql: "select 'it''s\n;copy t from stdin;\n', E'\\';copy t from stdin;\n', E'a'';copy t from stdin;\n', \";copy t from stdin;\n\";", line: 1}},
		},
		"copy_only_in_a_comment": {
			"/* ; /* nested */\ncopy t from stdin;\n*/ -- '\nselect 1; -- ;copy t from stdin;\n",
			[]step{{sql: "/* ; /* nested */\ncopy t from stdin;\n*/ -- '\nselect 1; -- ;copy t from stdin;\n", line: 1}},
		},
		"dollar_in_a_name": {
			"select a$x$ from t; copy t from stdin;\n1\n\\.\n",
			[]step{
				{sql: "select a$x$ from t; ", line: 1},
				{sql: "copy t from stdin", rows: "1\n", copy: true, line: 1},
			},
		},
		"copy_to": {
			"copy t to stdout;\nselect 1;",
			[]step{{sql: "copy t to stdout;\nselect 1;", line: 1}},
		},
		"no_semicolon": {"select 'open", []step{{sql: "select 'open", line: 1}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := split(test.script)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(step{})); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestSplitUnknownCommand(t *testing.T) {
	_, err := split("select 1;\n\\connect other\n")
	if err == nil || err.Error() != `2: unexpected psql command "\\connect other"` {
		t.Errorf("got error %v", err)
	}
}

// Whatever the script, split ends without panic; its steps are parts of the script, in order, at the lines they tell;
// and without COPY and psql's commands the script stays whole.
func FuzzSplit(f *testing.F) {
	f.Add("select 1;\n\\restrict x\ncopy t from stdin;\n1\n\\.\nselect 'a''b', E'\\'', $x$;$x$ /* /* */ */ -- c\n;")
	f.Add("/* /* */ ; \"a;\" $1 a$b$ ;")
	f.Fuzz(func(t *testing.T, script string) {
		steps, err := split(script)
		if err != nil {
			return
		}
		if !strings.Contains(script, `\`) && !copyWord.MatchString(script) {
			if got := join(steps); got != script && strings.TrimSpace(script) != "" {
				t.Fatalf("got %q", got)
			}
		}
		lines, last := strings.Split(script, "\n"), 1
		for _, s := range steps {
			if s.line < last || s.line > len(lines) {
				t.Fatalf("step %+v after line %d of %d", s, last, len(lines))
			}
			last = s.line
			first, _, _ := strings.Cut(s.sql, "\n")
			if strings.TrimSpace(first) != "" && s.copy && !strings.Contains(lines[s.line-1], first) {
				t.Fatalf("step %+v doesn't begin in %q", s, lines[s.line-1])
			}
			if !strings.Contains(script, s.rows) {
				t.Fatalf("rows %q are not in the script", s.rows)
			}
		}
	})
}

var copyWord = regexp.MustCompile(`(?i)copy`)

func join(steps []step) string {
	var all strings.Builder
	for _, s := range steps {
		all.WriteString(s.sql)
	}
	return all.String()
}
