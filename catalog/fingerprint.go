package catalog

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// fingerprintSQL digests, on the server, the very rows that Read reads.
var fingerprintSQL = func() string {
	var digests []string
	lasting := typesSQL + ` WHERE n.nspname !~ '^pg_temp'` // sessions come and go
	for _, sql := range []string{lasting, tablesSQL, indexesSQL, foreignKeysSQL, functionsSQL} {
		digests = append(digests, `(SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(q::text, E'\n' ORDER BY q::text), '')) FROM (`+sql+`) q)`)
	}
	return "SELECT " + strings.Join(digests, " || ")
}()

// Fingerprint is a digest of what [Read] reads, but the server's version. It sends one statement, which takes the server
// about as long as reading does, and one short row comes back.
func Fingerprint(ctx context.Context, conn Querier) (string, error) {
	rows, err := conn.Query(ctx, fingerprintSQL, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", fmt.Errorf("read the catalog's fingerprint: %w", err)
	}
	fingerprint, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("read the catalog's fingerprint: %w", err)
	}
	return fingerprint, nil
}
