package loaders

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/joinery-graphql/joinery/catalog"
)

// Expression is an SQL expression of the metadata's author over values that are given: they are always parameters.
type Expression struct {
	Name    string            // for traces and errors, such as "products.shippingEstimate"; has few values
	Source  *Source           // that computes it
	SQL     string            // which calls the values by the names of Columns
	Columns []*catalog.Column // the values: names, and types, for which JSONB stands where they are objects or lists
	Type    catalog.Type      // of the result; JSONB where it is an object or a list
}

// JSONB is Postgres' type.
var JSONB = catalog.Type{Name: catalog.Name{Schema: "pg_catalog", Name: "jsonb"}, Base: catalog.Name{Schema: "pg_catalog", Name: "jsonb"}}

// NewExpressionStatement prepares an expression. A key is the expression's values, which may be null; cell 0 of its only
// row is the result. Values for which Postgres can't compute it are an [ExpressionError].
func NewExpressionStatement(e *Expression) *Statement {
	r := &Relationship{Name: e.Name, Source: e.Source, Columns: e.Columns}
	s, w := begin(r, nil)
	s.expression = true
	for i, c := range e.Columns {
		if c.Type == JSONB {
			s.keys[i] = keyJSON
		}
	}
	result := encodingOf(e.Type)
	s.encodings = []encoding{result}
	value := "e.value"
	if e.Type == JSONB {
		value = "to_jsonb(e.value)"
	}
	fmt.Fprintf(w, "SELECT k.ord, %s", result.expression(value+"::"+e.Type.Base.Quoted()))
	w.evaluate(r, e)
	return s.finish(w)
}

// evaluate writes the expression's value as e.value, once for each key:
//
//	FROM unnest((SELECT $1::"pg_catalog"."int4"[])) WITH ORDINALITY AS k(c0, ord)
//	CROSS JOIN LATERAL (SELECT (price / 2) AS value FROM (SELECT k.c0 AS "price") AS given) AS e
//
// The expression ends with a line of its own, so that a comment in it can't swallow what follows.
func (w *sqlWriter) evaluate(r *Relationship, e *Expression) {
	w.from(r)
	given := make([]string, len(e.Columns))
	for i, c := range e.Columns {
		given[i] = fmt.Sprintf("k.c%d AS %s", i, quote(c.Name))
	}
	fmt.Fprintf(w, " CROSS JOIN LATERAL (SELECT (%s\n) AS value FROM (SELECT %s) AS given) AS e", e.SQL, strings.Join(given, ", "))
}

// ExpressionError says that Postgres can't compute an expression for some values. Its text is meant for the client.
type ExpressionError struct {
	Name     string // of the expression
	SQLState string // such as 22012, a division by zero
}

func newExpressionError(s *Statement, err error) *ExpressionError {
	out := &ExpressionError{Name: s.relationship.Name}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		out.SQLState = pgErr.Code
	}
	return out
}

// Error names the expression and Postgres' code, since its words may quote values.
func (e *ExpressionError) Error() string {
	return fmt.Sprintf("the expression of %s can't be computed for these values (SQLSTATE %s)", e.Name, e.SQLState)
}

// refuses reports whether an error is of the keys, or the values of an expression, and not of the statement.
func (s *Statement) refuses(err error) bool {
	if !s.expression {
		return isDataException(err)
	}
	var pgErr *pgconn.PgError
	var role *RoleError
	return errors.As(err, &pgErr) && ofValues[pgErr.Code[:2]] && !errors.As(err, &role)
}

// ofValues are the classes of errors that depend on what an expression is computed for (Postgres, appendix A).
var ofValues = map[string]bool{
	"21": true, // cardinality_violation: a subquery gave several rows
	"22": true, // data_exception
	"P0": true, // a function raised it
}

// CheckExpression has Postgres read an expression, without computing it. refused says why Postgres refuses it, in Postgres'
// words, or that its result is of another type; "" means neither.
func CheckExpression(ctx context.Context, e *Expression) (refused string, err error) {
	result, refused, err := resultType(ctx, e)
	if refused != "" || err != nil || result == 0 || e.Type == JSONB || e.Type.Base.Name == "text" {
		return refused, err // all types have a text, and a JSON value
	}
	const fits = "SELECT t.oid = $1 OR EXISTS (SELECT FROM pg_catalog.pg_cast WHERE castsource = $1 AND casttarget = t.oid AND castcontext = 'i')," +
		" pg_catalog.format_type($1, NULL), pg_catalog.format_type(t.oid, NULL) FROM pg_catalog.pg_type AS t WHERE t.oid = $2::pg_catalog.regtype"
	var ok bool
	var got, want string
	if err := e.Source.Pool.QueryRow(ctx, fits, result, e.Type.Base.Quoted()).Scan(&ok, &got, &want); err != nil {
		return "", fmt.Errorf("compare the types of expression %s: %w", e.Name, err)
	}
	if !ok {
		return fmt.Sprintf("it is of type %s, not %s: cast it", got, want), nil
	}
	return "", nil
}

// resultType is the OID of what the expression gives; zero where the pool's user may not know.
func resultType(ctx context.Context, e *Expression) (oid uint32, refused string, err error) {
	r := &Relationship{Columns: e.Columns}
	w := &sqlWriter{Builder: &strings.Builder{}}
	w.WriteString("SELECT e.value")
	w.evaluate(r, e)
	w.WriteString(" LIMIT 0")
	args := make([]any, len(e.Columns)) // all null
	rows, err := e.Source.Pool.Query(ctx, w.String(), args...)
	if err == nil {
		defer rows.Close()
		if fields := rows.FieldDescriptions(); len(fields) == 1 {
			oid = fields[0].DataTypeOID
		}
		rows.Next()
		err = rows.Err()
	}
	var pgErr *pgconn.PgError
	switch {
	case !errors.As(err, &pgErr):
		return oid, "", err
	case pgErr.Code == "42501": // insufficient_privilege, which is no fault of the expression's
		return 0, "", nil
	case pgErr.Code[:2] == "42" || ofValues[pgErr.Code[:2]]: // syntax error or access rule violation
		return 0, pgErr.Message, nil
	}
	return 0, "", err
}

// GivenType is the type of an expression's value that is a value of t: JSONB where t's JSON form is no text that Postgres
// reads as t.
func GivenType(t catalog.Type) catalog.Type {
	if e := encodingOf(t); e == encodeToJSON || e == encodeJSON {
		return JSONB
	}
	return catalog.Type{Name: t.Base, Base: t.Base}
}
