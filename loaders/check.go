package loaders

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/joinery-graphql/joinery/catalog"
)

// CheckFilter has Postgres read a filter on a table's rows, without reading rows. refused says why Postgres refuses it,
// in Postgres' words; "" means that it doesn't. Session variables count as null.
func CheckFilter(ctx context.Context, s *Source, t *catalog.Table, f Filter) (refused string, err error) {
	w := &sqlWriter{Builder: &strings.Builder{}, firstParameter: 1}
	w.WriteString("SELECT FROM " + t.Name.Quoted() + " AS t WHERE ")
	f.write(w, "t")
	w.WriteString(" LIMIT 0")
	for i, p := range w.parameters {
		switch p.(type) {
		case *sessionParameter, sessionVariables:
			w.parameters[i] = nil
		}
	}
	_, err = s.Pool.Exec(ctx, w.String(), w.parameters...)
	var pgErr *pgconn.PgError
	switch {
	case !errors.As(err, &pgErr):
		return "", err
	case pgErr.Code == "42501": // insufficient_privilege, which is no fault of the filter's
		return "", nil
	case strings.HasPrefix(pgErr.Code, "42") || isDataException(err): // syntax error or access rule violation
		return pgErr.Message, nil
	}
	return "", err
}
