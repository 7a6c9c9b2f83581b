package loaders

import (
	"cmp"
	"errors"
	"fmt"

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

// ErrInvalidVariable is [ErrInvalidArgument] of a statement that session variables stand in: which of them Postgres
// refused isn't known.
var ErrInvalidVariable = errors.New("invalid value in an argument or a session variable")

// TooManyRowsError says that a key has more rows than it may. Its text is meant for the client.
type TooManyRowsError struct{ Max int }

// Error says how many there may be, and the mend.
func (e *TooManyRowsError) Error() string {
	return fmt.Sprintf("more than %d rows: ask for fewer with \"limit\" or \"where\"", e.Max)
}

// DatabaseError says that a statement could not be answered. Its text is for logs and traces, not for clients.
type DatabaseError struct {
	Relationship string
	Source       string
	Cause        error
}

// Error names the relationship and the cause, without what Postgres may quote of rows and arguments.
func (e *DatabaseError) Error() string {
	cause := e.Cause.Error()
	var pgErr *pgconn.PgError
	if errors.As(e.Cause, &pgErr) && !withoutValues[pgErr.Code[:min(2, len(pgErr.Code))]] {
		cause = fmt.Sprintf("%s: message not shown, it may hold values (SQLSTATE %s)", pgErr.Severity, pgErr.Code)
	}
	return fmt.Sprintf("load %s from source %q: %s", e.Relationship, e.Source, cause)
}

// withoutValues are the classes of errors whose messages quote names at most (Postgres, appendix A). Others, such as data
// exceptions and what functions raise, quote values.
var withoutValues = map[string]bool{
	"08": true, "0A": true, "25": true, "26": true, "28": true, "3D": true, "3F": true, "40": true, "42": true, "53": true, "54": true, "55": true,
	"57": true, "58": true,
}

// Unwrap is the cause: what pgx or the context says.
func (e *DatabaseError) Unwrap() error { return e.Cause }

// invalidInput are the errors of Postgres that refuse a value's text (Postgres, appendix A, class 22). Others of the class
// come from rows, such as a view's division by zero.
var invalidInput = map[string]bool{
	"22P02": true, // invalid_text_representation
	"22003": true, // numeric_value_out_of_range
	"22007": true, // invalid_datetime_format
	"22008": true, // datetime_field_overflow
	"2201B": true, // invalid_regular_expression
	"22025": true, // invalid_escape_sequence
	"22009": true, // invalid_time_zone_displacement_value
	"22015": true, // interval_field_overflow
	"22019": true, // invalid_escape_character
	"22023": true, // invalid_parameter_value: an unknown time zone
	"22026": true, // string_data_length_mismatch: of bits
	"2200N": true, // invalid_xml_content
	"22021": true, // character_not_in_repertoire
	"22P05": true, // untranslatable_character: \u0000 in jsonb
}

// isDataException reports whether Postgres refused a value of the statement.
func isDataException(err error) bool {
	var pgErr *pgconn.PgError
	var role *RoleError
	return errors.As(err, &pgErr) && invalidInput[pgErr.Code] && !errors.As(err, &role)
}
