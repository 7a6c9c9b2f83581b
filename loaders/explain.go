package loaders

import (
	"context"
	"encoding/json"
)

// explain has Postgres tell how it runs the batch's first statement, with the same parameters and as the same session. It
// runs it for that once more, unless the statement calls users' functions: those may do more than read.
func (b *batch) explain(ctx context.Context) (json.RawMessage, error) {
	sql := "EXPLAIN (ANALYZE, FORMAT JSON) "
	if b.statement.computes || b.statement.expression {
		sql = "EXPLAIN (FORMAT JSON) "
	}
	var plan firstCell
	q := &query{sql: sql + b.statement.sql, keys: b.keys, to: min(b.maxKeys, b.keys.Len()), parameters: b.parameters, settings: b.settings}
	r := b.statement.relationship
	if err := r.Source.query(ctx, q, &plan); err != nil {
		return nil, &DatabaseError{Relationship: r.Name, Source: r.Source.Name, Cause: err}
	}
	return json.RawMessage(plan), nil
}

// firstCell is the first value of a row.
type firstCell []byte

func (c *firstCell) row(values [][]byte, _ bool) error {
	*c = append(*c, values[0]...)
	return nil
}

func (c *firstCell) reset() { *c = nil }
