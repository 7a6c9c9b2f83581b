package loaders

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/catalog"
)

// EnumTable is a table whose rows are the values of an enum.
type EnumTable struct {
	Table       *catalog.Table
	Value       *catalog.Column
	Description *catalog.Column // may be nil
}

// EnumValue is a row of an enum table.
type EnumValue struct {
	Name        string
	Description string // empty where there is none
}

// ReadEnums reads the rows of enum tables by one statement: for each table, in the order of its value column.
func ReadEnums(ctx context.Context, conn catalog.Querier, tables []EnumTable) ([][]EnumValue, error) {
	if len(tables) == 0 {
		return nil, nil
	}
	selects := make([]string, len(tables))
	for i, t := range tables {
		selects[i] = t.sql(i)
	}
	sql := "SELECT * FROM (" + strings.Join(selects, " UNION ALL ") + `) AS q(n, name, description) ORDER BY n, name COLLATE "C"`
	rows, err := conn.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return nil, fmt.Errorf("read enum tables: %w", err)
	}
	out := make([][]EnumValue, len(tables))
	var n int
	var v EnumValue
	if _, err = pgx.ForEachRow(rows, []any{&n, &v.Name, &v.Description}, func() error {
		out[n] = append(out[n], v)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read enum tables: %w", err)
	}
	return out, nil
}

func (t EnumTable) sql(n int) string {
	description := "''"
	if t.Description != nil {
		description = "coalesce(" + column("t", t.Description) + "::text, '')"
	}
	return fmt.Sprintf("SELECT %d, %s::text, %s FROM %s AS t", n, column("t", t.Value), description, t.Table.Name.Quoted())
}
