package loaders

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/joinery-graphql/joinery/catalog"
)

// InvalidKeyError says that a key can't be a value of the column's type. It holds the type, never the key.
type InvalidKeyError struct {
	Type string // as Postgres names it, such as "bigint"
}

// sqlNames are the names of types that SQL and Postgres' messages write otherwise than pg_type.
var sqlNames = map[string]string{
	"int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision", "bool": "boolean",
	"timestamptz": "timestamp with time zone", "timestamp": "timestamp without time zone",
}

func invalidKey(c *catalog.Column) error {
	return &InvalidKeyError{Type: typeName(c.Type)}
}

func typeName(t catalog.Type) string { return cmp.Or(sqlNames[t.Base.Name], t.Base.Name) }

// Error is "invalid input syntax for type ...", Postgres' own words without the value.
func (e *InvalidKeyError) Error() string {
	return "invalid input syntax for type " + e.Type
}

// ErrInvalidArgument says that Postgres refused a value of a query, such as a regular expression.
var ErrInvalidArgument = errors.New("invalid value in an argument")

// DatabaseError says that a statement could not be answered. Its text is for logs and traces, not for clients.
type DatabaseError struct {
	Relationship string
	Source       string
	Cause        error
}

// Error names the relationship and the cause.
func (e *DatabaseError) Error() string {
	return fmt.Sprintf("load %s from source %q: %v", e.Relationship, e.Source, e.Cause)
}

// Unwrap is the cause: what pgx or the context says.
func (e *DatabaseError) Unwrap() error { return e.Cause }

// isDataException reports whether Postgres refused a value (class 22; Postgres, appendix A).
func isDataException(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && strings.HasPrefix(pgErr.Code, "22")
}
