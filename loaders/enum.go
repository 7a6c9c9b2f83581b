package loaders

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/catalog"
)

// EnumValue is a row of an enum table.
type EnumValue struct {
	Name        string
	Description string // empty where there is none
}

// ReadEnum reads the rows of an enum table, in the order of its value column. description may be nil.
func (s *Source) ReadEnum(ctx context.Context, t *catalog.Table, value, description *catalog.Column) ([]EnumValue, error) {
	columns := column("t", value) + "::text, ''"
	if description != nil {
		columns = column("t", value) + "::text, coalesce(" + column("t", description) + "::text, '')"
	}
	sql := "SELECT " + columns + " FROM " + t.Name.Quoted() + " AS t ORDER BY " + column("t", value) + `::text COLLATE "C"`
	rows, err := s.Pool.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read enum table %q: %w", t.Name, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[EnumValue])
	if err != nil {
		return nil, fmt.Errorf("read enum table %q: %w", t.Name, err)
	}
	return out, nil
}
