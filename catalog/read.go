package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Querier is what Read needs of a connection: *pgx.Conn, *pgxpool.Pool and pgx.Tx have it.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Read reads the catalog of a database, without the schemas pg_*, information_schema and hdb_catalog.
//
// Of unique constraints and unique indexes count those that hold for every row: not partial ones, not those on
// expressions, and not those that a failed or unfinished CREATE INDEX CONCURRENTLY left invalid. Deferrable ones count.
// Keys with the same columns as another are given once.
//
// It sends six statements, in one read-only transaction with one snapshot if conn can begin it (BeginTx). They are not
// prepared, so a PgBouncer in any mode may stand between.
func Read(ctx context.Context, conn Querier) (*Catalog, error) {
	c, err := readSnapshot(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("read the database's catalog: %w", err)
	}
	return c, nil
}

func readSnapshot(ctx context.Context, conn Querier) (*Catalog, error) {
	beginner, ok := conn.(interface {
		BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error)
	})
	if !ok {
		return read(ctx, conn)
	}
	tx, err := beginner.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // there is nothing to commit
	return read(ctx, tx)
}

func read(ctx context.Context, conn Querier) (*Catalog, error) {
	r := reader{
		ctx: ctx, conn: conn, types: map[uint32]*pgType{},
		catalog: &Catalog{Tables: map[Name]*Table{}, Enums: map[Name]*Enum{}, Functions: map[Name][]*Function{}},
	}
	for _, step := range []func() error{
		r.readVersion, r.readTypes, r.readTables, r.readIndexes, r.readForeignKeys, r.readFunctions,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.catalog, nil
}

type reader struct {
	ctx     context.Context
	conn    Querier
	types   map[uint32]*pgType
	catalog *Catalog
}

// each runs a statement and calls add for each row, after scanning it to targets.
func (r *reader) each(sql string, targets []any, add func() error) error {
	rows, err := r.conn.Query(r.ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, targets, add)
	return err
}

func (r *reader) readVersion() error {
	return r.each(`SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4`,
		[]any{&r.catalog.Version}, func() error { return nil })
}

// userSchemas is the condition on pg_namespace n that leaves the system's schemas out.
const userSchemas = `n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'hdb_catalog')`

// pgType is a row of pg_type.
type pgType struct {
	oid, element, base uint32 // element of an array, base of a domain; else zero
	name               Name
	kind               TypeKind
	category           byte
	notNull            bool // of a domain
}

// below is the type that a domain or an array is made of, zero for any other.
func (t *pgType) below() uint32 {
	if t.kind == DomainType {
		return t.base
	}
	return t.element
}

var typeKinds = map[string]TypeKind{ // by pg_type.typtype
	"b": BaseType, "c": CompositeType, "d": DomainType, "e": EnumType, "m": RangeType, "p": PseudoType, "r": RangeType,
}

// An array is what its element's typarray says: int2vector and the like have a typelem, too, but are types of their own.
const typesSQL = `
SELECT t.oid, n.nspname::text, t.typname::text, t.typtype::text, t.typcategory::text, t.typbasetype, t.typnotnull,
       coalesce(e.oid, 0::oid), ` + userSchemas + `,
       CASE t.typtype WHEN 'e' THEN ARRAY(
         SELECT l.enumlabel::text FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder
       ) END,
       coalesce(d.description, '')
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
LEFT JOIN pg_catalog.pg_description d
  ON t.typtype = 'e' AND d.objoid = t.oid AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objsubid = 0`

func (r *reader) readTypes() error {
	var t pgType
	var kind, category, comment string
	var users bool
	var labels []string
	targets := []any{
		&t.oid, &t.name.Schema, &t.name.Name, &kind, &category, &t.base, &t.notNull, &t.element, &users, &labels, &comment,
	}
	return r.each(typesSQL, targets, func() error {
		t.kind, t.category = typeKinds[kind], category[0]
		row := t
		r.types[t.oid] = &row
		if users && t.kind == EnumType {
			r.catalog.Enums[t.name] = &Enum{Name: t.name, Labels: slices.Clone(labels), Comment: comment}
		}
		return nil
	})
}

// typeOf describes a type, and says whether a domain in it keeps nulls out.
func (r *reader) typeOf(oid uint32) (t Type, notNull bool, err error) {
	own, err := r.pgType(oid)
	if err != nil {
		return t, false, err
	}
	element, err := r.elementOf(own)
	if err != nil {
		return t, false, err
	}
	t = Type{
		Name: element.name, Array: element != own, Kind: element.kind, Category: element.category, OID: oid,
	}
	base := element
	for base.below() != 0 {
		notNull = notNull || base.notNull && !t.Array && !t.BaseArray // that of an array's elements is another matter
		t.BaseArray = t.BaseArray || base.element != 0
		if base, err = r.pgType(base.below()); err != nil {
			return t, false, err
		}
	}
	t.Base, t.BaseKind = base.name, base.kind
	return t, notNull, nil
}

func (r *reader) pgType(oid uint32) (*pgType, error) {
	if t := r.types[oid]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("unknown type with OID %d", oid) // made since, where conn gave no snapshot
}

// elementOf returns the type of an array's elements, and any other type itself.
func (r *reader) elementOf(t *pgType) (*pgType, error) {
	if t.element == 0 {
		return t, nil
	}
	return r.pgType(t.element)
}

var kinds = map[string]Kind{ // by pg_class.relkind
	"r": OrdinaryTable, "p": PartitionedTable, "f": ForeignTable, "v": View, "m": MaterializedView,
}

const tablesSQL = `
SELECT n.nspname::text, c.relname::text, c.relkind::text, coalesce(d.description, ''),
       a.attnum IS NOT NULL, coalesce(a.attname::text, ''), coalesce(a.atttypid, 0::oid), coalesce(a.attnotnull, false),
       coalesce(a.atthasdef, false), coalesce(a.attidentity::text, ''), coalesce(a.attgenerated::text, ''),
       coalesce(ad.description, '')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0
LEFT JOIN pg_catalog.pg_description ad
  ON ad.objoid = c.oid AND ad.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND ad.objsubid = a.attnum
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND ` + userSchemas + `
ORDER BY n.nspname, c.relname, a.attnum`

func (r *reader) readTables() error {
	var name Name
	var kind, comment, identity, generated string
	var isColumn, hasDefault bool
	var typeOID uint32
	var c Column
	targets := []any{
		&name.Schema, &name.Name, &kind, &comment,
		&isColumn, &c.Name, &typeOID, &c.NotNull, &hasDefault, &identity, &generated, &c.Comment,
	}
	return r.each(tablesSQL, targets, func() error {
		t := r.catalog.Tables[name]
		if t == nil {
			t = &Table{Name: name, Kind: kinds[kind], Comment: comment}
			r.catalog.Tables[name] = t
		}
		if !isColumn { // a table may have none
			return nil
		}
		typ, notNull, err := r.typeOf(typeOID)
		if err != nil {
			return fmt.Errorf("column %q of %q: %w", c.Name, name, err)
		}
		column := c
		column.Type = typ
		// An outer join in a view gives nulls of any type.
		isView := t.Kind == View || t.Kind == MaterializedView
		column.NotNull = c.NotNull || notNull && !isView
		column.Identity, column.Generated = identity != "", generated != ""
		column.HasDefault = hasDefault && !column.Generated // a generated column's expression is kept as its default
		t.Columns = append(t.Columns, &column)
		return nil
	})
}

// The column indnullsnotdistinct came with Postgres 15, so it is asked for through JSON. A part of an index that is an
// expression is an empty name here. INCLUDEd columns (those after indnkeyatts) are no part of the key.
const indexesSQL = `
SELECT n.nspname::text, c.relname::text, ic.relname::text, i.indisprimary, i.indisunique,
       i.indisunique AND coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false),
       ARRAY(
         SELECT coalesce(a.attname::text, '')
         FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, ord)
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
         WHERE k.ord <= i.indnkeyatts
         ORDER BY k.ord
       )
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
JOIN pg_catalog.pg_am am ON am.oid = ic.relam
WHERE i.indisvalid AND i.indpred IS NULL AND am.amname IN ('btree', 'hash') AND ` + userSchemas + `
ORDER BY n.nspname, c.relname, NOT i.indisprimary, ic.relname`

func (r *reader) readIndexes() error {
	var name Name
	var index string
	var primary, unique, nullsNotDistinct bool
	var columns []string
	targets := []any{&name.Schema, &name.Name, &index, &primary, &unique, &nullsNotDistinct, &columns}
	return r.each(indexesSQL, targets, func() error {
		if t := r.catalog.Tables[name]; t != nil {
			t.addIndex(index, slices.Clone(columns), primary, unique, nullsNotDistinct)
		}
		return nil
	})
}

// addIndex adds an index, the primary key's before others.
func (t *Table) addIndex(name string, columns []string, primary, unique, nullsNotDistinct bool) {
	leading := columns
	if expression := slices.Index(columns, ""); expression >= 0 {
		leading = slices.Clip(columns[:expression])
	}
	if len(leading) > 0 {
		t.Indexes = append(t.Indexes, Index{Name: name, Columns: leading})
	}
	switch {
	case len(leading) < len(columns) || !unique:
	case primary:
		t.PrimaryKey = columns
	case !sameSet(columns, t.PrimaryKey) && !slices.ContainsFunc(t.Uniques, func(u []string) bool { return sameSet(u, columns) }):
		t.Uniques = append(t.Uniques, columns)
		if nullsNotDistinct {
			t.NullsNotDistinct = append(t.NullsNotDistinct, columns)
		}
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// A foreign key to a partitioned table has further rows in pg_constraint, on the same table, for each of its
// partitions: they are left out.
const foreignKeysSQL = `
SELECT n.nspname::text, c.relname::text, k.conname::text, rn.nspname::text, rc.relname::text,
       ARRAY(
         SELECT a.attname::text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u (attnum, ord)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum ORDER BY u.ord
       ),
       ARRAY(
         SELECT a.attname::text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u (attnum, ord)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum ORDER BY u.ord
       )
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class rc ON rc.oid = k.confrelid
JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
LEFT JOIN pg_catalog.pg_constraint parent ON parent.oid = k.conparentid
WHERE k.contype = 'f' AND parent.conrelid IS DISTINCT FROM k.conrelid AND ` + userSchemas + `
ORDER BY n.nspname, c.relname, k.conname`

func (r *reader) readForeignKeys() error {
	var name Name
	var key ForeignKey
	targets := []any{&name.Schema, &name.Name, &key.Name, &key.Table.Schema, &key.Table.Name, &key.Columns, &key.References}
	return r.each(foreignKeysSQL, targets, func() error {
		if t := r.catalog.Tables[name]; t != nil {
			row := key
			row.Columns, row.References = slices.Clone(key.Columns), slices.Clone(key.References)
			t.ForeignKeys = append(t.ForeignKeys, row)
		}
		return nil
	})
}

// proargnames and proargmodes also tell of OUT and TABLE arguments; proargtypes doesn't. Names are null where no
// argument has one, modes where all arguments are IN.
const functionsSQL = `
SELECT n.nspname::text, p.proname::text, p.prorettype, p.proretset, coalesce(d.description, ''), p.pronargdefaults::int4,
       ARRAY(SELECT a.type FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY a (type, ord) ORDER BY a.ord),
       ARRAY(
         SELECT coalesce(a.name, '')
         FROM ROWS FROM (pg_catalog.unnest(p.proargnames), pg_catalog.unnest(p.proargmodes)) WITH ORDINALITY a (name, mode, ord)
         WHERE a.mode IS NULL OR a.mode IN ('i', 'b', 'v') ORDER BY a.ord
       )
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = p.oid AND d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objsubid = 0
WHERE p.prokind = 'f' AND ` + userSchemas + `
ORDER BY n.nspname, p.proname, p.oid`

func (r *reader) readFunctions() error {
	var f Function
	var returns uint32
	var defaults int
	var types []uint32
	var names []string
	targets := []any{&f.Name.Schema, &f.Name.Name, &returns, &f.ReturnsSet, &f.Comment, &defaults, &types, &names}
	return r.each(functionsSQL, targets, func() (err error) {
		row := f
		if row.Returns, _, err = r.typeOf(returns); err != nil {
			return fmt.Errorf("result of function %q: %w", f.Name, err)
		}
		row.Arguments = make([]Argument, len(types))
		for i, oid := range types {
			a := Argument{HasDefault: i >= len(types)-defaults}
			if i < len(names) {
				a.Name = names[i]
			}
			if a.Type, _, err = r.typeOf(oid); err != nil {
				return fmt.Errorf("argument %d of function %q: %w", i+1, f.Name, err)
			}
			row.Arguments[i] = a
		}
		r.catalog.Functions[f.Name] = append(r.catalog.Functions[f.Name], &row)
		return nil
	})
}
