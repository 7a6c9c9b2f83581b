package pgtest

import (
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// A Counter counts the statements that are sent through pgx and keeps their text: those of Query, QueryRow, Exec and
// CopyFrom, each statement of a batch, and the BEGIN and COMMIT of transactions. Left out is what pgx adds by itself
// (prepare, ping), and what goes round pgx.Conn, through its PgConn. The zero value is ready. Safe for concurrent use.
type Counter struct {
	mu  sync.Mutex
	sql []string
}

var (
	_ pgx.QueryTracer    = (*Counter)(nil)
	_ pgx.BatchTracer    = (*Counter)(nil)
	_ pgx.CopyFromTracer = (*Counter)(nil)
)

// Count returns the number of statements since the last Reset.
func (c *Counter) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sql)
}

// SQL returns the statements since the last Reset, in the order in which they were begun.
func (c *Counter) SQL() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sql)
}

// Reset forgets the statements.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sql = nil
}

func (c *Counter) add(sql string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sql = append(c.sql, sql)
}

// TraceQueryStart implements [pgx.QueryTracer].
func (c *Counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	c.add(data.SQL)
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (*Counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements [pgx.BatchTracer].
func (c *Counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, query := range data.Batch.QueuedQueries {
		c.add(query.SQL)
	}
	return ctx
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (*Counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements [pgx.BatchTracer].
func (*Counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceCopyFromStart implements [pgx.CopyFromTracer].
func (c *Counter) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	c.add("COPY " + data.TableName.Sanitize() + " FROM STDIN")
	return ctx
}

// TraceCopyFromEnd implements [pgx.CopyFromTracer].
func (*Counter) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}
