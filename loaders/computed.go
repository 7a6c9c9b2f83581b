package loaders

import (
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
)

// expression is a column's value, or what computes it: row must be the alias of a table.
func (w *sqlWriter) expression(row string, c *catalog.Column) string {
	if r, ok := w.redactions[c]; ok {
		return w.redaction(row, r)
	}
	if c.Computed == nil {
		return column(row, c)
	}
	w.computes = true
	call := c.Computed
	var arguments []string
	for i, a := range call.Function.Arguments {
		var value string
		switch i {
		case call.Row:
			value = row + ".*" // the row alone could be one of its columns
		case call.Session:
			value = w.session(a.Type)
		default:
			continue // it has a default
		}
		if i > len(arguments) { // one before it was left out
			value = quote(a.Name) + " => " + value
		}
		arguments = append(arguments, value)
	}
	return call.Function.Name.Quoted() + "(" + strings.Join(arguments, ", ") + ")"
}

// expressions is a list of columns of the table t for a subquery's SELECT, each under its own name.
func (w *sqlWriter) expressions(columns []*catalog.Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = w.expression("t", c)
		if list[i] != column("t", c) {
			list[i] += " AS " + quote(c.Name)
		}
	}
	return strings.Join(list, ", ")
}

// redaction is the same text each time: Postgres wants the expressions of DISTINCT ON and ORDER BY to be equal, with the
// same parameters.
func (w *sqlWriter) redaction(row string, r Redaction) string {
	key := row + "." + r.Column.Name
	if text, ok := w.redacted[key]; ok {
		return text
	}
	outer := w.Builder
	w.Builder = &strings.Builder{}
	r.Visible.write(w, row)
	condition := w.String()
	w.Builder = outer
	text := "CASE WHEN " + condition + " THEN " + w.expression(row, r.Column) + " END"
	if w.redacted == nil {
		w.redacted = map[string]string{}
	}
	w.redacted[key] = text
	return text
}

// sessionVariables stands among a statement's parameters for those of whoever the statement is sent for.
type sessionVariables struct{}

func (w *sqlWriter) session(t catalog.Type) string {
	if i := slices.Index(w.parameters, any(sessionVariables{})); i >= 0 {
		return w.placeholder(i, "text") + "::" + t.Name.Quoted()
	}
	return w.bind(sessionVariables{}, "text") + "::" + t.Name.Quoted()
}

// blame says what a refused value was, when it was none of the keys: a client's, if the client gave any, else one
// within a function, which is no fault of the client's.
func (s *Statement) blame(err error) error {
	if s.bySession {
		return ErrInvalidVariable
	}
	for _, p := range s.parameters {
		if _, ok := p.(sessionVariables); !ok {
			return ErrInvalidArgument
		}
	}
	return err
}
